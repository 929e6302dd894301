"""Nearest training examples: the rightmost column of Figure 2 (Goodfellow et al. 2014)."""

import numpy as np

from gancli.images import to_unit


def nearest_example(samples: np.ndarray, examples: np.ndarray, rows: int = 5000) -> np.ndarray:
    """Return the index ``[N]`` of the example nearest to each sample in Euclidean distance.

    Args:
        samples: float32 ``[N, d]`` in [0, 1].
        examples: uint8 ``[M, ...]``; compared in the model's range.
        rows: examples looked at together.
    """
    best = np.full(len(samples), np.inf)
    where = np.zeros(len(samples), np.int64)
    wide = samples.astype(np.float64)
    for start in range(0, len(examples), rows):
        block = to_unit(examples[start : start + rows])
        block = block.reshape(len(block), -1).astype(np.float64)
        squared = (wide**2).sum(1)[:, None] + (block**2).sum(1) - 2 * wide @ block.T  # float64: no cancellation to fear
        nearest = squared.argmin(axis=1)
        distance = squared[np.arange(len(samples)), nearest]
        closer = distance < best
        best[closer], where[closer] = distance[closer], start + nearest[closer]
    return where
