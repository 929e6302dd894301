"""Mean and covariance of features, gathered piece by piece in float64."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import scipy

ROWS = 1024  # of features taken up together; fixed, so that no result depends on how images came in


@dataclass(frozen=True)
class Gaussian:
    """The normal distribution that the Fréchet distance puts in place of a set of features."""

    mean: np.ndarray  # float64 [d]
    covariance: np.ndarray  # float64 [d, d]

    @cached_property
    def root(self) -> np.ndarray:
        """A factor R ``[d, r]`` with ``R Rᵀ`` = covariance and r its rank: Cholesky's, with pivots.

        Fewer samples than features make a singular covariance; pivots find its rank (the rest is below the rounding
        error of the largest variance) where the ordinary factorisation would fail.
        """
        (factorise,) = scipy.linalg.get_lapack_funcs(("pstrf",), (self.covariance,))
        factor, pivots, rank, _ = factorise(self.covariance, lower=1)
        root = np.empty((len(self.mean), rank))
        root[pivots - 1] = np.tril(factor)[:, :rank]
        return root


@dataclass(frozen=True)
class Moments:
    """What a set of features ``[n, d]`` leaves behind: enough for its mean and covariance, and to join two sets."""

    count: int
    mean: np.ndarray  # float64 [d]
    scatter: np.ndarray  # float64 [d, d], sum of the outer products of the deviations from the mean

    @classmethod
    def empty(cls, width: int) -> Self:
        """Return the moments of no features."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    @classmethod
    def of(cls, features: np.ndarray) -> Self:
        """Return the moments of features ``[n, d]``."""
        moments = cls.empty(features.shape[1])
        for start in range(0, len(features), ROWS):
            part = features[start : start + ROWS].astype(np.float64)
            mean = part.mean(axis=0)
            moments = moments.merge(cls(len(part), mean, (part - mean).T @ (part - mean)))
        return moments

    def merge(self, other: Self) -> Self:
        """Return the moments of both sets together (Chan, Golub and LeVeque 1979)."""
        if self.count == 0 or other.count == 0:
            return self if other.count == 0 else other
        count = self.count + other.count
        difference = other.mean - self.mean
        mean = self.mean + difference * (other.count / count)
        scatter = self.scatter + other.scatter
        between = np.outer(difference, difference)
        between *= self.count * other.count / count  # in place: of many features each array takes long to get
        scatter += between
        return type(self)(count, mean, scatter)

    def compute(self) -> Gaussian:
        """Return the mean and the covariance with n - 1, as the published implementations have it.

        Raises:
            ValueError: of fewer than two features there is no covariance.
        """
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 samples, got {self.count}")
        return Gaussian(self.mean, self.scatter / (self.count - 1))
