"""A large image through a network in overlapping tiles, where it does not fit into memory as a whole."""

import itertools
from collections.abc import Callable

import numpy as np

SIDE, OVERLAP = 1024, 128  # pixels


def in_tiles(run: Callable[[np.ndarray], np.ndarray], image: np.ndarray, side: int, overlap: int) -> np.ndarray:
    """Return ``run(image)``, tile by tile: float32 ``[H, W, C]``.

    All tiles are of one size. Where they overlap, one fades into the other.

    Args:
        run: maps ``[h, w, C]`` to float32 ``[h, w, C]``.
        image: ``[H, W, C]``.
        side: of a tile, in pixels; of a smaller image its own.
        overlap: pixels that neighbors share at least, less than half of a side.
    """
    height, width, _ = image.shape
    total = np.zeros((height, width, 1), np.float32)
    found: np.ndarray | None = None
    for rows, columns in itertools.product(_spans(height, side, overlap), _spans(width, side, overlap)):
        tile = run(image[rows, columns])
        weights = np.outer(_fade(rows, height, overlap), _fade(columns, width, overlap))[..., None]
        found = np.zeros((height, width, tile.shape[-1]), np.float32) if found is None else found
        found[rows, columns] += weights * tile
        total[rows, columns] += weights
    assert found is not None, "an image has a tile"
    return found / total


def count_tiles(shape: tuple[int, ...], side: int, overlap: int) -> int:
    """Return how many tiles an image ``[H, W, ...]`` has."""
    return len(_spans(shape[0], side, overlap)) * len(_spans(shape[1], side, overlap))


def _spans(length: int, side: int, overlap: int) -> list[slice]:
    """Return where tiles lie along a side: from end to end, evenly."""
    side = min(side, length)
    count = 1 if side == length else -(-(length - overlap) // (side - overlap))
    return [slice(start, start + side) for start in np.linspace(0, length - side, count).round().astype(int).tolist()]


def _fade(span: slice, length: int, overlap: int) -> np.ndarray:
    """Return the weights ``[h]`` of a tile's pixels along a side: less towards an edge with a neighbor, never zero."""
    places = np.arange(span.stop - span.start, dtype=np.float32)
    before = places + 1 if span.start > 0 else np.full_like(places, overlap)
    after = places[::-1] + 1 if span.stop < length else np.full_like(places, overlap)
    return np.minimum(np.minimum(before, after), overlap) / overlap
