"""Synthetic data whose density is known: what theory can be checked against."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from gancli.data.catalog import DATASETS, SPLITS
from gancli.data.kinds import Mixture, Read
from gancli.errors import UsageError

SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}


@dataclass(frozen=True)
class GaussianMixture:
    """Equally likely isotropic Gaussians: centers ``[K, D]`` and one standard deviation."""

    centers: np.ndarray
    standard_deviation: float

    def sample(self, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw points ``[count, D]`` float32 and the mode ``[count]`` int32 that each came from."""
        rng = np.random.default_rng(seed)
        modes = rng.integers(len(self.centers), size=count)
        noise = rng.standard_normal((count, self.centers.shape[1]))
        points = self.centers[modes] + self.standard_deviation * noise
        return points.astype(np.float32), modes.astype(np.int32)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Return log p(x) in nats, float64 ``[N]``, for points ``[N, D]``."""
        points = np.asarray(points, np.float64)
        dimensions = self.centers.shape[1]
        squared = ((points[:, None, :] - self.centers[None, :, :]) ** 2).sum(axis=2)
        exponents = -squared / (2 * self.standard_deviation**2)
        normalizer = dimensions * np.log(self.standard_deviation * np.sqrt(2 * np.pi)) + np.log(len(self.centers))
        return logsumexp(exponents, axis=1) - normalizer


def mixture(name: str) -> GaussianMixture:
    """Return the distribution behind a synthetic data set.

    Raises:
        UsageError: the name is unknown, or the set's density is not known.
    """
    entry = DATASETS[name]
    if not isinstance(entry, Mixture):
        known = [other for other in DATASETS if isinstance(DATASETS[other], Mixture)]
        raise UsageError(f"the density of data set '{name}' is not known. Known densities: {', '.join(known)}.")
    return _mixture(entry)


def open_mixture(entry: Mixture) -> Read:
    """Return what draws the splits; the draws are the same every time."""

    def read(split: str, fold: int = 0) -> tuple[np.ndarray, np.ndarray]:
        return _mixture(entry).sample(SIZES[split], seed=SPLITS.index(split))

    return read


def _mixture(entry: Mixture) -> GaussianMixture:
    return GaussianMixture(np.array(entry.centers, np.float64), entry.standard_deviation)
