"""What a metric is computed from, whoever prepares it, and what it returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gancli.reporting import Watch, show_shape

if TYPE_CHECKING:
    import numpy as np

    from gancli.metrics.moments import Gaussian


SHORT = 12  # digits of a hash that people see


def identify(
    name: str, count: int | None, shape: tuple[int, ...] | None, sha256: str, *, taken: int | None = None
) -> dict[str, Any]:
    """Return how a protocol identifies a set of examples, whatever it is called: by size, shape and content.

    Args:
        name: for people alone; the same set may lie elsewhere.
        count: of its members; None: not known.
        shape: of one; None: of features alone.
        sha256: of the content.
        taken: how many of the members were compared, if not all.
    """
    about: dict[str, Any] = {"name": name, "count": count}
    if taken not in (None, count):
        about = {"name": name, "count": taken, "of": count}
    return about | ({"shape": show_shape(shape)} if shape else {}) | {"sha256": sha256}


def identify_split(split: "Split") -> dict[str, Any]:
    """Return how a protocol identifies a part of a data set."""
    return identify(f"{split.name}/{split.split}", len(split), split.examples.shape[1:], split.fingerprint)


def show(value: Any) -> str:
    """Return a value of a protocol for people."""
    if not isinstance(value, dict):
        return str(value)
    count = "of unknown size" if value["count"] is None else str(value["count"])
    parts = [value["name"], count, *([f"of {value['of']}"] if "of" in value else [])]
    return " ".join([*parts, *([value["shape"]] if "shape" in value else []), value["sha256"][:SHORT]])


@dataclass(frozen=True)
class Measured:
    """One metric of one set of samples."""

    metric: str  # name in the catalog
    values: dict[str, Any]  # numbers by name, as JSON has them
    protocol: dict[str, Any]  # all that two numbers must share to be comparable; sets as :func:`identify` has them
    draw: str  # how the samples were drawn: not part of the protocol
    text: str  # the numbers for people
    notes: tuple[str, ...] = ()
    table: tuple[Mapping[str, str], ...] = ()  # more numbers for people: rows of the same columns

    @property
    def protocol_text(self) -> str:
        """The protocol in one line."""
        parts = [f"{name}={show(value)}" for name, value in self.protocol.items()]
        return f"{self.metric}: {', '.join([*parts, self.draw] if self.draw else parts)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of a JSON result."""
        return self.values | {"protocol": self.protocol, "protocol_text": self.protocol_text}


class Split(Protocol):
    """Part of a data set."""

    @property
    def name(self) -> str:
        """The data set's name."""
        ...

    @property
    def examples(self) -> "np.ndarray":
        """Images ``[n, H, W, C]`` uint8, or points ``[n, D]``."""
        ...

    @property
    def split(self) -> str:
        """Which part: train, validation or test."""
        ...

    @property
    def labels(self) -> "np.ndarray":
        """The class of each example, int32 ``[n]``; below zero: none."""
        ...

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the examples."""
        ...

    def flat(self) -> "np.ndarray":
        """Return the examples ``[n, d]``, images in [0, 1]."""
        ...

    def __len__(self) -> int: ...


class Density(Protocol):
    """A mixture of equal Gaussians."""

    @property
    def centers(self) -> "np.ndarray":
        """Means ``[M, D]``."""
        ...

    @property
    def standard_deviation(self) -> float:
        """Of each Gaussian in each direction."""
        ...

    def whitened(self, points: "np.ndarray") -> "np.ndarray":
        """Return points ``[n, D]`` in coordinates in which each Gaussian has that deviation in every direction."""
        ...

    def log_density(self, points: "np.ndarray") -> "np.ndarray":
        """Return log p ``[n]`` at points ``[n, D]``."""
        ...


class Classes(NamedTuple):
    """The classes that the data set's built-in classifier finds in samples and in the reference."""

    classifier: str  # name and version
    num_classes: int
    samples: "np.ndarray"  # [n]
    reference: "np.ndarray"  # [m]
    compared: dict[str, Any]  # the reference, for protocols


class Way(NamedTuple):
    """Held-out images of one domain on the way to the other; float32 in [0, 1]."""

    images: "np.ndarray"  # [n, H, W, C]
    translated: "np.ndarray"  # [n, H, W, C]
    back: "np.ndarray | None"  # [n, H, W, C], the translations translated back; None: no translator goes back
    others: "np.ndarray"  # [m, H, W, C], images of the other domain
    same: "np.ndarray"  # [m, H, W, C], these by the same translator


class KeptClasses(NamedTuple):
    """Classes of images before and after a translation, as the classifier of the target's data sees them."""

    classifier: str  # name and version
    labels: "np.ndarray"  # [n], of the images
    translated: "np.ndarray"  # [n]
    untranslated: "np.ndarray"  # [n], of the images as they are


class Masks(NamedTuple):
    """Where held-out images may change."""

    white: "np.ndarray"  # bool [n, H, W, 1]
    identity: dict[str, Any]  # as :func:`identify` has it


class Answers(NamedTuple):
    """Translations of held-out images whose true translations are known; float32 in [0, 1], ``[n, H, W, C]`` each."""

    true: "np.ndarray"
    translated: "np.ndarray"
    again: "np.ndarray | None"  # other answers to the same images; None: there is one answer alone
    nearest: "np.ndarray"  # the true translations of the training images nearest to those translated
    train: Split  # the training pairs


class Asked(NamedTuple):
    """Held-out images, each translated to another class and back; float32 in [0, 1], ``[n, H, W, C]`` each."""

    images: "np.ndarray"
    labels: "np.ndarray"  # [n], their classes
    asked: "np.ndarray"  # [n], the classes of the translations
    translated: "np.ndarray"
    back: "np.ndarray"
    seen: "np.ndarray"  # [n], the classes that a classifier of the data finds in the translations
    seen_before: "np.ndarray"  # [n], in the images
    classifier: dict[str, Any]  # what a protocol says of it


class Questioned(NamedTuple):
    """Examples of which a part was hidden, and what a run answered."""

    split: Split  # whose first examples they are
    masks: tuple[str, ...]  # names of what was hidden
    truth: "np.ndarray"  # [N, *shape], images in [0, 1]
    observed: "np.ndarray"  # [N, *sites], 1 where they were given and else 0; broadcasts to the shape
    answers: "np.ndarray"  # [N, m, *shape]
    train: Split | None  # what references know; None: they are not asked for
    predicted: "np.ndarray | None"  # [N, *shape], by least squares


class Inputs(Protocol):
    """Samples and what they are measured with. What is costly is computed when first asked for, and once."""

    num_samples: int
    seed: int
    num_labels: int | None  # of images that a probe learns from; None: of all training images
    draw: str  # how the samples were drawn, for people
    figure: Path | None  # where a picture may go, see ``pictures``
    pictures: dict[Path, bytes]  # made on the way, for whoever asked to write
    masks: tuple[Masks | None, ...]  # of the images of A and of B; None: none are given

    @property
    def about_samples(self) -> dict[str, Any]:
        """What a protocol says of the samples: number and shape."""
        ...

    def protocol(self, *, count: int | None = None, **more: Any) -> dict[str, Any]:
        """Return what protocols of feature metrics say; ``count`` of the reference's images were taken."""
        ...

    def watch(self, what: str) -> Watch:
        """Return a function that reports the progress of something."""
        ...

    # Of images: features by the chosen network
    @property
    def features(self) -> "np.ndarray":
        """Features of the samples ``[n, F]``."""
        ...

    @property
    def logits(self) -> "np.ndarray":
        """Logits of the samples ``[n, K]``."""
        ...

    @cached_property
    def reference_features(self) -> "np.ndarray":
        """Features of the reference ``[m, F]``."""
        ...

    @cached_property
    def reference_subset(self) -> "np.ndarray":
        """As many of the reference's features as there are samples, chosen at random; all where there are fewer."""
        ...

    @property
    def reference_gaussian(self) -> "Gaussian":
        """The Gaussian fitted to the reference's features; of a statistics file, the one in it."""
        ...

    @property
    def reference_count(self) -> int | None:
        """Images of the reference; None where a statistics file does not say."""
        ...

    def features_of(self, images: "np.ndarray") -> "np.ndarray":
        """Return features ``[n, F]`` of images ``[n, H, W, C]`` in [0, 1], which are rounded to 8 bits before."""
        ...

    # Of images: pixels, classes, the data set
    def pixels(self) -> "np.ndarray":
        """Return the samples ``[n, H, W, C]``, uint8."""
        ...

    def classes(self) -> Classes:
        """Return the classes of samples and reference."""
        ...

    def closest_pair(self, count: int) -> float:
        """Return the distance of the two closest of the first ``count`` images of the reference, in [0, 1] pixels."""
        ...

    def split(self, name: str) -> Split:
        """Return the ``train``, ``validation`` or ``test`` split of the reference's data set."""
        ...

    # Of translations
    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Held-out images from A to B, and from B to A if the run goes there; samples are A's, the reference B's."""
        ...

    def kept_classes(self, place: int) -> KeptClasses | None:
        """Return the classes of the images on a way, and of their translations; None where they are not known."""
        ...

    def answers(self) -> Answers:
        """Return translations of held-out images of a run of pairs, beside the true ones."""
        ...

    def asked(self) -> Asked:
        """Return held-out images of a run that translates to classes, each translated to another one and back."""
        ...

    # Of points, and of runs
    @property
    def dataset_name(self) -> str:
        """The data set of the reference, or of the points; empty where there is none."""
        ...

    @property
    def density(self) -> Density | None:
        """The density of the data, where it is known; None for images."""
        ...

    @cached_property
    def points(self) -> "np.ndarray":
        """The samples as generated, ``[n, *data_shape]``: points, or images in [0, 1]."""
        ...

    def draw_points(self, count: int) -> "np.ndarray":
        """Draw samples as the generator makes them."""
        ...

    def held_out(self) -> Split:
        """Return the validation split of the run's data."""
        ...

    def run_split(self, name: str) -> Split:
        """Return the ``train``, ``validation`` or ``test`` split of the run's data."""
        ...

    def labeled_places(self, labels: "np.ndarray", seed: int) -> "np.ndarray":
        """Return the places ``[num_labels]`` of images drawn from a seed, as many of each class ``[n]``; or of all."""
        ...

    def categories(self) -> "np.ndarray":
        """Return the categories ``[n]`` that the samples were drawn with, of a run of InfoGAN."""
        ...

    def read_categories(self, examples: "np.ndarray") -> "np.ndarray":
        """Return the categories ``[n]`` that such a run's discriminator reads in examples ``[n, *data_shape]``."""
        ...

    def probed(self) -> "Mapping[str, Callable[[np.ndarray], np.ndarray]]":
        """Return the run's networks that have features of examples ``[n, *data_shape]``, by name: what finds them."""
        ...

    def class_logits(self, examples: "np.ndarray") -> "np.ndarray":
        """Return the class logits ``[n, K]`` of the run's discriminator for examples ``[n, *data_shape]``."""
        ...

    def questioned(self, count: int, answers: int) -> Questioned:
        """Return the answers of a run that completes examples, to questions about those held out from training."""
        ...

    def classify(self, examples: "np.ndarray") -> "np.ndarray | None":
        """Return the classes ``[n]`` of ``[n, *shape]`` in [0, 1] by the data's built-in classifier, if it has one."""
        ...

    def scores(self, examples: "np.ndarray") -> "np.ndarray":
        """Return the run's discriminator's logits ``[n]`` of examples ``[n, *data_shape]``, images in [0, 1]."""
        ...
