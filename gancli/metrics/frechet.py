"""Fréchet distance between Gaussians fitted to features (Dowson and Landau 1982; FID: Heusel et al. 2017).

``|μ_1 - μ_2|² + tr(Σ_1 + Σ_2 - 2 (Σ_1 Σ_2)^½)``. The product Σ_1 Σ_2 is not symmetric, and its root by Schur's method
has failed for whole versions of SciPy; but with Σ_2 = R Rᵀ its eigenvalues are those of Rᵀ Σ_1 R, which is symmetric
and has none below zero. The trace of the root is the sum of their roots: no matrix root, nothing added to the diagonal.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gancli.errors import GancliError
from gancli.metrics.inputs import Inputs, Measured
from gancli.metrics.moments import Gaussian, Moments

GROUPS = 20  # of the jackknife
TOLERANCE = 1e-6  # of the self-check, relative to the trace


@dataclass(frozen=True)
class Estimate:
    """A statistic of a sample with what the jackknife says of it."""

    value: float
    standard_error: float | None  # None where there are too few samples to leave any out, or all are the same
    bias: float | None  # how far the value lies above that of infinitely many samples, to first order


def frechet_distance(one: Gaussian, other: Gaussian) -> float:
    """Return the squared Fréchet (2-Wasserstein) distance, at least 0. ``other`` is factorised only once."""
    root = other.root
    product = root.T @ one.covariance @ root
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    traces = np.trace(one.covariance) + np.trace(other.covariance)
    shared = np.sqrt(np.maximum(eigenvalues, 0.0)).sum()
    return max(float(((one.mean - other.mean) ** 2).sum() + traces - 2 * shared), 0.0)


def check(reference: Gaussian) -> None:
    """Measure two distances whose values are known, with the very numbers that are about to be used.

    From N(μ, Σ) to itself it is 0, and to N(μ, 4 Σ) it is tr Σ.

    Raises:
        GancliError: this machine's linear algebra does not find them.
    """
    trace = float(np.trace(reference.covariance))
    for factor, expected in ((1, 0.0), (4, trace)):
        found = frechet_distance(Gaussian(reference.mean, factor * reference.covariance), reference)
        if not math.isclose(found, expected, abs_tol=TOLERANCE * trace):
            raise GancliError(
                f"the Fréchet distance fails its self-check: {found:.8g} where {expected:.8g} is known. "
                f"The linear algebra of this NumPy or SciPy is at fault; try another version."
            )


def jackknife(groups: Sequence[Moments], statistic: Callable[[Gaussian], float]) -> Estimate:
    """Estimate a statistic of all groups together, its standard error and its bias, by leaving each group out.

    Quenouille 1949, Tukey 1958; for g groups the bias is (g - 1)(mean of the g values - value), which takes away the
    part that falls with 1/n.

    Args:
        groups: of about equal size, drawn at random from the sample.
        statistic: of a Gaussian.
    """
    width = len(groups[0].mean)
    before, after = [Moments.empty(width)], [Moments.empty(width)]
    for group in groups:
        before.append(before[-1].merge(group))
    for group in reversed(groups):
        after.append(group.merge(after[-1]))
    value = statistic(before[-1].compute())
    remaining = [before[index].merge(after[len(groups) - 1 - index]) for index in range(len(groups))]
    if len(groups) < 2 or min(rest.count for rest in remaining) < 2:
        return Estimate(value, None, None)
    values = np.array([statistic(rest.compute()) for rest in remaining])
    share = (len(groups) - 1) / len(groups)
    spread = math.sqrt(share * float(((values - values.mean()) ** 2).sum()))
    return Estimate(value, spread, float((len(groups) - 1) * (values.mean() - value)))


def frechet(features: np.ndarray, reference: Gaussian, seed: int) -> Estimate:
    """Return the Fréchet distance of features ``[n, d]``, n at least 2, from a reference, with its jackknife.

    The groups are drawn at random with ``seed``; the value itself does not depend on it.
    """
    check(reference)
    order = np.random.default_rng(seed).permutation(len(features))
    groups = [Moments.of(features[np.sort(rows)]) for rows in np.array_split(order, min(GROUPS, len(features)))]
    value = frechet_distance(Moments.of(features).compute(), reference)
    if not np.ptp(features, axis=0).any():
        return Estimate(value, None, None)
    found = jackknife(groups, lambda gaussian: frechet_distance(gaussian, reference))
    return Estimate(value, found.standard_error, found.bias)


def frechet_between(one: np.ndarray, other: np.ndarray) -> float:
    """Return the Fréchet distance of two sets of features, ``[n, d]`` and ``[m, d]``, n and m at least 2.

    The roots of the eigenvalues of Σ_1 Σ_2 are singular values of ``X Yᵀ``, X and Y centered. Of fewer examples than
    features that matrix is the smaller one.
    """
    if min(len(one), len(other)) >= one.shape[1]:
        return frechet_distance(*(Moments.of(part).compute() for part in (one, other)))
    means = [part.mean(axis=0, dtype=np.float64) for part in (one, other)]
    centered = [(part - mean) / math.sqrt(len(part) - 1) for part, mean in zip((one, other), means, strict=True)]
    traces = sum(float((part**2).sum()) for part in centered)
    shared = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    return max(float(((means[0] - means[1]) ** 2).sum()) + traces - 2 * float(shared), 0.0)


def frechet_of_two_samples(one: np.ndarray, other: np.ndarray, seed: int) -> Estimate:
    """Return :func:`frechet_between` with a jackknife that leaves out groups of either set (Arvesen 1969).

    The groups are drawn at random with ``seed``; the value itself does not depend on it.
    """
    value, sides, rng = frechet_between(one, other), (one, other), np.random.default_rng(seed)
    variance, bias = 0.0, 0.0
    for place, side in enumerate(sides):
        groups = np.array_split(rng.permutation(len(side)), min(GROUPS, len(side)))
        if len(side) - len(groups[0]) < 2:
            return Estimate(value, None, None)
        left = (np.delete(side, rows, axis=0) for rows in groups)
        values = np.array([frechet_between(part, sides[1 - place]) for part in left])
        variance += (len(groups) - 1) / len(groups) * float(((values - values.mean()) ** 2).sum())
        bias += float((len(groups) - 1) * (values.mean() - value))
    return Estimate(value, math.sqrt(variance), bias)


def measure(inputs: Inputs) -> Measured:
    """Measure the Fréchet distance, with a note where there are too few samples for the features."""
    estimate = frechet(inputs.features, inputs.reference_gaussian, inputs.seed)
    text = f"{estimate.value:.4g}"
    if estimate.standard_error is not None:
        text += f" ± {estimate.standard_error:.2g}"
    notes = []
    width = inputs.features.shape[1]
    for count, what in ((inputs.num_samples, "samples"), (inputs.reference_count, "reference images")):
        if count is not None and count <= width:
            notes.append(
                f"{count:,} {what} for {width:,} features: the Fréchet distance is biased upwards"
                + (f", by about {estimate.bias:.3g}" if estimate.bias is not None and what == "samples" else "")
                + ". Take more, or use --kid."
            )
    values = {"value": estimate.value, "standard_error": estimate.standard_error, "bias": estimate.bias}
    return Measured("fid", values, inputs.protocol(), inputs.draw, text, tuple(notes))
