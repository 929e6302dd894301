"""``gancli classify``: the classes of images, by the discriminator of a run with few labels."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.errors import UsageError
from gancli.files import check_free, write_atomically
from gancli.games.pair import Pair
from gancli.metrics.classification import Mistakes, mistakes
from gancli.reporting import Reporter
from gancli.runs.exported import is_export
from gancli.runs.folder import DataRecord, Run
from gancli.runs.trained import Trained
from gancli.sampling.draws import discriminator_findings
from gancli.workflows.inference import Images, read_for


@dataclass(frozen=True)
class ClassifyResult:
    """The classes of some images."""

    source: str
    names: tuple[str, ...]  # of the images
    classes: tuple[str, ...]  # that there are
    probabilities: np.ndarray  # float32 [n, K], of each image
    mistakes: Mistakes | None  # where the classes of the images are known
    num_labels: int  # that the run learned from
    places_sha256: str  # of the labeled training images
    step: int  # of the checkpoint
    ema: bool
    written: Path | None
    notes: tuple[str, ...]

    @property
    def predicted(self) -> list[str]:
        """The most probable class of each image."""
        return [self.classes[label] for label in self.probabilities.argmax(axis=1)]

    @property
    def confidences(self) -> list[float]:
        """Its probability."""
        return [float(one) for one in self.probabilities.max(axis=1)]

    @property
    def counts(self) -> dict[str, int]:
        """How many images are of each class, by name."""
        counts = np.bincount(self.probabilities.argmax(axis=1), minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON result."""
        rows = zip(self.names, self.predicted, self.confidences, strict=True)
        return {
            "source": self.source,
            "step": self.step,
            "ema": self.ema,
            "num_labels": self.num_labels,
            "labeled_sha256": self.places_sha256,
            "classes": self.counts,
            "test": self.mistakes.to_dict() if self.mistakes else None,
            "images": [{"file": name, "class": label, "probability": p} for name, label, p in rows],
        }


def classify(
    folder: Path,
    images: str,
    reporter: Reporter,
    *,
    output: Path | None = None,
    overwrite: bool = False,
    step: int | str = "latest",
    ema: bool = True,
    data_dir: Path | None = None,
) -> ClassifyResult:
    """Classify a split of a data set, or your own images.

    Args:
        folder: the run.
        images: ``mnist/test``, or a folder, a file of images, or one image. Images of a path are brought to the size
            of the run's data, as its own were.
        reporter: receives progress.
        output: a ``.csv`` of the images, their classes, and the probability of every class.
        overwrite: replace it where it exists.
        step: a checkpoint, ``latest`` or ``best``.
        ema: averaged weights of the discriminator rather than raw ones.
        data_dir: where data sets lie.

    Raises:
        UsageError: the run has no classifier, or an option is wrong.
        GancliError: something cannot be read or written.
    """
    if output is not None and output.suffix != ".csv":
        raise UsageError(f"--output must end in .csv, got '{output}'.")
    if output is not None:
        check_free(output, "--output", overwrite=overwrite)
    keep_compiled_programs()
    labeled = _labeled(Run.open(folder))
    trained = Trained.load(folder, step=step, ema=ema)
    classes = tuple(labeled.classes or {})
    given = read_for(trained, images, data_dir, reporter)
    probabilities = probabilities_of(trained.pair, given.pixels)
    known = _known(given, classes)
    found = mistakes(probabilities.argmax(axis=1), known) if known is not None else None
    if output is not None:
        write_atomically(output, _table(given.names, classes, probabilities))
    return ClassifyResult(
        source=images,
        names=given.names,
        classes=classes,
        probabilities=probabilities,
        mistakes=found,
        num_labels=labeled.num_examples,
        places_sha256=labeled.places_sha256 or "",
        step=trained.step,
        ema=ema and trained.game.config.ema_decay > 0,
        written=output,
        notes=trained.notes,
    )


def probabilities_of(pair: Pair, images: np.ndarray) -> np.ndarray:
    """Return the probability of every class ``[n, K]`` for images ``[n, *shape]``, uint8."""
    return np.asarray(jax.nn.softmax(discriminator_findings(pair, images).logits, axis=1))


def _labeled(run: Run) -> DataRecord:
    """Return what a run keeps of its labeled images.

    Raises:
        UsageError: it has no classifier.
    """
    found = next((one for one in run.record.domains if one.places is not None), None)
    if found is None or is_export(run.folder):
        raise UsageError(
            f"the run in '{run.folder}' has no classifier. Train one with --game semi-supervised, "
            f"or measure features with `gancli evaluate {run.folder} --probe`."
        )
    return found


def _known(images: Images, classes: Sequence[str]) -> np.ndarray | None:
    """Return the labels of images among the classes of a run; None: not every image has one of these."""
    if images.labels is None or not set(images.classes) <= set(classes):
        return None
    return np.array([classes.index(name) for name in images.classes])[images.labels]


def _table(names: Sequence[str], classes: Sequence[str], probabilities: np.ndarray) -> str:
    """Return a table of images, their classes and probabilities; a run can take it as labels."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "class", "probability", *(f"p({name})" for name in classes)])
    for name, row in zip(names, probabilities, strict=True):
        most = int(row.argmax())
        writer.writerow([name, classes[most], f"{row[most]:.6f}", *(f"{one:.6f}" for one in row)])
    return text.getvalue().encode(errors="replace").decode()
