"""How well a run completes examples of which a part is hidden, by a proper score.

The energy score of a distribution with draws X, X' and an example y is ``E ||X - y|| - ½ E ||X - X'||`` (Gneiting and
Raftery 2007, equation 22, with the sign turned). Its mean is least for the true conditional distribution alone: it
rewards answers near the example, and as much variety among them as there is in the data. Of one answer it is the
distance. Observed parts are equal, so only hidden ones count.
"""

import math
from typing import Any

import numpy as np

from gancli.metrics.inputs import Inputs, Measured, identify_split

QUESTIONS, ANSWERS = 1000, 10
BINS = 4  # of shares that are observed
BLOCK = 100  # questions at a time


def energy_scores(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the energy score ``[N]`` of answers ``[N, m, d]`` to questions about examples ``[N, d]``; unbiased."""
    near = np.linalg.norm(answers.astype(np.float64) - truth[:, None], axis=2).mean(axis=1)
    return near if answers.shape[1] == 1 else near - spreads(answers) / 2


def spreads(answers: np.ndarray) -> np.ndarray:
    """Return the mean distance ``[N]`` between two of the answers ``[N, m, d]`` to a question, m at least 2."""
    count = answers.shape[1]
    pairs = [(i, j) for i in range(count) for j in range(i)]
    total = sum(np.linalg.norm(answers[:, i].astype(np.float64) - answers[:, j], axis=1) for i, j in pairs)
    return np.asarray(total) / len(pairs)


def nearest_observed(x: np.ndarray, observed: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Return the rows ``[N]`` of references ``[M, d]`` nearest to ``x`` ``[N, d]`` on what is observed of it."""
    rows = np.empty(len(x), np.int64)
    squares = references**2
    for start in range(0, len(x), BLOCK):
        part = slice(start, start + BLOCK)
        apart = observed[part] @ squares.T - 2 * (observed[part] * x[part]) @ references.T
        rows[part] = apart.argmin(axis=1)
    return rows


def kept_by_share(kept: np.ndarray, shares: np.ndarray) -> list[dict[str, Any]]:
    """Return the mean of ``kept`` ``[N]`` for questions of which up to a quarter, a half, and so on is observed.

    Args:
        kept: of each question the share of answers of the right class.
        shares: of each question the share that is observed.
    """
    found = []
    for place in range(BINS):
        low, high = place / BINS, (place + 1) / BINS
        inside = (shares >= low) & ((shares < high) | (high == 1))
        if inside.any():
            found.append({"from": low, "to": high, "kept": float(kept[inside].mean()), "count": int(inside.sum())})
    return found


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0


def measure(inputs: Inputs) -> Measured:
    """Measure the completions of a run on held-out examples, of a finished run on test examples beside references."""
    asked = inputs.questioned(QUESTIONS, ANSWERS)
    count, shape = len(asked.truth), asked.truth.shape[1:]
    truth, answers = asked.truth.reshape(count, -1), asked.answers.reshape(count, ANSWERS, -1)
    observed = np.broadcast_to(asked.observed, asked.truth.shape).reshape(count, -1)
    scores = energy_scores(answers, truth)
    value, error = _mean(scores)
    spread = float(spreads(answers).mean())
    values: dict[str, Any] = {"value": value, "standard_error": error, "spread": spread}
    text = f"energy score {value:.4g} ± {error:.2g}"
    if asked.train is not None:
        references = asked.train.flat()
        rows = nearest_observed(truth, observed, references)
        others = {"nearest": np.where(observed > 0, truth, references[rows])}
        if asked.predicted is not None:
            others["least_squares"] = asked.predicted.reshape(count, -1)
        for name, other in others.items():
            point = energy_scores(other[:, None], truth)
            more, more_error = _mean(point - scores)
            values |= {name: float(point.mean()), f"{name}_margin": more, f"{name}_margin_standard_error": more_error}
            text += f"; {name.replace('_', ' ')} {point.mean():.4g} ({more:+.3g} ± {more_error:.2g})"
    text += f"; spread {spread:.4g}"
    if (classes := inputs.classify(asked.truth)) is not None:
        found = inputs.classify(asked.answers.reshape(-1, *shape))
        assert found is not None, "a classifier answers always"
        kept = (found.reshape(count, ANSWERS) == classes[:, None]).mean(axis=1)
        by_share = kept_by_share(kept, observed.mean(axis=1))
        values |= {"classes_kept": float(kept.mean()), "classes_kept_by_share": by_share}
        parts = ", ".join(f"{one['kept']:.0%} of {one['from']:.0%}-{one['to']:.0%} observed" for one in by_share)
        text += f"; class kept {kept.mean():.1%} ({parts})"
    protocol = {
        "examples": identify_split(asked.split),
        "questions": count,
        "answers": ANSWERS,
        "masks": ",".join(asked.masks),
        "seed": inputs.seed,
    }
    return Measured("completion", values, protocol, inputs.draw, text)
