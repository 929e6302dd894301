"""How well a score tells two kinds of examples apart: area under the ROC curve and average precision."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95  # of an interval
LEAST = 2  # examples of each kind


@dataclass(frozen=True)
class Interval:
    """A number with the interval in which it lies over resamples."""

    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """The same for people."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, float]:
        """Return the JSON result."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Detection:
    """How well high scores mark the positive examples."""

    roc_auc: Interval  # 0.5: as well as chance
    average_precision: Interval  # the share of positives: as well as chance


def detection(scores: np.ndarray, positive: np.ndarray, seed: int = 0) -> Detection:
    """Return both areas of scores ``[N]``, with percentile bootstrap intervals of 95 %.

    A resample draws as many positive examples and as many negative ones as there are, each with replacement (Efron and
    Tibshirani 1993, §8.3): so the average precision, which goes by the share of positives, keeps that share.

    Args:
        scores: higher ones are to mark positive examples.
        positive: bool ``[N]``, with at least two of each kind.
        seed: of the resamples.
    """
    levels, places = np.unique(scores, return_inverse=True)
    kinds = places[positive], places[~positive]
    rng = np.random.default_rng(seed)

    def counts(kind: np.ndarray) -> np.ndarray:
        return np.bincount(kind, minlength=len(levels))

    drawn = [_areas(*(counts(rng.choice(kind, len(kind))) for kind in kinds)) for _ in range(RESAMPLES)]
    edges = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0).T
    values = _areas(*map(counts, kinds))
    return Detection(*(Interval(value, *edge) for value, edge in zip(values, edges.tolist(), strict=True)))


def _areas(positive: np.ndarray, negative: np.ndarray) -> tuple[float, float]:
    """Return the area under the ROC curve and the average precision of counts at each score ``[L]``, rising.

    The first is the probability that a positive example scores higher than a negative one, ties counted as half (Mann
    and Whitney 1947); the second the sum of precisions, each times the recall that its score adds.
    """
    higher = np.cumsum(negative) - 0.5 * negative
    area = positive @ higher / (positive.sum() * negative.sum())
    hits, all_above = (np.cumsum(part[::-1]) for part in (positive, positive + negative))
    precision = hits / np.maximum(all_above, 1)
    return float(area), float(positive[::-1] @ precision / positive.sum())
