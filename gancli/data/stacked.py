"""Stacked-MNIST: images made of the images of another set, one in each channel."""

from pathlib import Path

import numpy as np

from gancli.data.catalog import DATASETS, SPLITS
from gancli.data.kinds import Read, Stacked


def open_stacked(entry: Stacked, data_dir: Path | None) -> Read:
    """Return what draws the splits; the draws are the same every time."""
    base = DATASETS[entry.of].open(entry.of, data_dir)
    channels = entry.shape[-1]

    def read(split: str, fold: int = 0) -> tuple[np.ndarray, np.ndarray]:
        images, labels = base(split)
        seed = SPLITS.index(split)
        rows = np.random.default_rng(seed).integers(len(images), size=(entry.sizes[seed], channels))
        stacked = np.stack([images[rows[:, channel], ..., 0] for channel in range(channels)], axis=-1)
        places = len(entry.channel_classes) ** np.arange(channels)[::-1]
        return stacked, (labels[rows] @ places).astype(np.int32)

    return read
