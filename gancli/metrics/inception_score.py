"""Inception score (Salimans et al. 2016): exp E KL(p(y|x) ‖ p(y)), high for clear and diverse images."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from gancli.metrics.inputs import Inputs, Measured

SPLITS = 10


@dataclass(frozen=True)
class InceptionScore:
    """Mean and standard deviation over splits; each at least 1 and at most the number of classes."""

    mean: float
    standard_deviation: float


def score(log_probabilities: np.ndarray) -> float:
    """Return the score of one split, ``[n, k]`` with n at least 1, in nats before the exponential."""
    probabilities = np.exp(log_probabilities)
    marginal = probabilities.mean(axis=0)
    # A class of probability 0 everywhere contributes nothing.
    log_marginal = np.log(marginal, out=np.zeros_like(marginal), where=marginal > 0)
    return float(np.exp((probabilities * (log_probabilities - log_marginal)).sum(axis=1).mean()))


def inception_score(logits: np.ndarray, seed: int) -> InceptionScore:
    """Return the score of logits ``[n, k]``, n at least 10: mean and deviation over 10 random splits of equal size."""
    order = np.random.default_rng(seed).permutation(len(logits))
    log_probabilities = log_softmax(logits.astype(np.float64), axis=1)
    values = [score(log_probabilities[rows]) for rows in np.array_split(order, SPLITS)]
    return InceptionScore(float(np.mean(values)), float(np.std(values)))


def measure(inputs: Inputs) -> Measured:
    """Measure the Inception score, which needs no reference."""
    logits = inputs.logits
    found = inception_score(logits, inputs.seed)
    values = {"mean": found.mean, "standard_deviation": found.standard_deviation}
    protocol = inputs.protocol(splits=SPLITS)
    protocol.pop("reference", None)
    text = f"{found.mean:.3f} ± {found.standard_deviation:.2g} over splits, at most {logits.shape[1]:,}"
    return Measured("inception-score", values, protocol, inputs.draw, text)
