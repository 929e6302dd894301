"""A set of training examples, as a game sees it."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax

from gancli.imaging.contrast import Contrast
from gancli.imaging.pixels import to_unit

Classes = jax.Array | None  # [B, K], one-hot; None: not class-conditional


class Batch(NamedTuple):
    """Training examples with any leading axes, and their labels."""

    examples: Any  # [..., *shape]; an array of NumPy or JAX, as the next one
    labels: Any  # int32 [...]


@dataclass(frozen=True)
class Domain:
    """What is fixed about a set of examples: hashable, so that compiled steps can be keyed by it."""

    name: str
    shape: tuple[int, ...]  # of one example: (H, W, C) or (D,)
    is_images: bool  # as against points anywhere
    num_examples: int  # an epoch
    rows: tuple[int, ...]  # leading axes of what one step takes, (k, batch size) say
    contrast: Contrast | None = None  # how images are normalized; None: they stay in [0, 1]
    class_counts: tuple[int, ...] = ()  # training examples of each class; empty: not class-conditional

    @property
    def bounded(self) -> bool:
        """Whether the model's range is [0, 1]."""
        return self.is_images and self.contrast is None

    @property
    def rows_per_step(self) -> int:
        """How many examples one step takes."""
        return math.prod(self.rows)

    @property
    def learned_classes(self) -> tuple[int, ...]:
        """Labels of the classes that have training examples."""
        return tuple(label for label, count in enumerate(self.class_counts) if count)

    @property
    def num_classes(self) -> int:
        """How many classes the networks are conditioned on; 0: none."""
        return len(self.class_counts)

    def to_model(self, examples: Any) -> Any:
        """Map examples ``[..., *shape]``, uint8 or as :meth:`show` returns them, to the model's range."""
        x = to_unit(examples)
        return x if self.contrast is None else self.contrast.apply(x)

    def show(self, samples: Any) -> Any:
        """Map samples from the model's range to what people see: images in [0, 1], points as they are."""
        return samples if self.contrast is None else self.contrast.show(samples)

    def one_hot(self, labels: jax.Array) -> Classes:
        """Return the classes ``[..., K]`` of labels ``[...]``, one-hot; None where nothing is conditioned on them."""
        return jax.nn.one_hot(labels, self.num_classes) if self.class_counts else None
