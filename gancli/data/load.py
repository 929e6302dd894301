"""From a name and a split to arrays: the one door to the data."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.config import TrainConfig
from gancli.data import archives as sources
from gancli.data import tfds
from gancli.data.catalog import DATASETS, SPLITS, Embedded, FoldedFile, ImageArchives, Mixture, Stacked, is_path
from gancli.data.images.decode import Framing
from gancli.data.images.prepare import Listener, Silence, prepare
from gancli.data.synthetic import mixture
from gancli.errors import UsageError
from gancli.imaging.pixels import to_unit

HASHED = 1000  # examples at a time
SYNTHETIC_SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}


@dataclass(frozen=True)
class Dataset:
    """One split of a data set, whole, in host memory."""

    name: str
    split: str
    examples: np.ndarray  # uint8 [N, H, W, C], or float32 [N, D]
    labels: np.ndarray  # int32 [N], the class or mode of each example
    classes: tuple[str, ...]  # their names, by label

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return self.examples.shape[1:]

    @property
    def is_images(self) -> bool:
        """Whether examples are images in [0, 1], as against points anywhere."""
        return self.examples.dtype == np.uint8

    @property
    def fingerprint(self) -> str:
        """SHA-256 of shape, type and content of the examples: equal for equal data in equal order."""
        return _digest(self.examples)

    @property
    def labels_fingerprint(self) -> str:
        """The same of their classes."""
        return _digest(self.labels)

    def class_counts(self) -> dict[str, int]:
        """Return how many examples there are of each class, by name.

        Raises:
            UsageError: the classes are not known, or there are fewer than two of them.
        """
        if not len(self) or self.labels.min() < 0:
            raise UsageError(f"the {self.split} examples of '{self.name}' have no classes.")
        counts = np.bincount(self.labels, minlength=len(self.classes))
        if np.count_nonzero(counts) < 2:
            cure = " Put the pictures of each class into a folder of its own, or list them in labels.csv."
            raise UsageError(
                f"the {self.split} examples of '{self.name}' are of one class." + (cure if is_path(self.name) else "")
            )
        return dict(zip(self.classes, counts.tolist(), strict=True))

    def mean(self) -> np.ndarray:
        """Return the mean example in the model's range, float32 ``[*shape]``."""
        scale = 255 if self.is_images else 1
        return (self.examples.mean(axis=0, dtype=np.float64) / scale).astype(np.float32)

    def flat(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return examples ``start:stop`` in the model's range, float32 ``[n, d]``."""
        part = to_unit(self.examples[start:stop])
        return part.reshape(len(part), -1)


def _digest(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.shape} {array.dtype}".encode())
    for start in range(0, len(array), HASHED):
        digest.update(np.ascontiguousarray(array[start : start + HASHED]).data)
    return digest.hexdigest()


def framing_of(config: TrainConfig) -> Framing:
    """Return how a configuration wants one's own pictures."""
    return Framing(config.resolution, config.crop, config.channels)


def load_for(
    config: TrainConfig, split: str = "train", data_dir: Path | None = None, listener: Listener | None = None
) -> Dataset:
    """Load one split of the data that a configuration trains on; arguments and errors as in :func:`load`."""
    return load(config.dataset, split, data_dir, framing_of(config), listener)


def load(
    name: str,
    split: str = "train",
    data_dir: Path | None = None,
    framing: Framing | None = None,
    listener: Listener | None = None,
) -> Dataset:
    """Load one split of a data set of the catalog, or of one's own pictures.

    Archives are looked for first (``data_dir`` or ``data_dir/name``), then a folder prepared by TensorFlow Datasets,
    then the archives are downloaded into ``data_dir``. From archives the order is the original one; a prepared folder
    has the order of its records, so its ``train`` and ``validation`` splits hold other images of the training file.

    Args:
        name: a name of the catalog, or the path of a folder, ``.zip`` or ``.npz`` of pictures.
        split: ``train``, ``validation`` or ``test``.
        data_dir: default ``TFDS_DATA_DIR``, else TFDS's default folder. Unused by embedded and synthetic sets.
        framing: how one's own pictures become images of one size; the catalog's are as they are.
        listener: who hears of the preparation of one's own pictures.

    Raises:
        UsageError: the name or the split is unknown.
        GancliError: the data cannot be had, or is not what was published.
    """
    if split not in SPLITS:
        raise UsageError(f"unknown split '{split}'. Known: {', '.join(SPLITS)}.")
    if is_path(name):
        prepared = prepare(Path(name), framing or Framing(), listener or Silence())
        return Dataset(name, split, *prepared.split(split), prepared.classes)
    entry = DATASETS[name]
    match entry:
        case Mixture():
            examples, labels = mixture(name).sample(SYNTHETIC_SIZES[split], seed=SPLITS.index(split))
        case Embedded():
            examples, labels = _digits(entry, split)
        case FoldedFile():
            examples, labels = _faces(entry, name, split, 0, data_dir)
        case Stacked():
            examples, labels = _stacked(entry, load(entry.of, split, data_dir))
        case ImageArchives():
            images, classes = _read_part(entry, name, "test" if split == "test" else "train", data_dir)
            rows = {"train": slice(entry.num_train), "validation": slice(entry.num_train, None), "test": slice(None)}
            examples, labels = images[rows[split]], classes[rows[split]]
    return Dataset(name, split, examples, labels, entry.classes)


def load_folds(
    name: str, data_dir: Path | None = None, framing: Framing | None = None
) -> list[tuple[Dataset, Dataset]]:
    """Load the validation and test examples of every fold of a data set; of most sets there is one.

    Raises:
        UsageError, GancliError: as :func:`load`.
    """
    entry = None if is_path(name) else DATASETS[name]
    if not isinstance(entry, FoldedFile):
        return [(load(name, "validation", data_dir, framing), load(name, "test", data_dir, framing))]
    parts = ("validation", "test")
    folds = [
        [Dataset(name, part, *_faces(entry, name, part, fold, data_dir), entry.classes) for part in parts]
        for fold in range(entry.num_folds)
    ]
    return [(validation, test) for validation, test in folds]


def _faces(entry: FoldedFile, name: str, split: str, fold: int, data_dir: Path | None) -> sources.Arrays:
    """Return one split of a fold, counted from 0."""
    data_dir = data_dir or tfds.default_data_dir()
    images, labels, folds = sources.read_folded(sources.find_folded(entry, name, data_dir), entry)
    rows = folds[:, fold] == sources.FOLD_CODES[split]
    return images[rows], labels[rows]


def _digits(entry: Embedded, split: str) -> sources.Arrays:
    from sklearn.datasets import load_digits  # a second to import, and only this set needs it

    pixels, classes = load_digits(return_X_y=True)
    images = np.rint(pixels * (255 / 16)).astype(np.uint8).reshape(-1, *entry.shape)  # stored as 0 .. 16
    first_test = entry.num_train + entry.num_validation
    rows = {
        "train": slice(entry.num_train),
        "validation": slice(entry.num_train, first_test),
        "test": slice(first_test, None),
    }[split]
    return images[rows], classes[rows].astype(np.int32)


def _stacked(entry: Stacked, base: Dataset) -> sources.Arrays:
    """Draw each channel of each image from ``base``; the same draws every time."""
    split = SPLITS.index(base.split)
    rows = np.random.default_rng(split).integers(len(base), size=(entry.sizes[split], entry.shape[-1]))
    images = np.stack([base.examples[rows[:, channel], ..., 0] for channel in range(entry.shape[-1])], axis=-1)
    digits = base.labels[rows]
    return images, (digits @ 10 ** np.arange(entry.shape[-1])[::-1]).astype(np.int32)


def _read_part(entry: ImageArchives, name: str, part: str, data_dir: Path | None) -> sources.Arrays:
    data_dir = data_dir or tfds.default_data_dir()
    if archives := sources.find_archives(entry, name, data_dir):
        return sources.read_archives(entry, archives, part)
    if entry.format == "cifar" and (folder := sources.find_cifar_folder(name, data_dir)):
        return sources.read_cifar_folder(folder, part)
    if prepared := tfds.find_prepared(name, data_dir):
        return tfds.read_prepared(prepared, part)
    return sources.read_archives(entry, tfds.download(entry, name, data_dir), part)
