"""Which of the data's modes samples reach, how often they repeat themselves, and what that amounts to."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import rel_entr

from gancli.imaging.pixels import to_unit
from gancli.metrics.inputs import Density, Inputs, Measured
from gancli.metrics.neighbors import count_within, nearest
from gancli.reporting import Watch

HIGH_QUALITY = 3.0  # standard deviations from a mode's center (Srivastava et al. 2017, VEEGAN)
MISSING, MOST_MISSING = 0.99, 0.5  # shares of the modes below which collapse is partial or outright
DIVERGENT, VERY_DIVERGENT = 0.25, 1.0  # nats of KL above which it is
FEW_IMAGES, VERY_FEW_IMAGES = 10.0, 0.1  # distinct images as a multiple of the samples, below which it is


@dataclass(frozen=True)
class ModeCount:
    """Modes (classes, or Gaussians of a mixture) that samples reach."""

    hit: int  # modes with at least one sample
    total: int  # modes that the data has
    kl: float  # KL(samples ‖ data) between the shares of the modes, nats
    shares: tuple[float, ...]  # of the samples, one for each mode
    high_quality: float | None = None  # share of samples within 3 standard deviations of a mode, for mixtures


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
    return float(rel_entr(p / p.sum(), q / q.sum()).sum()) if p.sum() > 0 else math.log(len(q))


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


def closest(examples: np.ndarray, watch: Watch | None = None) -> float:
    """Return the distance of the two closest examples ``[n, d]``, at least 2."""
    return float(nearest(examples, examples, same=True, watch=watch)[0].min())


def count_duplicates(samples: np.ndarray, threshold: float, watch: Watch | None = None) -> Duplicates:
    """Test samples ``[n, d]``, at least 2; ``threshold``: distance of the :func:`closest` of n data examples."""
    count = len(samples)
    radii = np.full(count, np.nextafter(threshold, 0))  # closer, not as close; equal ones are the same image anyhow
    pairs = int(count_within(samples, samples, radii, watch=watch).sum() - count) // 2  # without itself, and once
    exact = count - len({sample.tobytes() for sample in samples})
    return Duplicates(count, exact, threshold, pairs, count * (count - 1) / (2 * pairs) if pairs else None)


def verdict(modes: ModeCount, duplicates: Duplicates | None) -> tuple[str, str]:
    """Judge a generator: ``healthy``, ``partial collapse`` or ``collapse``, and the numbers behind it in one line."""
    share = modes.hit / modes.total
    distinct = duplicates.support / duplicates.count if duplicates and duplicates.support else math.inf
    told = f"{modes.hit} of {modes.total} modes, KL {modes.kl:.3f} nats"
    if modes.high_quality is not None:
        told += f", {modes.high_quality:.1%} of the samples within 3 standard deviations of one"
    if duplicates:
        known = f"about {duplicates.support:,.0f}" if duplicates.support else f"over {duplicates.least_support:,.0f}"
        told += f", {known} distinct images"
    if share <= MOST_MISSING or modes.kl > VERY_DIVERGENT or distinct < VERY_FEW_IMAGES:
        return "collapse", told
    if share < MISSING or modes.kl > DIVERGENT or distinct < FEW_IMAGES:
        return "partial collapse", told
    return "healthy", told


def measure(inputs: Inputs) -> Measured:
    """Measure modes, duplicates and the verdict."""
    density = inputs.density
    return _of_images(inputs) if density is None else _of_points(inputs, density)


def _of_points(inputs: Inputs, density: Density) -> Measured:
    count = count_gaussians(inputs.points, density.centers, density.standard_deviation)
    modes = f"{inputs.dataset_name} within {HIGH_QUALITY:g} standard deviations"
    protocol = inputs.about_samples | {"modes": modes}
    return _judged(inputs, count, None, {"high_quality": count.high_quality}, protocol)


def _of_images(inputs: Inputs) -> Measured:
    found = inputs.classes()
    count = count_classes(found.samples, found.reference, found.num_classes)
    pixels = inputs.pixels()[: len(found.reference)]
    threshold = inputs.closest_pair(len(pixels))
    duplicates = count_duplicates(to_unit(pixels).reshape(len(pixels), -1), threshold, inputs.watch("duplicates"))
    values = {
        "exact_duplicates": duplicates.exact,
        "near_duplicate_pairs": duplicates.pairs,
        "duplicate_distance": duplicates.threshold,
        "distinct_images": duplicates.support,
        "least_distinct_images": duplicates.least_support,
    }
    protocol = {"classes": found.classifier, "reference": found.compared} | inputs.about_samples
    return _judged(inputs, count, duplicates, values, protocol)


def _judged(
    inputs: Inputs, count: ModeCount, duplicates: Duplicates | None, more: dict[str, Any], protocol: dict[str, Any]
) -> Measured:
    judged, text = verdict(count, duplicates)
    values = {"verdict": judged, "hit": count.hit, "total": count.total, "kl": count.kl} | more
    values["shares"] = [float(share) for share in count.shares] if count.total <= 25 else None
    return Measured("modes", values, protocol, inputs.draw, f"{judged}: {text}")
