"""Memorization: do samples lie closer to the training data than data does that was held out from training?"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Memorization:
    """Euclidean distances to the nearest training example, of samples and of held-out examples, compared by rank."""

    median_distance: float  # of samples
    held_out_median_distance: float
    closer: float  # share of pairs (sample, held-out) in which the sample is the closer one; ½: no difference
    z: float  # the same as a deviate of the normal distribution; far below 0: copies

    @classmethod
    def compare(cls, distances: np.ndarray, held_out: np.ndarray) -> "Memorization":
        """Compare distances ``[n]`` and ``[m]`` by Mann and Whitney's test, as Meehan et al. 2020 look for copies."""
        from scipy import stats  # half a second to import, and only this metric needs it

        n, m = len(distances), len(held_out)
        farther = float(stats.mannwhitneyu(distances, held_out, method="asymptotic").statistic)
        z = (farther - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
        return cls(float(np.median(distances)), float(np.median(held_out)), 1 - farther / (n * m), z)
