"""Which of the data's modes samples reach, and how often they repeat themselves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from gancli.imaging.pixels import to_unit
from gancli.metrics.health import amounts_to
from gancli.metrics.inputs import Density, Inputs, Measured
from gancli.metrics.neighbors import count_within, nearest
from gancli.reporting import Watch

HIGH_QUALITY = 3.0  # standard deviations from a mode's center (Srivastava et al. 2017, VEEGAN)


@dataclass(frozen=True)
class ModeCount:
    """Modes (classes, or Gaussians of a mixture) that samples reach."""

    hit: int  # modes with at least one sample
    total: int  # modes that the data has
    kl: float  # KL(samples ‖ data) between the shares of the modes, nats
    shares: tuple[float, ...]  # of the samples, one for each mode
    high_quality: float | None = None  # share of samples within 3 standard deviations of a mode, for mixtures

    @property
    def numbers(self) -> dict[str, Any]:
        """What JSON has of it, and what :func:`gancli.metrics.health.amounts_to` goes by."""
        numbers = {"hit": self.hit, "total": self.total, "kl": self.kl}
        return numbers | ({} if self.high_quality is None else {"high_quality": self.high_quality})


def count_classes(classes: np.ndarray, data_classes: np.ndarray, num_classes: int) -> ModeCount:
    """Compare the classes ``[n]`` of samples with those ``[m]`` of data; classes that the data lacks do not count."""
    shares, expected = (np.bincount(part, minlength=num_classes) / len(part) for part in (classes, data_classes))
    known = expected > 0
    return ModeCount(
        int((shares[known] > 0).sum()), int(known.sum()), _kl(shares[known], expected[known]), tuple(shares)
    )


def count_gaussians(points: np.ndarray, centers: np.ndarray, standard_deviation: float) -> ModeCount:
    """Count the equal Gaussians ``[M, D]`` that points ``[n, D]`` reach: a mode is hit by a point within 3σ."""
    distances, modes = nearest(points, centers)
    good = modes[distances[:, 0] <= HIGH_QUALITY * standard_deviation, 0]
    shares = np.bincount(good, minlength=len(centers)) / max(len(good), 1)
    expected = np.full(len(centers), 1 / len(centers))
    return ModeCount(
        int((shares > 0).sum()), len(centers), _kl(shares, expected), tuple(shares), len(good) / len(points)
    )


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    """Return KL(p ‖ q) in nats, both brought to sum 1; where no sample reaches a mode, log of the number of modes."""
    return float(scipy.special.rel_entr(p / p.sum(), q / q.sum()).sum()) if p.sum() > 0 else math.log(len(q))


@dataclass(frozen=True)
class Duplicates:
    """The birthday test of Arora and Zhang (2017): how many distinct images can a generator that repeats itself have?

    Two samples count as the same image where they are closer to each other than any two of as many data examples are.
    """

    count: int  # samples looked at
    exact: int  # samples that equal an earlier one, pixel for pixel
    threshold: float  # distance of the two closest of as many data examples
    pairs: int  # pairs of samples closer than that
    support: float | None  # estimated number of distinct images; None: no pair was found

    @property
    def least_support(self) -> float:
        """Distinct images below which a repetition would probably have been seen: n (n - 1) / 2."""
        return self.count * (self.count - 1) / 2

    @property
    def numbers(self) -> dict[str, Any]:
        """What JSON has of it, and what :func:`gancli.metrics.health.amounts_to` goes by."""
        return {
            "exact_duplicates": self.exact,
            "near_duplicate_pairs": self.pairs,
            "duplicate_distance": self.threshold,
            "distinct_images": self.support,
            "least_distinct_images": self.least_support,
        }


def closest(examples: np.ndarray, watch: Watch | None = None) -> float:
    """Return the distance of the two closest examples ``[n, d]``, at least 2."""
    return float(nearest(examples, examples, same=True, watch=watch)[0].min())


def copies(samples: np.ndarray, threshold: float, watch: Watch | None = None) -> np.ndarray:
    """Return how many others each of the samples ``[n, d]`` equals or is closer to than a threshold, ``[n]``."""
    radii = np.full(len(samples), np.nextafter(threshold, 0))  # closer, not as close; equal ones are the same anyhow
    return count_within(samples, samples, radii, watch=watch) - 1  # without itself


def count_duplicates(samples: np.ndarray, threshold: float, watch: Watch | None = None) -> Duplicates:
    """Test samples ``[n, d]``, at least 2; ``threshold``: distance of the :func:`closest` of n data examples."""
    count = len(samples)
    pairs = int(copies(samples, threshold, watch).sum()) // 2
    exact = count - len({sample.tobytes() for sample in samples})
    return Duplicates(count, exact, threshold, pairs, count * (count - 1) / (2 * pairs) if pairs else None)


def row(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what the table of a run shows, by column."""
    total = str(values["total"])
    cells = {"modes": f"{values['hit']:>{len(total)}} of {total}", "KL ↓": f"{values['kl']:.3f}"}
    if "high_quality" in values:
        return cells | {"near one ↑": f"{values['high_quality']:.1%}"}
    distinct = values["distinct_images"]
    return cells | {"distinct ↑": f"{distinct:,.0f}" if distinct else f">{values['least_distinct_images']:,.0f}"}


def measure(inputs: Inputs) -> Measured:
    """Measure modes, duplicates and the verdict."""
    density = inputs.density
    return _of_images(inputs) if density is None else _of_points(inputs, density)


def _of_points(inputs: Inputs, density: Density) -> Measured:
    points, centers = density.whitened(inputs.points), density.whitened(density.centers)
    count = count_gaussians(points, centers, density.standard_deviation)
    modes = f"{inputs.dataset_name} within {HIGH_QUALITY:g} standard deviations"
    return _measured(inputs, count, {}, inputs.about_samples | {"modes": modes})


def _of_images(inputs: Inputs) -> Measured:
    found = inputs.classes()
    count = count_classes(found.samples, found.reference, found.num_classes)
    pixels = inputs.pixels()[: len(found.reference)]
    threshold = inputs.closest_pair(len(pixels))
    duplicates = count_duplicates(to_unit(pixels).reshape(len(pixels), -1), threshold, inputs.watch("duplicates"))
    protocol = {"classes": found.classifier, "reference": found.compared} | inputs.about_samples
    return _measured(inputs, count, duplicates.numbers, protocol)


def _measured(inputs: Inputs, count: ModeCount, more: dict[str, Any], protocol: dict[str, Any]) -> Measured:
    numbers = count.numbers | more
    found = amounts_to(numbers)
    assert found is not None, "modes were counted"
    name, reason = found
    shares = [float(share) for share in count.shares] if count.total <= 25 else None
    return Measured(
        "modes", {"verdict": name} | numbers | {"shares": shares}, protocol, inputs.draw, f"{name}: {reason}"
    )
