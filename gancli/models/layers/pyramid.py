"""The sizes at which convolutional networks look at an image: the whole, its half, its quarter, and so on."""

from typing import NamedTuple

from gancli.errors import UsageError

SMALLEST = 4  # pixels; no image is halved below
LARGEST = 256  # pixels
WIDEST = 8  # times the base channels, at most


class Level(NamedTuple):
    """Maps of one size."""

    height: int  # pixels
    width: int
    channels: int


def pyramid(model: str, data_shape: tuple[int, ...], base_channels: int) -> list[Level]:
    """Return the level of the image itself and all below it, the largest first.

    Sides are halved as long as they are even and at least 8 pixels. The first level has ``base_channels``, each of the
    next ones twice as many as the one before, up to 8 times.

    Raises:
        UsageError: the examples, for ``model``, are no images of a size that can be halved twice.
    """
    if len(data_shape) != 3:
        raise UsageError(f"--model {model} needs images, got examples of shape {data_shape}.")
    sides = data_shape[:2]
    if any(side % 4 or not 2 * SMALLEST <= side <= LARGEST for side in sides):
        nearest = dict.fromkeys("x".join(str(_legal(side, up)) for side in sides) for up in (False, True))
        raise UsageError(
            f"--model {model} needs images whose sides are multiples of 4 from {2 * SMALLEST} to {LARGEST} pixels, "
            f"got {sides[0]}x{sides[1]}. Nearest: {' or '.join(nearest)}."
        )
    levels = [Level(*sides, base_channels)]
    while all(side % 2 == 0 and side >= 2 * SMALLEST for side in sides):
        sides = (sides[0] // 2, sides[1] // 2)
        levels.append(Level(*sides, base_channels * min(2 ** len(levels), WIDEST)))
    return levels


def _legal(side: int, up: bool) -> int:
    """Return the nearest legal number of pixels that is not above, or not below, ``side``."""
    return min(max(4 * (-(-side // 4) if up else side // 4), 2 * SMALLEST), LARGEST)
