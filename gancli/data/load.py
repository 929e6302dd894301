"""From the name of a data set to the arrays of its splits."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from gancli.config import TrainConfig
from gancli.data.catalog import DATASETS, SPLITS, is_path
from gancli.data.images.decode import MOST_HELD_OUT, Framing
from gancli.data.images.prepare import Seen, files_of, prepare
from gancli.data.kinds import Read
from gancli.data.summaries import digest_of, kept_summary
from gancli.errors import UsageError
from gancli.imaging.pixels import to_unit
from gancli.reporting import Reporter, Silence, number_of


@dataclass(frozen=True)
class Dataset:
    """One split of a data set, whole, in host memory."""

    name: str
    split: str  # train, validation or test
    examples: np.ndarray  # uint8 [N, H, W, C], or float32 [N, D]
    labels: np.ndarray  # int32 [N], the class or mode of each example
    classes: tuple[str, ...]  # their names, by label
    opened: "OpenDataset | None" = field(default=None, repr=False, compare=False)  # what it is a split of

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

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of shape, type and content of the examples: equal for equal data in equal order."""
        kept = kept_summary(self.examples)
        return kept.sha256 if kept else digest_of(self.examples)

    @property
    def labels_fingerprint(self) -> str:
        """The same of their classes."""
        return digest_of(self.labels)

    def other(self, split: str) -> "Dataset":
        """Return another split of the same data set, without reading again what was read for this one."""
        assert self.opened is not None, "only a split that was loaded has others beside it"
        return self.opened.split(split)

    def files(self) -> list[Seen] | None:
        """Return the files of the examples, in their order; None: they have no files of their own."""
        find = self.opened.files if self.opened else None
        return find(self.split) if find else None

    def first(self, count: int) -> "Dataset":
        """Return the first ``count`` examples, or all where there are fewer."""
        return replace(self, examples=self.examples[:count], labels=self.labels[:count])

    def held_out(self) -> "Dataset":
        """Return this split, which examples were held out for.

        Raises:
            UsageError: none were.
        """
        if not len(self):
            raise UsageError(
                f"no images of '{self.name}' are held out for {self.split}. "
                f"Train on more images, or with a higher --held-out, at most {MOST_HELD_OUT}."
            )
        return self

    def class_counts(self) -> dict[str, int]:
        """Return how many examples there are of each class, by name.

        Raises:
            UsageError: the classes are not known or fewer than two, or an example has none.
        """
        if not len(self) or self.labels.min() < 0:
            raise UsageError(f"the {self.split} examples of '{self.name}' have no classes.")
        counts = np.bincount(self.labels, minlength=len(self.classes))
        if np.count_nonzero(counts) < 2:
            cure = " Put the images of each class into a folder of its own, or list them in labels.csv."
            raise UsageError(
                f"the {self.split} examples of '{self.name}' are of one class." + (cure if is_path(self.name) else "")
            )
        if "" in self.classes and (count := int(counts[self.classes.index("")])):
            raise UsageError(
                f"{number_of(count, 'training image', 'training images')} of '{self.name}' lie in no folder of a "
                f"class. Put them into one, or take them away."
            )
        return dict(zip(self.classes, counts.tolist(), strict=True))

    def mean(self) -> np.ndarray:
        """Return the mean example in the model's range, float32 ``[*shape]``."""
        scale = 255 if self.is_images else 1
        kept = kept_summary(self.examples)
        mean = kept.sums / len(self) if kept else self.examples.mean(axis=0, dtype=np.float64)
        return (mean / scale).astype(np.float32)

    def flat(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return examples ``start:stop`` in the model's range, float32 ``[n, d]``."""
        part = to_unit(self.examples[start:stop])
        return part.reshape(len(part), -1)


@dataclass(frozen=True)
class OpenDataset:
    """A data set whose files are read once, when a split first needs them; splits share the arrays."""

    name: str
    classes: tuple[str, ...]  # names, by label
    read: Read = field(repr=False)
    num_folds: int = 1
    files: Callable[[str], list[Seen]] | None = field(default=None, repr=False)  # of the images of a split

    def split(self, split: str, fold: int = 0) -> Dataset:
        """Return the ``train``, ``validation`` or ``test`` examples; ``fold`` counts from 0.

        Raises:
            UsageError: the split is unknown.
            GancliError: the data cannot be had, or is not what was published.
        """
        if split not in SPLITS:
            raise UsageError(f"unknown split '{split}'. Known: {', '.join(SPLITS)}.")
        return Dataset(self.name, split, *self.read(split, fold), self.classes, self)


def framing_of(config: TrainConfig) -> Framing:
    """Return how a configuration wants your images."""
    return Framing(config.resolution, config.crop, config.channels, config.max_pixels, config.held_out)


def load_for(
    config: TrainConfig, split: str = "train", data_dir: Path | None = None, listener: Reporter | None = None
) -> Dataset:
    """Load one split of the data that a configuration trains on; arguments and errors as in :func:`load`."""
    return load(config.dataset, split, data_dir, framing_of(config), listener)


def load(
    name: str,
    split: str = "train",
    data_dir: Path | None = None,
    framing: Framing | None = None,
    listener: Reporter | None = None,
) -> Dataset:
    """Load one split of a data set of the catalog, or of your images; see :func:`open_dataset`.

    Raises:
        UsageError: the name or the split is unknown.
        GancliError: the data cannot be had, or is not what was published.
    """
    return open_dataset(name, data_dir, framing, listener).split(split)


def load_folds(
    name: str, data_dir: Path | None = None, framing: Framing | None = None
) -> list[tuple[Dataset, Dataset]]:
    """Load the validation and test examples of every fold of a data set; of most sets there is one.

    Raises:
        UsageError: as :func:`load`; or none of your images are held out.
        GancliError: as :func:`load`.
    """
    opened = open_dataset(name, data_dir, framing)
    folds = range(opened.num_folds)
    return [(opened.split("validation", fold).held_out(), opened.split("test", fold).held_out()) for fold in folds]


def open_dataset(
    name: str, data_dir: Path | None = None, framing: Framing | None = None, listener: Reporter | None = None
) -> OpenDataset:
    """Open a data set of the catalog, or your images, whose splits are then read from the disk once.

    Args:
        name: a name of the catalog, or the path of a folder, ``.zip``, ``.npz`` or ``.npy`` of images.
        data_dir: default ``TFDS_DATA_DIR``, else TFDS's default folder. Unused by embedded and synthetic sets.
        framing: how your images become images of one size; the catalog's are as they are.
        listener: hears of the preparation of your images.

    Raises:
        UsageError: the name is unknown.
        GancliError: your images cannot be read; the files of the catalog's sets are read by the first split.
    """
    if is_path(name):
        own = (Path(name), framing or Framing(), listener or Silence())
        prepared = prepare(*own)
        return OpenDataset(name, prepared.classes, prepared.split, files=partial(files_of, *own))
    entry = DATASETS[name]
    return OpenDataset(name, entry.classes, entry.open(name, data_dir), entry.num_folds)
