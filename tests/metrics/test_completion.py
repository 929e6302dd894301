"""The energy score: against closed forms, and that it is proper; references; classes kept."""

import numpy as np
import pytest
from scipy.stats import norm

from gancli.metrics.completion import energy_scores, kept_by_share, nearest_observed, spreads

RNG = np.random.default_rng(0)


def test_on_the_line_it_is_the_continuous_ranked_probability_score():
    """Of N(0, 1): ``y (2 Φ(y) - 1) + 2 φ(y) - 1 / √π`` (Gneiting and Raftery 2007, §4.2); the estimate is unbiased."""
    for y in (0.0, 0.7, -2.0):
        scores = energy_scores(RNG.standard_normal((20_000, 5, 1)), np.full((20_000, 1), y))
        wanted = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - np.pi**-0.5
        assert abs(scores.mean() - wanted) < 5 * scores.std() / len(scores) ** 0.5


def test_it_is_least_for_the_distribution_of_the_truth():
    truth = RNG.standard_normal((20_000, 3))
    drawn = RNG.standard_normal((20_000, 10, 3))
    best = energy_scores(drawn, truth).mean()
    others = (drawn * 0.7, drawn * 1.4, drawn + 0.3, np.repeat(drawn[:, :1], 10, axis=1), np.zeros((20_000, 1, 3)))
    for other in others:  # too narrow, too wide, moved, always the same answer, the mean alone
        found = energy_scores(other, truth)
        assert found.mean() - best > 5 * found.std() / len(found) ** 0.5


def test_a_spread_is_the_mean_distance_of_two_answers():
    answers = RNG.standard_normal((3, 4, 2))
    wanted = [[np.linalg.norm(a - b) for i, a in enumerate(one) for b in one[:i]] for one in answers]
    np.testing.assert_allclose(spreads(answers), np.mean(wanted, axis=1))
    np.testing.assert_allclose(energy_scores(answers[:, :1], answers[:, 0] + [3.0, 4.0]), 5.0)


def test_the_nearest_example_is_so_on_what_is_observed():
    references, x = RNG.uniform(size=(40, 6)), RNG.uniform(size=(130, 6))
    observed = (RNG.uniform(size=(130, 6)) < 0.5).astype(float)
    wanted = (((x[:, None] - references) * observed[:, None]) ** 2).sum(axis=2)
    rows = nearest_observed(x, observed, references)
    np.testing.assert_allclose(wanted[np.arange(130), rows], wanted.min(axis=1), atol=1e-12)
    assert len(set(rows)) > 5


def test_classes_are_kept_by_the_share_that_is_observed():
    found = kept_by_share(np.array([0.0, 0.5, 1.0, 1.0]), np.array([0.0, 0.2, 0.5, 1.0]))
    assert found == [
        {"from": 0.0, "to": 0.25, "kept": 0.25, "count": 2},
        {"from": 0.5, "to": 0.75, "kept": 1.0, "count": 1},
        {"from": 0.75, "to": 1.0, "kept": 1.0, "count": 1},
    ]
    assert sum(one["count"] for one in found) == 4
    assert found[0]["kept"] == pytest.approx(0.25)
