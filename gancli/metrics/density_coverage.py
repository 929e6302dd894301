"""Density and coverage (Naeem et al. 2020): precision and recall that a single outlier does not move."""

from dataclasses import dataclass

import numpy as np

from gancli.metrics.inputs import Inputs, Measured
from gancli.metrics.neighbors import count_within, nearest
from gancli.reporting import Watch

NEIGHBORS = 5


@dataclass(frozen=True)
class DensityCoverage:
    """Both are about 1 where samples and reference have one distribution and there are as many of each."""

    density: float  # how densely samples lie where the reference does; at least 0, may exceed 1
    coverage: float  # share of the reference that has a sample in its ball, in [0, 1]


def density_coverage(
    samples: np.ndarray, reference: np.ndarray, k: int = NEIGHBORS, watch: Watch | None = None
) -> DensityCoverage:
    """Return density and coverage of features ``[n, d]`` against ``[m, d]``; m more than k.

    Balls are closed and reach from a member of the reference to its k-th nearest other member.
    """
    radii = nearest(reference, reference, k, same=True, watch=watch)[0][:, -1]
    counts = count_within(samples, reference, radii, watch=watch)
    closest = nearest(reference, samples, watch=watch)[0][:, 0]
    return DensityCoverage(float(counts.mean() / k), float((closest <= radii).mean()))


def measure(inputs: Inputs) -> Measured:
    """Measure density and coverage, by as many of the reference's images as there are samples."""
    reference = inputs.reference_subset
    found = density_coverage(inputs.features, reference, watch=inputs.watch("density and coverage"))
    values = {"density": found.density, "coverage": found.coverage}
    protocol = inputs.protocol(count=len(reference), k=NEIGHBORS)
    return Measured("density-coverage", values, protocol, inputs.draw, f"{found.density:.3f}, {found.coverage:.3f}")
