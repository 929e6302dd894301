"""Samples in ``.npz`` and ``.npy`` files, of gancli or of anybody."""

from pathlib import Path

import numpy as np

from gancli.errors import GancliError
from gancli.files import read_arrays
from gancli.imaging.pixels import to_uint8

NAMES = ("samples", "images", "arr_0")  # gancli's float and uint8 arrays; what np.savez calls an array without a name

CHANNELS = (1, 3, 4)  # gray, RGB, RGBA
TOLERANCE = 1e-3  # of float images outside [0, 1]: less than half of one of 256 values


def read_samples(path: Path, names: tuple[str, ...] = NAMES) -> np.ndarray:
    """Read the samples of a file as they are stored: uint8, or floats in the model's range, ``[N, ...]``.

    Args:
        path: ``.npy`` with one array, or ``.npz`` with one of ``names``.
        names: the arrays to look for, the best one first.

    Raises:
        GancliError: the file is damaged or holds something else.
    """

    def best(found: list[str]) -> list[str]:
        if not (known := [name for name in names if name in found]):
            wanted = " or ".join(map(repr, names[:2]))
            raise GancliError(f"'{path}' holds no array {wanted}. It has: {', '.join(found)}.")
        return known[:1]

    (samples,) = read_arrays(path, best).values()
    is_pixels = samples.dtype == np.uint8
    if samples.ndim < 2 or samples.size == 0 or not (is_pixels or np.issubdtype(samples.dtype, np.floating)):
        raise GancliError(
            f"the samples in '{path}' must be floats or uint8 of shape [N, ...] with N at least 1, "
            f"got {samples.dtype} of shape {list(samples.shape)}."
        )
    if not is_pixels and not np.isfinite(samples).all():
        raise GancliError(f"the samples in '{path}' are not all finite.")
    return samples


def read_images(path: Path) -> np.ndarray:
    """Read the images of a file as uint8 ``[N, H, W, C]``, C 1, 3 or 4; floats in [0, 1] are rounded to 256 values.

    Raises:
        GancliError: as in :func:`read_samples`, or these are no images.
    """
    images = read_samples(path, ("images", "samples", "arr_0"))
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in CHANNELS:
        swapped = images.ndim == 4 and images.shape[1] in (1, 3)
        cure = " Put channels last: images.transpose(0, 2, 3, 1)." if swapped else ""
        raise GancliError(
            f"images must be [N, H, W] or [N, H, W, 1, 3 or 4], got {list(images.shape)} in '{path}'.{cure}"
        )
    return to_uint8(in_unit_range(images, path)) if images.dtype != np.uint8 else images


def in_unit_range(images: np.ndarray, path: Path) -> np.ndarray:
    """Return float images with what lies a hair outside of [0, 1] set to its edge.

    Raises:
        GancliError: values lie further outside.
    """
    low, high = float(images.min()), float(images.max())
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise GancliError(f"float images must lie in [0, 1], got [{low:.4g}, {high:.4g}] in '{path}'. Rescale them.")
    return np.clip(images, 0, 1)
