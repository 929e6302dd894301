"""Inception score (Salimans et al. 2016): exp E KL(p(y|x) ‖ p(y)), high for clear and diverse images."""

from dataclasses import dataclass

import numpy as np
import scipy

from gancli.metrics.inputs import Inputs, Measured

SPLITS = 10


@dataclass(frozen=True)
class InceptionScore:
    """Mean and standard deviation over splits; each at least 1 and at most the number of classes."""

    mean: float
    standard_deviation: float | None  # None: all images score alike, since a split is a single one or all are the same


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
    log_probabilities = scipy.special.log_softmax(logits.astype(np.float64), axis=1)
    values = [score(log_probabilities[rows]) for rows in np.array_split(order, SPLITS)]
    differ = len(logits) >= 2 * SPLITS and bool(np.ptp(logits, axis=0).any())
    return InceptionScore(float(np.mean(values)), float(np.std(values)) if differ else None)


def measure(inputs: Inputs) -> Measured:
    """Measure the Inception score, which needs no reference."""
    logits = inputs.logits
    found = inception_score(logits, inputs.seed)
    values = {"mean": found.mean, "standard_deviation": found.standard_deviation}
    protocol = inputs.protocol(splits=SPLITS)
    protocol.pop("reference", None)
    notes = []
    text = f"{found.mean:.3f}"
    if len(logits) < 2 * SPLITS:
        notes.append(
            f"{len(logits)} samples in {SPLITS} splits: a split of a single image scores 1 whatever it shows. "
            f"Take at least {2 * SPLITS}."
        )
    if found.standard_deviation is not None:
        text += f" ± {found.standard_deviation:.2g} over splits"
    text += f", at most {logits.shape[1]:,}"
    return Measured("inception-score", values, protocol, inputs.draw, text, tuple(notes))
