"""Gaussian Parzen window log-likelihood (Breuleux et al. 2011; the protocol of Goodfellow et al. 2014, §5).

``log p(x) = logmeanexp_i(-|x - s_i|² / 2σ²) - d log(σ √(2π))`` in nats, with one Gaussian of width σ around every
sample. One pass over the squared distances serves every σ, block by block, so memory does not grow with the number of
samples or of points.
"""

import math
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

POINTS_PER_BLOCK = 1000
SAMPLES_PER_BLOCK = 2500


@dataclass(frozen=True)
class ParzenScore:
    """A Parzen estimate and everything needed to judge it. Log-likelihoods are means over points, in nats."""

    log_likelihood: float  # of the test points
    standard_error: float | None  # over the test points, standard deviation / √n; None: there is one point
    sigma: float  # the best of the grid on the validation points
    sigmas: tuple[float, ...]
    validation_log_likelihoods: tuple[float, ...]  # one for each of ``sigmas``
    num_samples: int
    num_validation: int
    num_test: int

    @property
    def sigma_at_edge(self) -> bool:
        """Whether the best σ is the smallest or largest of a grid, so that a better one may lie outside."""
        return len(self.sigmas) > 1 and self.sigma in (self.sigmas[0], self.sigmas[-1])


@dataclass(frozen=True)
class FoldScores:
    """One score for each fold of a data set, each with a σ of its own; most data sets have one fold."""

    folds: tuple[ParzenScore, ...]

    @property
    def log_likelihood(self) -> float:
        """Mean over folds, in nats."""
        return sum(score.log_likelihood for score in self.folds) / len(self.folds)

    @property
    def standard_error(self) -> float | None:
        """Over the folds, as Goodfellow et al. 2014 (Table 1) did for TFD; of one fold, over its test points."""
        if len(self.folds) == 1:
            return self.folds[0].standard_error
        values = np.array([score.log_likelihood for score in self.folds])
        return float(values.std(ddof=1) / math.sqrt(len(values)))

    @property
    def text(self) -> str:
        """Mean and standard error, for people."""
        error = self.standard_error
        return f"{self.log_likelihood:.1f}" + (f" ± {error:.1f}" if error is not None else "")

    @property
    def sigmas_text(self) -> str:
        """The σ of each fold, for people."""
        return ", ".join(f"{score.sigma:.4g}" for score in self.folds)


def default_sigmas() -> np.ndarray:
    """Return the authors' grid: ten values from 0.1 to 1, equally spaced in their logarithm."""
    return np.logspace(-1, 0, 10)


@partial(jax.jit, static_argnames=("num_samples",))
def _block(points: jax.Array, blocks: jax.Array, sigmas: jax.Array, num_samples: int) -> tuple[jax.Array, jax.Array]:
    """Return for every point which sample is nearest ``[P]`` and, relative to its kernel, the kernel sums ``[S, P]``.

    ``blocks`` is ``[blocks, B, d]``; rows beyond ``num_samples`` are padding.
    """
    point_norms = jnp.sum(points**2, axis=1)
    rates = 0.5 / sigmas**2

    def visit(carry: tuple[jax.Array, ...], item: tuple[jax.Array, jax.Array]) -> tuple[tuple, None]:
        nearest, place, sums = carry
        block, first = item
        squared = point_norms[:, None] + jnp.sum(block**2, axis=1)[None, :] - 2.0 * (points @ block.T)
        is_padding = (first + jnp.arange(block.shape[0]) >= num_samples)[None, :]
        squared = jnp.where(is_padding, jnp.inf, jnp.maximum(squared, 0.0))
        best = jnp.argmin(squared, axis=1)
        found = jnp.take_along_axis(squared, best[:, None], axis=1)[:, 0]
        place = jnp.where(found < nearest, first + best, place)
        closer = jnp.minimum(nearest, found)
        excess = squared - closer[:, None]
        kernels = jnp.stack([jnp.sum(jnp.exp(-rate * excess), axis=1) for rate in rates])
        return (closer, place, sums * jnp.exp(-rates[:, None] * (nearest - closer)[None, :]) + kernels), None

    nowhere = jnp.full(points.shape[:1], jnp.inf)
    start = (nowhere, jnp.zeros(points.shape[:1], jnp.int32), jnp.zeros((sigmas.shape[0], points.shape[0])))
    firsts = jnp.arange(blocks.shape[0]) * blocks.shape[1]
    (_, place, sums), _ = jax.lax.scan(visit, start, (blocks, firsts))
    return place, sums


def log_likelihoods(samples: np.ndarray, points: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Return log p(x) in nats for every σ and point.

    Distances are taken in float32 after subtracting the mean sample, which leaves the distances as they are and takes
    away most of what would cancel in ``|x|² + |s|² - 2 x·s``; that to the nearest sample is taken again in float64. The
    rest of the arithmetic is float64.

    Args:
        samples: ``[N, d]``, N at least 1.
        points: ``[M, d]``.
        sigmas: ``[S]``, each above 0.

    Returns:
        float64 ``[S, M]``.
    """
    num_samples, dimensions = samples.shape
    center = samples.mean(axis=0, dtype=np.float64)
    centered = (samples - center).astype(np.float32)
    rows = min(SAMPLES_PER_BLOCK, num_samples)
    padding = -num_samples % rows
    blocks = jnp.asarray(np.pad(centered, ((0, padding), (0, 0))).reshape(-1, rows, dimensions))
    result = np.empty((len(sigmas), len(points)))
    rows = min(POINTS_PER_BLOCK, max(len(points), 1))
    for start in range(0, len(points), rows):
        part = (points[start : start + rows] - center).astype(np.float32)
        full = np.pad(part, ((0, rows - len(part)), (0, 0)))  # the last, shorter block runs the same program
        places, sums = _block(jnp.asarray(full), blocks, jnp.asarray(sigmas, jnp.float32), num_samples)
        sums = np.asarray(sums, np.float64)[:, : len(part)]
        apart = np.asarray(points[start : start + rows], np.float64) - samples[np.asarray(places)[: len(part)]]
        nearest = (apart**2).sum(axis=1)
        result[:, start : start + len(part)] = -nearest / (2 * np.asarray(sigmas)[:, None] ** 2) + np.log(
            sums / num_samples
        )
    return result - dimensions * np.log(np.asarray(sigmas)[:, None] * math.sqrt(2 * math.pi))


def parzen_score(
    samples: np.ndarray, validation: np.ndarray, test: np.ndarray, sigmas: np.ndarray | None = None
) -> ParzenScore:
    """Choose σ on the validation points and score the test points with it.

    Args:
        samples: ``[N, d]`` from the model, real-valued.
        validation, test: ``[M, d]`` in the same units.
        sigmas: ``[S]`` rising; the authors' grid by default. A single value is used as it is.
    """
    sigmas = default_sigmas() if sigmas is None else np.asarray(sigmas, np.float64)
    curve = log_likelihoods(samples, validation, sigmas).mean(axis=1)
    sigma = float(sigmas[np.argmax(curve)])
    scores = log_likelihoods(samples, test, np.array([sigma]))[0]
    return ParzenScore(
        log_likelihood=float(scores.mean()),
        standard_error=float(scores.std() / math.sqrt(len(scores))) if len(scores) > 1 else None,
        sigma=sigma,
        sigmas=tuple(float(value) for value in sigmas),
        validation_log_likelihoods=tuple(float(value) for value in curve),
        num_samples=len(samples),
        num_validation=len(validation),
        num_test=len(test),
    )
