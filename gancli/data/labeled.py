"""Which training images have a class, where few do: drawn from a seed, or named by a table."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.data.class_names import find, in_order
from gancli.data.load import Dataset, digest_of
from gancli.errors import GancliError, UsageError
from gancli.salts import LABELED

TABLE = ".csv"


@dataclass(frozen=True)
class Labeled:
    """Some training images, by their places, and the class of each."""

    places: np.ndarray  # int32 [n], rising
    labels: np.ndarray  # int32 [n]
    classes: tuple[str, ...]  # their names, by label

    @property
    def sha256(self) -> str:
        """SHA-256 of the places: equal for equal choices."""
        return digest_of(self.places)

    def counts(self) -> dict[str, int]:
        """Return how many images of each class there are, by name."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))


def draw_places(labels: np.ndarray, num_classes: int, count: int, seed: int) -> np.ndarray:
    """Return the places ``[count]`` of examples drawn without replacement, as many of each class, rising; int32.

    What is left over goes to classes drawn at random, one each.

    Args:
        labels: int ``[N]``, the class of every example, below ``num_classes``.
        num_classes: how many classes there are.
        count: at least ``num_classes``.
        seed: of the draw.

    Raises:
        UsageError: ``count`` is too small, or a class has too few examples.
    """
    if count < num_classes:
        raise UsageError(f"--labels must be at least {num_classes}, one for each class, got {count}.")
    rng = np.random.default_rng((seed, LABELED))
    shares = np.full(num_classes, count // num_classes)
    shares[rng.permutation(num_classes)[: count % num_classes]] += 1
    drawn = []
    for label, share in enumerate(shares):
        places = np.flatnonzero(labels == label)
        if len(places) < share:
            raise UsageError(
                f"--labels {count} takes {share} images of each class, and class {label} (from 0) has {len(places)}. "
                f"Take fewer."
            )
        drawn.append(rng.choice(places, share, replace=False))
    return np.sort(np.concatenate(drawn)).astype(np.int32)


def choose(labels: str, dataset: Dataset, seed: int) -> Labeled:
    """Return the labeled ones among training images.

    Args:
        labels: how many are drawn, or a table ``FILE.csv`` of images and classes. It names images by their files or,
            where they have none, by their places, from 0.
        dataset: the training split.
        seed: of the draw.

    Raises:
        UsageError: ``labels`` is neither, or does not suit the images.
        GancliError: the table cannot be read.
    """
    if labels.isdecimal() and len(labels) < 10:
        known = tuple(dataset.class_counts())
        places = draw_places(dataset.labels, len(known), int(labels), seed)
        return Labeled(places, dataset.labels[places].astype(np.int32), known)
    if not labels.lower().endswith(TABLE):
        raise UsageError(f"--labels must be a whole number or a table FILE.csv, got '{labels}'.")
    found = _read(Path(labels))
    known = dataset.classes if len(dataset.classes) > 1 else in_order(name for _, name in found)
    if len(known) < 2:
        raise UsageError(f"--labels {labels} must name at least two classes, got {len(known)}.")
    files = dataset.files()
    names = map(str, range(len(dataset))) if files is None else (one.file.name for one in files)
    place_of = {name: place for place, name in enumerate(names)}
    assert len(place_of) == len(dataset), "every training image has a file"
    chosen: dict[int, int] = {}
    for image, name in found:
        if image not in place_of:
            raise UsageError(
                f"--labels {labels} names '{image}', which is no training image of '{dataset.name}'. "
                + ("Take it out, or train on all images with --held-out 0." if files else "Give its place, from 0.")
            )
        label = find(known, name)
        if chosen.setdefault(place_of[image], label) != label:
            raise UsageError(f"--labels {labels} gives '{image}' two classes.")
    places = np.array(sorted(chosen), np.int32)
    made = Labeled(places, np.array([chosen[place] for place in places.tolist()], np.int32), known)
    if without := [name for name, count in made.counts().items() if not count]:
        raise UsageError(f"--labels {labels} has no image of class '{without[0]}'. Each class needs one.")
    return made


def _read(path: Path) -> list[tuple[str, str]]:
    """Return the rows of a table: image and class; a first row ``file,class`` or ``place,class`` is a heading."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    except OSError as error:
        raise GancliError(f"cannot read {path}: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise GancliError(f"cannot read {path}: it is no table in UTF-8.") from None
    if rows and rows[0][1:2] == ["class"]:
        del rows[0]
    for number, row in enumerate(rows, start=1):
        if len(row) < 2 or not row[0] or not row[1]:
            raise GancliError(f"{path} must have an image and its class in every row, see row {number}.")
    if not rows:
        raise GancliError(f"{path} has no row of an image and its class.")
    return [(row[0], row[1]) for row in rows]
