"""Global contrast normalization: every image centered and scaled to one length, and back again for display.

Coates, Lee, Ng 2011 (§3.1); as Goodfellow et al. 2014 prepared CIFAR-10, with the length 55, at which a pixel of a
32x32x3 image has a standard deviation of about 1.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from gancli.imaging.pixels import to_unit

FLAT = 1e-8  # an image whose length is below this has no contrast; it becomes zeros
BLOCK = 2**20  # pixel values that are normalized at a time when a data set is looked at


class Normalized(NamedTuple):
    """Images after normalization, and what it took from them."""

    images: Any  # [B, H, W, C], each with mean 0 and the length asked for
    means: Any  # [B, 1, 1, 1]
    lengths: Any  # [B, 1, 1, 1], Euclidean, of the centered images


def normalize(images: Any, length: float) -> Normalized:
    """Center images ``[B, H, W, C]`` and scale each to a Euclidean ``length``. NumPy or JAX."""
    axes = (1, 2, 3)
    means = images.mean(axis=axes, keepdims=True)
    centered = images - means
    lengths = (centered**2).sum(axis=axes, keepdims=True) ** 0.5
    flat = lengths < FLAT
    return Normalized(centered * (length / (lengths + flat)) * (1 - flat), means, lengths)


def restore(normalized: Normalized, length: float) -> Any:
    """Undo :func:`normalize`, exactly but for rounding."""
    return normalized.images * (normalized.lengths / length) + normalized.means


@dataclass(frozen=True)
class Contrast:
    """The normalization of one data set, and the mean and length that samples, which have none, are shown with."""

    length: float  # after normalization
    typical_mean: float  # of the training images
    typical_length: float  # of the centered training images

    @classmethod
    def fit(cls, length: float, examples: np.ndarray) -> Self:
        """Take the typical mean and length from training images, uint8 ``[N, H, W, C]``."""
        means, lengths = [], []
        count = max(1, BLOCK // examples[0].size)
        for start in range(0, len(examples), count):
            found = normalize(to_unit(examples[start : start + count]).astype(np.float64), length)
            means.append(found.means.ravel())
            lengths.append(found.lengths.ravel())
        return cls(length, float(np.concatenate(means).mean()), float(np.concatenate(lengths).mean()))

    def apply(self, images: Any) -> Any:
        """Normalize images in [0, 1]."""
        return normalize(images, self.length).images

    def show(self, images: Any) -> Any:
        """Map normalized images to [0, 1], with the typical mean and length; what is beyond is clipped."""
        return (images * (self.typical_length / self.length) + self.typical_mean).clip(0.0, 1.0)
