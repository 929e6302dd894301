"""The kinds of data sets: what is known of each without reading it, and which module reads it.

A kind is a frozen dataclass that fits :class:`Entry`. A new one can stand in a file of its own.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    Arrays = tuple[np.ndarray, np.ndarray]  # examples uint8 [N, H, W, C] or float32 [N, D], labels int32 [N]


class Read(Protocol):
    """An opened data set; it reads each of its files once, when a split first needs it."""

    def __call__(self, split: str, fold: int = 0) -> "Arrays":
        """Return the examples and labels of a split; ``fold`` counts from 0."""
        ...


class Entry(Protocol):
    """All that gancli says of a data set."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by label."""
        ...

    @property
    def num_folds(self) -> int:
        """How many ways there are to choose the validation and test examples; mostly 1."""
        ...

    @property
    def summary(self) -> str:
        """What the examples show, in a few words."""
        ...

    @property
    def cite(self) -> tuple[str, ...]:
        """Keys of its references."""
        ...

    @property
    def classifier(self) -> tuple[str, int] | None:
        """The built-in classifier of its images, and how many of the classifier's channels an image has."""
        ...

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Fields in which a run on it differs from the defaults of ``TrainConfig``."""
        ...

    def facts(self) -> str:
        """Return shape, classes and size in one line."""
        ...

    def open(self, name: str, data_dir: Path | None) -> Read:
        """Open the data set ``name``; errors as in :func:`gancli.data.load.load`."""
        ...


@dataclass(frozen=True, kw_only=True)
class About:
    """What an entry of every kind has."""

    summary: str
    cite: tuple[str, ...] = ()
    classifier: tuple[str, int] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def num_folds(self) -> int:
        """One, unless the kind says otherwise."""
        return 1


@dataclass(frozen=True)
class Archive:
    """One original file: where it comes from and which bytes it must hold."""

    filename: str
    url: str
    sha256: str  # of the file as published
    content_sha256: str | None = None  # of what it decompresses to, for files that were compressed again


@dataclass(frozen=True, kw_only=True)
class ImageArchives(About):
    """Images ``[N, H, W, C]`` uint8 with labels, read from the original archives."""

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    num_train: int  # of the training file; the rest of it is the validation split
    format: str  # "idx" (LeCun's MNIST files) or "cifar" (Krizhevsky's records)
    archives: tuple[Archive, ...]
    torchvision: str = ""  # the folder that torchvision unpacks the archives into

    def facts(self) -> str:
        """Return shape, classes and size in one line."""
        return f"images {_size(self.shape)}, {len(self.classes)} classes, {self.num_train:,} for training"

    def open(self, name: str, data_dir: Path | None) -> Read:
        """Open the archives, or download them."""
        from gancli.data.archives import open_archives

        return open_archives(self, name, data_dir)


@dataclass(frozen=True, kw_only=True)
class FoldedFile(About):
    """Images of one MATLAB file that only its owners hand out, labeled in part and cut into folds.

    ``train`` is what no label is known of; ``validation`` and ``test`` are those of a fold.
    """

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    filename: str
    folds: int
    owners: str

    @property
    def num_folds(self) -> int:
        """How many folds the file has."""
        return self.folds

    def facts(self) -> str:
        """Return shape, classes and size in one line."""
        return f"images {_size(self.shape)}, {len(self.classes)} classes, {self.folds} folds; the owners hand it out"

    def open(self, name: str, data_dir: Path | None) -> Read:
        """Open the file."""
        from gancli.data.folded import open_folded

        return open_folded(self, name, data_dir)


@dataclass(frozen=True, kw_only=True)
class Embedded(About):
    """Images that come inside an installed package."""

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    num_train: int
    num_validation: int

    def facts(self) -> str:
        """Return shape, classes and size in one line."""
        return f"images {_size(self.shape)}, {len(self.classes)} classes, {self.num_train:,} for training; no download"

    def open(self, name: str, data_dir: Path | None) -> Read:
        """Open the package's file."""
        from gancli.data.embedded import open_digits

        return open_digits(self)


@dataclass(frozen=True, kw_only=True)
class Stacked(About):
    """Images whose channels are random images of another set, drawn independently, with as many classes as pairings."""

    of: str
    channel_classes: tuple[str, ...]
    shape: tuple[int, int, int]
    sizes: tuple[int, int, int]  # of train, validation, test

    @property
    def classes(self) -> tuple[str, ...]:
        """Names like ``042``: the classes of the channels, one after the other."""
        return tuple("".join(names) for names in itertools.product(self.channel_classes, repeat=self.shape[-1]))

    def facts(self) -> str:
        """Return shape, classes and size in one line."""
        return f"images {_size(self.shape)}, {len(self.classes):,} classes, {self.sizes[0]:,} drawn from {self.of}"

    def open(self, name: str, data_dir: Path | None) -> Read:
        """Open the set that it is drawn from."""
        from gancli.data.stacked import open_stacked

        return open_stacked(self, data_dir)


@dataclass(frozen=True, kw_only=True)
class Blended(About):
    """Images of one set blended with random crops of the images of another: their absolute difference, by channel."""

    of: str  # whose labels they have
    over: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]

    def facts(self) -> str:
        """Return shape, classes and what it is made of in one line."""
        return f"images {_size(self.shape)}, {len(self.classes)} classes, made of {self.of} and {self.over}"

    def open(self, name: str, data_dir: Path | None) -> Read:
        """Open both sets that it is made of."""
        from gancli.data.blended import open_blended

        return open_blended(self, data_dir)


@dataclass(frozen=True, kw_only=True)
class Mixture(About):
    """Points ``[N, D]`` float32 from equally likely Gaussians with one covariance; the density is known."""

    centers: tuple[tuple[float, ...], ...]
    standard_deviation: float
    correlation: tuple[tuple[float, ...], ...] = ()  # of the coordinates of each Gaussian; empty: none

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one point, ``(D,)``."""
        return (len(self.centers[0]),)

    @property
    def classes(self) -> tuple[str, ...]:
        """The places of the centers in their list."""
        return tuple(map(str, range(len(self.centers))))

    def facts(self) -> str:
        """Return dimension and modes in one line."""
        return f"points of dimension {_size(self.shape)}; modes: {len(self.centers)}; the density is known"

    def open(self, name: str, data_dir: Path | None) -> Read:
        """Return what draws the points."""
        from gancli.data.synthetic import open_mixture

        return open_mixture(self)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
