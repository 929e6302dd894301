"""Kernel distance between two sets of features (KID: Bińkowski et al. 2018)."""

import math
from dataclasses import dataclass

import numpy as np

from gancli.metrics.inputs import Inputs, Measured

SUBSETS, SUBSET_SIZE = 100, 1000


@dataclass(frozen=True)
class KernelDistance:
    """Mean and standard deviation over subsets; unbiased, so negative now and then where the sets are alike."""

    mean: float
    standard_deviation: float | None  # None: subsets share most members, or all members are the same
    subsets: int
    subset_size: int


def _kernel_sum(x: np.ndarray, y: np.ndarray) -> float:
    """Return the sum of ``(x · y / d + 1)³`` over all pairs."""
    values = x @ y.T
    values /= x.shape[1]
    values += 1
    return float(np.vdot(values, values**2))


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012, Lemma 6), float64.

    Args:
        x: ``[n, d]``, n at least 2.
        y: ``[m, d]``, m at least 2.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    n, m = len(x), len(y)
    within = 0.0
    for part in (x, y):
        own = ((part**2).sum(axis=1) / part.shape[1] + 1) ** 3
        within += (_kernel_sum(part, part) - own.sum()) / (len(part) * (len(part) - 1))
    return within - 2 * _kernel_sum(x, y) / (n * m)


def squared_mmd_with_error(x: np.ndarray, y: np.ndarray) -> tuple[float, float | None]:
    """Return :func:`squared_mmd` and its standard error, by leaving out each member of either set (Arvesen 1969).

    The error is None where a set has two members, of which none can be left out.

    Args:
        x: ``[n, d]``, n at least 2.
        y: ``[m, d]``, m at least 2.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    across = _kernels(x, y)
    sizes, within = (len(x), len(y)), []
    for part in (x, y):
        own = _kernels(part, part)
        np.fill_diagonal(own, 0.0)
        within.append(own.sum(axis=1))
    means = [rows.sum() / (size * (size - 1)) for rows, size in zip(within, sizes, strict=True)]
    value = sum(means) - 2 * across.mean()
    if min(sizes) < 3:
        return float(value), None
    variance = 0.0
    for place, (rows, size) in enumerate(zip(within, sizes, strict=True)):
        rest = (rows.sum() - 2 * rows) / ((size - 1) * (size - 2))
        met = (across.sum() - across.sum(axis=1 - place)) / ((size - 1) * sizes[1 - place])
        values = rest + means[1 - place] - 2 * met
        variance += (size - 1) / size * float(((values - values.mean()) ** 2).sum())
    return float(value), math.sqrt(variance)


def _kernels(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return ``(x · y / d + 1)³`` of all pairs."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def kernel_distance(samples: np.ndarray, reference: np.ndarray, seed: int) -> KernelDistance:
    """Return the kernel distance of ``[n, d]`` from ``[m, d]``: 100 pairs of random subsets of up to 1 000 each.

    Subsets are drawn without replacement; different ones may share members. Their deviation says something where each
    set has two that share none, and one set has two different members. Where a subset is the whole of both sets, there
    is one pair.
    """
    size = min(SUBSET_SIZE, len(samples), len(reference))
    if size == len(samples) == len(reference):
        return KernelDistance(squared_mmd(samples, reference), None, 1, size)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(SUBSETS):
        x, y = (part[rng.choice(len(part), size, replace=False)] for part in (samples, reference))
        values.append(squared_mmd(x, y))
    varied = any(np.ptp(part, axis=0).any() for part in (samples, reference))
    differ = varied and 2 * size <= min(len(samples), len(reference))
    return KernelDistance(float(np.mean(values)), float(np.std(values)) if differ else None, SUBSETS, size)


def measure(inputs: Inputs) -> Measured:
    """Measure the kernel distance."""
    found = kernel_distance(inputs.features, inputs.reference_features, inputs.seed)
    values = {"mean": found.mean, "standard_deviation": found.standard_deviation}
    protocol = inputs.protocol(subsets=f"{found.subsets}x{found.subset_size}")
    text = f"{found.mean:.4g}"
    if found.standard_deviation is not None:
        text += f" ± {found.standard_deviation:.2g} over subsets"
    return Measured("kid", values, protocol, inputs.draw, text)
