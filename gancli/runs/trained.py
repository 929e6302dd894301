"""A trained run, loaded: its game and the weights of its players at one step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gancli.data.catalog import is_path
from gancli.data.class_names import find
from gancli.data.load import Dataset, load_for
from gancli.data.pairs import load_pairs, sides
from gancli.data.two_domains import PAIRED, load_two
from gancli.errors import UsageError
from gancli.games.pair import Pair, refuse_translating
from gancli.games.translates import goes_to_classes
from gancli.reporting import Silence, show_shape
from gancli.runs.exported import is_export, read_weights
from gancli.runs.folder import Run
from gancli.training.domain import Domain
from gancli.training.game import Game
from gancli.training.state import AVERAGE, Params


@dataclass(frozen=True)
class Trained:
    """A game and its players at one step of a run."""

    run: Run
    game: Game
    step: int
    weights: dict[str, Params]  # by player; averaged where asked for and kept. An exported run has no discriminator
    ema: bool  # whether weights are averages: asked for, and the run kept some
    notes: tuple[str, ...]  # what was passed over to get here

    @classmethod
    def load(cls, folder: Path, *, step: int | str, ema: bool) -> "Trained":
        """Open a run and read the weights of one checkpoint: of a step, ``latest`` (the newest whole one) or ``best``.

        Raises:
            GancliError: there is no such run or checkpoint, or it is damaged.
            UsageError: an exported generator is of another step or has other weights.
        """
        run = Run.open(folder)
        game = run.record.game()
        averages = {player.name for player in game.players if player.averaged and ema}
        if is_export(folder):
            found, weights = read_weights(folder, game, step=step, ema=bool(averages))
            return cls(run, game, found, weights, bool(averages), ())
        names = {
            player.name: f"{player.name}{AVERAGE}" if player.name in averages else player.name
            for player in game.players
        }
        found, items, notes = _restore(run, game, tuple(names.values()), step)
        weights = {name: items[item] for name, item in names.items()}
        return cls(run, game, found, weights, bool(averages), tuple(notes))

    @property
    def pair(self) -> Pair:
        """The generator, and the discriminator where the game and the folder have one."""
        return Pair.of(self.game, self.weights)

    @property
    def domain(self) -> Domain:
        """What the generator imitates."""
        return self.pair.domain

    @property
    def is_images(self) -> bool:
        """Whether samples are images, as against points."""
        return self.domain.is_images

    def check_conditional(self) -> None:
        """Raise a UsageError unless the run is class-conditional."""
        if not self.domain.num_classes:
            raise UsageError(f"the run in '{self.run.folder}' is not class-conditional. Train one with --conditional.")

    def check_latents(self) -> None:
        """Raise a UsageError if latents of the run are those of answers to questions, and not of whole images."""
        if self.pair.draws.questions:
            raise UsageError(
                f"the run in '{self.run.folder}' completes images: its latents are of answers, not of images. "
                f"Use `gancli inpaint`."
            )

    def label(self, name: str) -> int:
        """Return the label of a class by its name or number, see :func:`gancli.data.class_names.find`.

        Raises:
            UsageError: the run is not class-conditional, has no such class, or has learned nothing of it.
        """
        self.check_conditional()
        counts = self.run.record.data.classes or {}
        label = find(tuple(counts), name)
        if not self.domain.class_counts[label]:
            learned = [known for known, count in counts.items() if count]
            raise UsageError(
                f"class '{name}' has no training images, so the run in '{self.run.folder}' cannot draw it. "
                f"It can draw: {', '.join(learned)}."
            )
        return label

    def load_two(self, data_dir: Path | None, split: str = "test") -> tuple[Dataset, Dataset]:
        """Load a split of both domains that a run with two was trained on; of one to classes both are the one.

        Raises:
            UsageError: it is not the data of the run, or your images are gone.
        """
        config = self.game.config
        if goes_to_classes(self.game):
            one = self.load_data(data_dir, split)
            return one, one
        if config.game == PAIRED:
            source, target = sides(self.load_data(data_dir, split))
            return source, target
        for name in config.datasets:
            self._check_there(name, "")
        datasets = load_two(config, data_dir, Silence())
        for dataset, domain in zip(datasets, self.game.domains, strict=True):
            check_data(dataset, self.run, domain=domain.name)
        a, b = (dataset.other(split) for dataset in datasets)
        return a, b

    def _check_there(self, name: str, cure: str) -> None:
        """Raise a UsageError if your images, by their path, are gone."""
        if is_path(name) and not Path(name).exists():
            own = f"Put the images {'there' if is_export(self.run.folder) else 'back'}{f', {cure}' if cure else ''}."
            raise UsageError(f"the run in '{self.run.folder}' was trained on '{name}', and nothing is there now. {own}")

    def load_data(self, data_dir: Path | None, split: str = "train", *, cure: str = "") -> Dataset:
        """Load a split of the data that the run was trained on; ``cure`` as in :func:`check_data`.

        Raises:
            UsageError: it is not the data of the run, your images are gone, or the run has two domains.
        """
        config = self.game.config
        if config.game != PAIRED and not goes_to_classes(self.game):
            refuse_translating(self.game)
        self._check_there(config.dataset, cure)
        if config.game == PAIRED:
            dataset = load_pairs(config, data_dir, Silence())
        else:
            dataset = load_for(config, "train", data_dir)
        check_data(dataset, self.run, cure)
        return dataset if split == "train" else dataset.other(split)


def _restore(run: Run, game: Game, names: tuple[str, ...], step: int | str) -> tuple[int, dict[str, Any], list[str]]:
    with run.checkpoints() as checkpoints:
        if step == "latest":
            return checkpoints.newest(game, names)
        if step == "best":
            step = run.best_step(checkpoints.steps())
        return int(step), checkpoints.restore(game, names, int(step)), []


def check_data(dataset: Dataset, run: Run, cure: str = "", domain: str | None = None) -> None:
    """Raise a UsageError unless these are the training examples that the run began with.

    Args:
        dataset: what was found.
        run: the run.
        cure: what else can be done than to put your images back: ``or name others with --against``.
        domain: of which they are; None: the first one.
    """
    check_fits(dataset, run)
    kept = next(one for one in run.record.domains if domain in (None, one.name))
    same = dataset.fingerprint == kept.sha256
    if kept.classes is not None:  # networks see them
        same = same and dataset.labels_fingerprint == kept.labels_sha256 and dataset.classes == tuple(kept.classes)
    if not same:
        own = "Put the images back as they were" + (f", {cure}." if cure else ".")
        raise UsageError(
            f"the training examples of '{dataset.name}' found here are not those that the run in '{run.folder}' began "
            f"with (other content, order or classes). "
            + (own if is_path(dataset.name) else "Give the --data-dir that it began with.")
        )


def check_fits(dataset: Dataset, run: Run) -> None:
    """Raise a UsageError unless the data set's examples have the shape that the run's networks were built for."""
    shape = run.record.data.shape
    if dataset.shape != shape:
        raise UsageError(
            f"data set '{dataset.name}' has examples of shape {show_shape(dataset.shape)}, but the run in "
            f"'{run.folder}' was trained on '{run.record.config.dataset}' with {show_shape(shape)}."
        )
