"""Synthetic data whose density is known: what theory can be checked against."""

from dataclasses import dataclass

import numpy as np
import scipy

from gancli.data.catalog import DATASETS, SPLITS
from gancli.data.kinds import Mixture, Read
from gancli.errors import UsageError

SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}


@dataclass(frozen=True)
class GaussianMixture:
    """Equally likely Gaussians: centers ``[K, D]``, one standard deviation, and one correlation ``[D, D]``, or none."""

    centers: np.ndarray
    standard_deviation: float
    correlation: np.ndarray | None = None  # None: coordinates are independent

    @property
    def covariance(self) -> np.ndarray:
        """The covariance ``[D, D]`` of each Gaussian."""
        shape = np.eye(self.centers.shape[1]) if self.correlation is None else self.correlation
        return self.standard_deviation**2 * shape

    def whitened(self, points: np.ndarray) -> np.ndarray:
        """Return points ``[N, D]`` in coordinates in which each Gaussian has its standard deviation in every direction.

        Where coordinates are independent, they stay as they are.
        """
        if self.correlation is None:
            return points
        return np.linalg.solve(np.linalg.cholesky(self.correlation), np.asarray(points, np.float64).T).T

    def conditional(self, point: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the distribution of a point's hidden coordinates given the others: again a mixture of Gaussians.

        Args:
            point: ``[D]``, of which only what is observed counts.
            observed: bool ``[D]``.

        Returns:
            Weights ``[K]``, means ``[K, H]`` and the one covariance ``[H, H]`` of the H hidden coordinates.
        """
        seen, hidden = np.flatnonzero(observed), np.flatnonzero(~observed)
        covariance = self.covariance
        within, across = covariance[np.ix_(seen, seen)], covariance[np.ix_(hidden, seen)]
        gain = np.linalg.solve(within, across.T).T
        apart = np.asarray(point, np.float64)[seen] - self.centers[:, seen]
        exponents = -np.einsum("ki,ki->k", apart, np.linalg.solve(within, apart.T).T) / 2
        weights = np.exp(exponents - scipy.special.logsumexp(exponents))
        return weights, self.centers[:, hidden] + apart @ gain.T, covariance[np.ix_(hidden, hidden)] - gain @ across.T

    def sample(self, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw points ``[count, D]`` float32 and the mode ``[count]`` int32 that each came from."""
        rng = np.random.default_rng(seed)
        modes = rng.integers(len(self.centers), size=count)
        noise = rng.standard_normal((count, self.centers.shape[1]))
        if self.correlation is not None:
            noise = noise @ np.linalg.cholesky(self.correlation).T
        points = self.centers[modes] + self.standard_deviation * noise
        return points.astype(np.float32), modes.astype(np.int32)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Return log p(x) in nats, float64 ``[N]``, for points ``[N, D]``."""
        dimensions = self.centers.shape[1]
        points, centers = (np.asarray(self.whitened(part), np.float64) for part in (points, self.centers))
        squared = ((points[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)
        exponents = -squared / (2 * self.standard_deviation**2)
        normalizer = dimensions * np.log(self.standard_deviation * np.sqrt(2 * np.pi)) + np.log(len(self.centers))
        volume = 0.0 if self.correlation is None else np.linalg.slogdet(self.correlation)[1] / 2
        return scipy.special.logsumexp(exponents, axis=1) - normalizer - volume


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
    correlation = np.array(entry.correlation, np.float64) if entry.correlation else None
    return GaussianMixture(np.array(entry.centers, np.float64), entry.standard_deviation, correlation)
