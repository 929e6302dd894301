"""A run folder: record, measurements, curves, samples, checkpoints and pictures."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from gancli.config import TrainConfig
from gancli.data.catalog import FILES
from gancli.data.images.decode import EXTENSIONS
from gancli.errors import GancliError
from gancli.files import check_name, remove_unfinished, unfinished, write_atomically, writing
from gancli.games.catalog import game
from gancli.imaging.contrast import Contrast
from gancli.metrics.catalog import METRICS as KNOWN_METRICS
from gancli.metrics.catalog import json_name
from gancli.recipes.resolve import toml_of
from gancli.runs.checkpoints import CHECKPOINTS, DAMAGED, Checkpoints, NewestAndBest, remove
from gancli.runs.lock import LOCK
from gancli.training.domain import Domain
from gancli.training.game import Game

CONFIG, METRICS, SAMPLES, CURVES = "config.json", "metrics.jsonl", "samples", "curves.png"
RECIPE = "config.toml"  # the configuration for people
REPORT = "report.html"  # by default
PICTURES = "pictures"  # by sample, interpolate and evaluate; an exported generator's folder has them, too
LIKENESS = "likeness.npz"  # what training images of a run that translates are like
ENCODER = "encoder"  # that was trained for the finished generator
FAKES = "fakes"  # how names of pictures begin; their step follows
FORMAT = 2  # of a run folder
FILE_ENDINGS = (*FILES, *EXTENSIONS, ".tar", ".gz", ".tgz", ".7z", ".rar")  # what no run is called


@dataclass(frozen=True)
class DataRecord:
    """What a run keeps of one set of examples: enough to build its networks, and to know the data again."""

    name: str  # of the domain
    shape: tuple[int, ...]
    is_images: bool
    num_examples: int
    rows: tuple[int, ...]  # leading axes of what one step takes
    sha256: str  # of the examples in their order
    contrast: dict[str, float] | None = None  # of the normalization
    classes: dict[str, int] | None = None  # training examples by class, where the networks are conditioned on them
    labels_sha256: str | None = None  # likewise
    # Of labeled examples among those of the first domain: their places, in order, and the class of each.
    places: tuple[int, ...] | None = None
    places_sha256: str | None = None
    labels: tuple[int, ...] | None = None

    @property
    def domain(self) -> Domain:
        """The examples as the game sees them."""
        contrast = Contrast(**self.contrast) if self.contrast else None
        counts = tuple((self.classes or {}).values())
        return Domain(self.name, self.shape, self.is_images, self.num_examples, self.rows, contrast, counts)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build it from JSON values; of others, whatever they lead to is raised here."""
        lists = ["shape", "rows", *(name for name in ("places", "labels") if values.get(name) is not None)]
        plain: dict[str, Any] = values | {name: tuple(map(int, values[name])) for name in lists}
        plain["num_examples"] = int(values["num_examples"])
        if min(plain["num_examples"], *plain["shape"], *plain["rows"]) < 1:
            raise ValueError("its data is of no size")
        record = cls(**plain)
        _ = record.domain
        return record


@dataclass(frozen=True)
class RunRecord:
    """What ``config.json`` holds: the configuration, the data of the run, and the machine it began on."""

    gancli: str  # version
    config: TrainConfig
    domains: tuple[DataRecord, ...]
    machine: dict[str, Any]
    files: dict[str, dict[str, str] | None]  # by option: text and SHA-256 of the user's file that it names, or None

    @property
    def data(self) -> DataRecord:
        """The first set of examples; of most games the only one."""
        return self.domains[0]

    def game(self) -> Game:
        """Lay out the run's game."""
        entry = game(self.config.game, self.files.get("game"))
        return entry.build(self.config, tuple(one.domain for one in self.domains), self.files)

    def to_json(self) -> str:
        """Return the text of ``config.json``."""
        values = {"format": FORMAT, "gancli": self.gancli, "config": self.config.to_dict()}
        values |= {"domains": [asdict(one) for one in self.domains], "machine": self.machine, "files": self.files}
        return json.dumps(values, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the text of ``config.json``; of anything else, whatever it leads to is raised here."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("it is no record of a run")
        if values.get("format") != FORMAT:
            raise GancliError(
                f"it was written by gancli {values['gancli']}, whose runs this version cannot read. "
                f"Use that version, or train again"
            )
        domains = tuple(DataRecord.from_dict(one) for one in values["domains"])
        if not domains:
            raise ValueError("it says nothing of the data")
        config = TrainConfig.from_dict(values["config"])
        return cls(values["gancli"], config, domains, dict(values["machine"]), dict(values["files"]))


@dataclass(frozen=True)
class Run:
    """A run folder that exists."""

    folder: Path
    record: RunRecord

    @classmethod
    def create(cls, folder: Path, record: RunRecord, *, overwrite: bool = False) -> Self:
        """Begin a run in a folder that is absent or empty but for a lock; with ``overwrite``, in the place of a run.

        Raises:
            GancliError: the folder holds a run or something else, or cannot be written.
        """
        cls.check_free(folder, overwrite=overwrite)
        with writing(folder):
            for part in (METRICS, SAMPLES, CURVES, PICTURES, ENCODER, LIKENESS, REPORT, CHECKPOINTS, DAMAGED):
                remove(folder / part)
            run = cls(folder, record)
            run.write_record()  # first of all: whatever stops the run now, its folder can be resumed or overwritten
            (folder / SAMPLES).mkdir()
        return run

    @staticmethod
    def check_free(folder: Path, *, overwrite: bool) -> None:
        """Raise a GancliError unless a run may begin in ``folder``."""
        check_name("the run folder", folder.absolute())
        if (folder / CONFIG).exists():
            if not overwrite:
                raise GancliError(
                    f"'{folder}' already holds a run. Continue it with --resume, replace it with --overwrite, "
                    f"or choose another --outdir."
                )
            return
        harmless = {folder / LOCK, *unfinished(folder, CONFIG)}  # left by a run that was killed before it began
        if folder.exists() and (not folder.is_dir() or any(one not in harmless for one in folder.iterdir())):
            raise GancliError(f"'{folder}' exists and is not a run. Choose another --outdir.")

    @staticmethod
    def remove_unfinished(folder: Path) -> None:
        """Remove the files that a killed training was about to write; only the holder of the folder's lock may."""
        for name in (CONFIG, RECIPE, METRICS, CURVES, LIKENESS):
            remove_unfinished(folder, name)
        remove_unfinished(folder / SAMPLES, f"{FAKES}*")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an existing run.

        Raises:
            GancliError: there is none; the message says what is missing.
        """
        check_name("the run folder", folder.absolute())
        hint = f"Train one with `gancli train DATASET --outdir {folder}`."
        if folder.is_file():
            raise GancliError(f"no run at '{folder}': it is a file. Give the folder of a run.")
        if not folder.is_dir():
            if folder.suffix.lower() in FILE_ENDINGS:
                raise GancliError(f"no such file: '{folder}'.")
            raise GancliError(f"no run at '{folder}': there is no such folder. {hint}")
        if not (folder / CONFIG).is_file():
            raise GancliError(f"no run at '{folder}': it holds no {CONFIG}. {hint}")
        try:
            return cls(folder, RunRecord.from_json((folder / CONFIG).read_bytes().decode("utf-8-sig")))
        except OSError as error:
            raise GancliError(f"cannot read {folder / CONFIG}: {error.strerror}.") from None
        except Exception as error:  # what a damaged or edited record leads to may be anything
            reason = f"it has no {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
            raise GancliError(f"cannot read {folder / CONFIG}: {reason}.") from None

    def write_record(self) -> None:
        """Write ``config.json``, and ``config.toml`` for people and ``train --config``."""
        write_atomically(self.folder / CONFIG, self.record.to_json())
        write_atomically(self.folder / RECIPE, toml_of(self.record.config))

    def append_metrics(self, values: Mapping[str, Any]) -> None:
        """Add a line to ``metrics.jsonl``."""
        path = self.folder / METRICS
        with writing(path), path.open("a") as file:
            file.write(json.dumps(values, allow_nan=False) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """Return the lines of ``metrics.jsonl``; one cut short by a crash, or damaged, is left out."""
        path = self.folder / METRICS
        lines = path.read_bytes().splitlines() if path.exists() else []
        entries = []
        for line in lines:
            with contextlib.suppress(ValueError, RecursionError):
                entry = json.loads(line)
                if isinstance(entry, dict) and isinstance(entry.get("step"), int):
                    entries.append(entry)
        return entries

    def scores(self) -> dict[int, float]:
        """Return what the first of the run's metrics was, by the steps at which it could be evaluated."""
        metric = self.record.config.metrics[0]
        entry, name = KNOWN_METRICS[metric], json_name(metric)
        found = {line["step"]: line.get(name) for line in self.metrics()}
        values = {step: one.get(entry.key) for step, one in found.items() if isinstance(one, dict)}
        return {step: value for step, value in values.items() if isinstance(value, int | float)}

    def best_step(self, steps: Iterable[int]) -> int:
        """Return the one of some steps with the best score, the first of equals.

        Raises:
            GancliError: none of them was evaluated.
        """
        scores = self.scores()
        known = sorted(step for step in steps if step in scores)
        if not known:
            raise GancliError(
                f"run '{self.folder}' has no checkpoint that was evaluated while training. "
                f"Use --step latest, or train with --evaluate-every."
            )
        sign = 1 if KNOWN_METRICS[self.record.config.metrics[0]].lower_is_better else -1
        return min(known, key=lambda step: sign * scores[step])

    def forget_after(self, step: int) -> None:
        """Take back what was logged after ``step``, before a resumed run logs it again."""
        kept = [json.dumps(entry) + "\n" for entry in self.metrics() if entry["step"] <= step]
        write_atomically(self.folder / METRICS, "".join(kept))

    def write_samples(self, step: int, png: bytes) -> None:
        """Keep the picture of the fixed latents at ``step``."""
        write_atomically(self.folder / SAMPLES / f"{FAKES}{step:06d}.png", png)

    def samples(self) -> dict[int, Path]:
        """Return the pictures of the fixed latents by their steps, rising."""
        paths = {path.stem.removeprefix(FAKES): path for path in (self.folder / SAMPLES).glob(f"{FAKES}*.png")}
        return dict(sorted((int(step), path) for step, path in paths.items() if step.isdecimal()))

    def write_curves(self, png: bytes) -> None:
        """Keep the charts of what was measured so far."""
        write_atomically(self.folder / CURVES, png)

    def checkpoints(self, *, writable: bool = False) -> "Checkpoints":
        """Return the run's checkpoints; writable ones keep the newest few and the best one."""
        policy = NewestAndBest(self.record.config.keep, self.best_step) if writable else None
        return Checkpoints(self.folder, policy)
