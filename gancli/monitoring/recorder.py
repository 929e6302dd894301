"""What training leaves behind in a run folder: measurements, pictures, checkpoints; and what it amounts to."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gancli.data.two_domains import domain_names
from gancli.errors import DivergedError
from gancli.games.pair import Pair
from gancli.games.translates import A, B, Translators, goes_to_classes, ways_of
from gancli.imaging.charts import Span, sheet
from gancli.imaging.pixels import png_bytes
from gancli.metrics.cells import score_name
from gancli.monitoring.accuracy import AccuracyProbe
from gancli.monitoring.balance import ended, has_no_gradient
from gancli.monitoring.best import Best
from gancli.monitoring.curves import charts
from gancli.monitoring.metrics import cells
from gancli.monitoring.verdict import Verdict, verdict
from gancli.reporting import Progress, Reporter
from gancli.runs.checkpoints import Checkpoints
from gancli.runs.folder import Run
from gancli.sampling.draws import draw, draw_codes, draw_every_class
from gancli.sampling.pictures import picture
from gancli.sampling.translations import picture as translation_picture
from gancli.sampling.translations import picture_of_classes
from gancli.training.game import Game
from gancli.training.loop import is_pictured
from gancli.training.spikes import COUNT
from gancli.training.state import TrainState

NUM_FIXED = 64  # samples in the pictures kept during training
NUM_FIXED_POINTS = 2000
FEWEST_LINES = 3  # of metrics, from which on curves are drawn


class Recorder:
    """Keeps, after each chunk of steps, what is due of one run."""

    def __init__(
        self,
        run: Run,
        game: Game,
        probe: AccuracyProbe,
        checkpoints: Checkpoints,
        reporter: Reporter,
        shown: Mapping[str, np.ndarray] | None = None,
    ):
        """Keep what a run leaves behind; ``shown`` are the images, by domain, that a game that translates draws."""
        self._shown = shown or {}
        self.last: Progress | None = None
        self.accuracies: dict[str, float] = {}  # of D, when last asked
        self._run, self._game, self._probe = run, game, probe
        self._checkpoints, self._reporter = checkpoints, reporter
        self._warned = False

    def record(
        self, state: TrainState, progress: Progress, found: Mapping[str, dict[str, Any] | None], *, stopping: bool
    ) -> bool:
        """Keep what is due at a step, with a checkpoint at the end or when stopping; return whether this is the end.

        The end is the last step, or where the run's patience is over. What an evaluation ``found`` is empty at steps
        without one.
        """
        config, run = self._game.config, self._run
        self.last = progress
        last = progress.step == config.num_steps
        due = bool(found)
        looked_at = is_pictured(progress.step, config)
        if looked_at or last:
            self.accuracies = self._probe.accuracies(state)
        # The line of a step is the same whether or not the run stops there.
        told = progress.to_dict() | (self.accuracies if looked_at else {})
        run.append_metrics({**told, **found})
        if looked_at or last or has_no_gradient(progress.measured):
            self._warn_of_end(progress.step)
        if spikes := _spikes(progress.measured):
            counts = ", ".join(f"{count} of the {name}" for name, count in spikes.items())
            cuts = config.on_spike == "cut"
            say = self._reporter.status if cuts else self._reporter.warning
            say(f"step {progress.step}  gradients far longer than usual{' were cut' if cuts else ''}: {counts}")
        scores = run.scores() if due else {}
        is_best = progress.step in scores and run.best_step(scores) == progress.step
        if found:
            self._reporter.evaluated(progress.step, cells(config.metrics, found), best=is_best)
        gave_up = due and self._gave_up(scores)
        finished = last or gave_up
        if finished or looked_at or is_best:
            self.picture(state)
        if due or finished or stopping:
            self._draw_curves()
        if finished or stopping or is_best or progress.step % config.checkpoint_every == 0:
            self._checkpoints.save(state)
        if gave_up:
            score = score_name(config.metrics[0])
            self._reporter.status(
                f"stopped at step {progress.step}: no better {score} in {config.patience} evaluations."
            )
        if finished or stopping:
            self._checkpoints.wait()
        return finished

    def picture(self, state: TrainState) -> None:
        """Keep the picture of a step: samples of the same latents, or translations, by the averaged weights.

        There is none of a game that draws no samples.
        """
        if ways_of(self._game):
            self._run.write_samples(int(state.step), png_bytes(self._translations(state)))
        if not hasattr(self._game, "draws"):
            return
        pair = Pair.of(self._game, {player.name: state.averaged(player.name) for player in self._game.players})
        count = NUM_FIXED if pair.domain.is_images else NUM_FIXED_POINTS
        drawn = draw_every_class if pair.domain.num_classes else draw
        if pair.domain.is_images and pair.draws.codes.kinds:
            drawn = draw_codes
        drawing = drawn(pair, count, self._game.config.seed)
        step, classes = int(state.step), tuple(self._run.record.data.classes or {})
        self._run.write_samples(step, png_bytes(picture(pair, drawing, title=f"step {step}", class_names=classes)))

    def _translations(self, state: TrainState) -> np.ndarray:
        """Return the picture of a game that translates: the same images at every step."""
        weights = {player.name: state.averaged(player.name) for player in self._game.players}
        translators = Translators.of(self._game, weights)
        if goes_to_classes(self._game):
            images = self._shown[self._game.domains[0].name]
            return picture_of_classes(translators, images, tuple(self._run.record.data.classes or {}))
        images = [self._shown[name] for name in (A, B)]
        return translation_picture(translators, images, domain_names(self._game.config))

    def _draw_curves(self) -> None:
        """Draw all that was measured so far, once it makes curves."""
        run, game = self._run, self._game
        lines, scores = run.metrics(), run.scores()
        if len(lines) >= FEWEST_LINES:
            domain, config = game.domains[0], game.config
            span = Span(lines[-1]["step"], domain.num_examples / domain.rows_per_step)
            title = f"{run.folder.absolute().name}: {config.dataset}, {config.model}, {config.loss}"
            run.write_curves(sheet(charts(game, lines, run.best_step(scores) if scores else None), span, title))

    def best(self) -> Best | None:
        """Return the best checkpoint; None where none was evaluated."""
        return Best.of(self._run, self._checkpoints.steps())

    def spikes(self) -> int:
        """Return how many gradients were far longer than usual in the whole run."""
        return sum(sum(_spikes(line).values()) for line in self._run.metrics())

    def verdict(self) -> Verdict | None:
        """Return what the run amounts to; None if unknown."""
        return verdict(self._game, self._run.metrics())

    def _warn_of_end(self, step: int) -> None:
        """Say once, and again only after it was mended, that the game does not go on."""
        end = ended(self._game, self._run.metrics())
        if end and not self._warned:
            self._reporter.warning(f"step {step}: {end.reason}; try {end.cure}.")
        self._warned = end is not None

    def explain(self, error: DivergedError) -> DivergedError:
        """Add to a divergence what is kept, and what might help."""
        self._checkpoints.wait()
        steps, config = self._checkpoints.steps(), self._game.config
        kept = f"The checkpoint of step {steps[-1]} is kept in '{self._run.folder}'." if steps else ""
        return DivergedError(
            f"{error} {kept or 'No checkpoint had been due.'} "
            f"Try lower learning rates (now --generator-learning-rate {config.generator_learning_rate:g}, "
            f"--discriminator-learning-rate {config.discriminator_learning_rate:g})."
        )

    def _gave_up(self, scores: dict[int, float]) -> bool:
        """Return whether as many evaluations as the run's patience brought nothing better."""
        patience = self._run.record.config.patience
        if not patience or not scores:
            return False
        best = self._run.best_step(scores)
        return sum(step > best for step in scores) >= patience


def _spikes(measured: Mapping[str, Any]) -> dict[str, int]:
    """Return how many gradients of which player were spikes in some steps; of no player where none was."""
    found = {name.removesuffix(COUNT): int(value) for name, value in measured.items() if name.endswith(COUNT)}
    return {name: count for name, count in found.items() if count}
