"""Inception score (Salimans et al. 2016): exp E KL(p(y|x) ‖ p(y)), high for clear and diverse images."""

from dataclasses import dataclass

import numpy as np

SPLITS = 10


@dataclass(frozen=True)
class InceptionScore:
    """Mean and standard deviation over splits; each at least 1 and at most the number of classes."""

    mean: float
    standard_deviation: float


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return float64 log probabilities ``[n, k]``."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


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
    log_probabilities = log_softmax(logits)
    values = [score(log_probabilities[rows]) for rows in np.array_split(order, SPLITS)]
    return InceptionScore(float(np.mean(values)), float(np.std(values)))
