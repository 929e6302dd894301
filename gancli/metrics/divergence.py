"""How far samples are from data by the measure of the game itself: the Jensen-Shannon divergence, in nats."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from gancli.errors import UsageError
from gancli.imaging.pixels import to_unit
from gancli.metrics.inputs import Density, Inputs, Measured, identify_split

CELLS_PER_DEVIATION = {1: 20, 2: 2}  # by the dimensions of the data
POINTS_PER_AXIS = {1: 20_000, 2: 800}
REACH = 6.0  # standard deviations around the centers that cells cover
POINTS = 1_000_000  # samples behind an exact divergence


@dataclass(frozen=True)
class Bound:
    """½ (V + log 4) for one discriminator: the divergence is at least this (Goodfellow et al. 2014, §4.1)."""

    value: float  # V = E log D(x) + E log(1 - D(G(z)))
    bound: float  # at most log 2
    standard_error: float  # of the bound


def bound(real_logits: np.ndarray, fake_logits: np.ndarray) -> Bound:
    """Return the bound from D's logits on data ``[n]`` and on samples ``[m]`` that it was not trained on."""
    real, fake = (
        -np.logaddexp(0, sign * part.astype(np.float64)) for sign, part in ((-1, real_logits), (1, fake_logits))
    )
    value = float(real.mean() + fake.mean())
    error = 0.5 * math.sqrt(real.var() / len(real) + fake.var() / len(fake))
    return Bound(value, 0.5 * (value + math.log(4)), error)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Return the divergence of two distributions over the same cells, nats, in [0, log 2]."""
    p, q = (np.where(part < np.finfo(np.float64).tiny, 0.0, part) for part in (p, q))  # half of less may be 0
    middle = (p + q) / 2
    return 0.5 * float((scipy.special.rel_entr(p, middle) + scipy.special.rel_entr(q, middle)).sum())


def density_divergence(p: Density, q: Density) -> float:
    """Return the divergence of two known densities in one or two dimensions, by the midpoint rule, nats.

    The integrand is smooth and dies away at the edges, 9 standard deviations from the outermost centers, so that the
    rule converges faster than any power of the number of points.
    """
    dimensions = p.centers.shape[1]
    reach = [(d.centers - 9 * d.standard_deviation, d.centers + 9 * d.standard_deviation) for d in (p, q)]
    low = np.min([low.min(axis=0) for low, _ in reach], axis=0)
    high = np.max([high.max(axis=0) for _, high in reach], axis=0)
    count = POINTS_PER_AXIS[dimensions]
    axes = [a + (b - a) * (np.arange(count) + 0.5) / count for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, dimensions)
    cell = float(np.prod((high - low) / count))
    return jensen_shannon(*(np.exp(density.log_density(points)) * cell for density in (p, q)))


def known_divergence(points: np.ndarray, centers: np.ndarray, standard_deviation: float) -> float:
    """Return the divergence of points ``[n, D]`` from a mixture of equal Gaussians ``[M, D]``, D 1 or 2.

    Space is cut into cells much smaller than a Gaussian. The data's share of a cell is exact; the samples' is counted,
    so that with n points in K cells about K / 8n nats are too many. Cells can only hide differences, never add any.
    """
    dimensions = centers.shape[1]
    width = standard_deviation / CELLS_PER_DEVIATION[dimensions]
    low, high = centers.min(axis=0) - REACH * standard_deviation, centers.max(axis=0) + REACH * standard_deviation
    edges = [np.arange(a, b + width, width) for a, b in zip(low, high, strict=True)]
    data = np.zeros([len(axis) - 1 for axis in edges])
    for center in centers:
        masses = [
            np.diff(scipy.special.ndtr((axis - middle) / standard_deviation))
            for axis, middle in zip(edges, center, strict=True)
        ]
        data += (masses[0] if dimensions == 1 else np.outer(*masses)) / len(centers)
    counted, _ = np.histogramdd(points, bins=edges)
    samples = counted / len(points)
    outside = [np.array([max(1 - part.sum(), 0.0)]) for part in (data, samples)]  # one more cell for everything else
    return jensen_shannon(*(np.append(part.ravel(), rest) for part, rest in zip((data, samples), outside, strict=True)))


def measure(inputs: Inputs) -> Measured:
    """Measure the Jensen-Shannon divergence: bounded by the discriminator, exact on points of one or two dimensions."""
    held_out = inputs.held_out()
    if min(len(held_out), inputs.num_samples) < 2:
        raise UsageError(
            f"--divergence needs at least 2 samples and 2 held-out examples, got {inputs.num_samples} samples and "
            f"{len(held_out)} validation examples of '{held_out.name}'."
        )
    real, fake = (inputs.scores(x) for x in (to_unit(held_out.examples), inputs.points))
    found = bound(real, fake)
    values: dict[str, Any] = {"bound": found.bound, "standard_error": found.standard_error, "value": found.value}
    text = f"at least {max(found.bound, 0):.4f} ± {found.standard_error:.2g} nats by this discriminator"
    protocol = {"held_out": identify_split(held_out)} | inputs.about_samples
    if (density := inputs.density) and density.centers.shape[1] in CELLS_PER_DEVIATION:
        exact = known_divergence(inputs.draw_points(POINTS), density.centers, density.standard_deviation)
        values |= {"jsd": exact, "optimal_value": 2 * exact - math.log(4)}
        text += f"; {exact:.4f} by the known density, so V of the best one is {values['optimal_value']:.4f}"
    return Measured("divergence", values, protocol, inputs.draw, text)
