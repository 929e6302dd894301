"""MNIST-M: digits blended with photographs, as Ganin et al. 2016 (§5.2.4) make them."""

from functools import cache
from pathlib import Path

import numpy as np

from gancli.data.catalog import DATASETS, SPLITS
from gancli.data.kinds import Blended, Read

PHOTOGRAPHS = {"train": "train", "validation": "validation", "test": "validation"}  # splits that they come from
BLOCK = 1000  # images blended at a time


def blend(digits: np.ndarray, photographs: np.ndarray, seed: int) -> np.ndarray:
    """Return ``|digit - crop|`` for every digit, each with a random crop of a random photograph.

    Args:
        digits: uint8 ``[N, H, W, 1]``.
        photographs: uint8 ``[M, H', W', C]``, no smaller than the digits.
        seed: of the choice of photographs and crops.

    Returns:
        Images uint8 ``[N, H, W, C]``.
    """
    (count, height, width, _), (_, rows, columns, channels) = digits.shape, photographs.shape
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(photographs), size=count)
    tops, lefts = rng.integers(rows - height + 1, size=count), rng.integers(columns - width + 1, size=count)
    images = np.empty((count, height, width, channels), np.uint8)
    for start in range(0, count, BLOCK):
        part = slice(start, start + BLOCK)
        down = tops[part, None] + np.arange(height)
        across = lefts[part, None] + np.arange(width)
        crops = photographs[chosen[part, None, None], down[:, :, None], across[:, None, :]]
        images[part] = np.abs(digits[part].astype(np.int16) - crops)
    return images


def open_blended(entry: Blended, data_dir: Path | None) -> Read:
    """Return what makes the splits; the crops are the same every time, and so are the labels of the digits.

    Training images have photographs of the other set's training split; those held out have photographs of its
    validation split, so that no photograph is in both.
    """
    bases = [DATASETS[name].open(name, data_dir) for name in (entry.of, entry.over)]

    @cache
    def read(split: str, fold: int = 0) -> tuple[np.ndarray, np.ndarray]:
        of, over = bases
        digits, labels = of(split)
        photographs, _ = over(PHOTOGRAPHS[split])
        return blend(digits, photographs, SPLITS.index(split)), labels

    return read
