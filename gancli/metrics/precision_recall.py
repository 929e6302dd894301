"""Improved precision and recall (Kynkäänniemi et al. 2019) over the balls of k-th nearest neighbors."""

from dataclasses import dataclass

import numpy as np

from gancli.metrics.inputs import Inputs, Measured
from gancli.metrics.neighbors import count_within, nearest
from gancli.reporting import Watch

NEIGHBORS = 3


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares in [0, 1]."""

    precision: float  # of samples inside the manifold of the reference
    recall: float  # of the reference inside the manifold of the samples


def precision_recall(
    samples: np.ndarray, reference: np.ndarray, k: int = NEIGHBORS, watch: Watch | None = None
) -> PrecisionRecall:
    """Return precision and recall of features ``[n, d]`` against ``[m, d]``; n and m more than k.

    A set's manifold is the union of closed balls around its members, each reaching to the k-th nearest other member
    (their equation 1: ``<=``).
    """
    inside_reference = count_within(samples, reference, _radii(reference, k, watch), watch=watch) > 0
    inside_samples = count_within(reference, samples, _radii(samples, k, watch), watch=watch) > 0
    return PrecisionRecall(float(inside_reference.mean()), float(inside_samples.mean()))


def _radii(features: np.ndarray, k: int, watch: Watch | None) -> np.ndarray:
    return nearest(features, features, k, same=True, watch=watch)[0][:, -1]


def measure(inputs: Inputs) -> Measured:
    """Measure precision and recall, by as many of the reference's images as there are samples."""
    reference = inputs.reference_subset
    found = precision_recall(inputs.features, reference, watch=inputs.watch("precision and recall"))
    values = {"precision": found.precision, "recall": found.recall}
    protocol = inputs.protocol(count=len(reference), k=NEIGHBORS)
    return Measured("precision-recall", values, protocol, inputs.draw, f"{found.precision:.3f}, {found.recall:.3f}")
