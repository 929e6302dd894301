"""Areas under curves: closed forms, scikit-learn's, and intervals against DeLong's variance."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from gancli.metrics.detection import detection

RNG = np.random.default_rng(0)


def test_separate_scores_are_perfect_and_equal_ones_are_chance():
    positive = np.arange(10) >= 6
    perfect = detection(np.arange(10.0), positive)
    assert (perfect.roc_auc.value, perfect.roc_auc.low, perfect.roc_auc.high) == (1, 1, 1)
    assert perfect.average_precision.text == "1.000 [1.000, 1.000]"
    worst = detection(-np.arange(10.0), positive)
    assert worst.roc_auc.value == 0
    equal = detection(np.zeros(10), positive)
    assert (equal.roc_auc.value, equal.average_precision.value) == (0.5, 0.4)


def test_a_small_case_by_hand():
    """Scores 4 3 2 1, positive 4 and 2: of four pairs three are in order; precisions 1 and 2/3 at recalls 1/2 and 1."""
    found = detection(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False]))
    assert found.roc_auc.value == 0.75
    assert found.average_precision.value == pytest.approx(5 / 6)


@pytest.mark.parametrize("decimals", [9, 1, 0])
def test_values_are_those_of_scikit_learn_with_ties(decimals):
    positive = RNG.random(400) < 0.2
    scores = np.round(RNG.normal(size=400) + positive, decimals)
    found = detection(scores, positive)
    assert found.roc_auc.value == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    assert found.average_precision.value == pytest.approx(average_precision_score(positive, scores), abs=1e-12)


def delong(scores, positive):
    """Return the standard error of the area (DeLong et al. 1988)."""
    parts = scores[positive], scores[~positive]
    above = rankdata(scores)
    own = [rankdata(part) for part in parts]
    shares = (above[positive] - own[0]) / len(parts[1]), (above[~positive] - own[1]) / len(parts[0])
    return sum(np.var(share, ddof=1) / len(share) for share in shares) ** 0.5


def test_the_interval_is_as_wide_as_delongs_and_holds_the_area_of_two_gaussians():
    positive = np.arange(1500) < 300
    scores = RNG.normal(size=1500) + positive
    area = detection(scores, positive).roc_auc
    assert area.low < norm.cdf(0.5**0.5) < area.high  # Φ(d / √2)
    wide = 2 * norm.ppf(0.975) * delong(scores, positive)
    assert area.high - area.low == pytest.approx(wide, rel=0.12)  # 1000 resamples: each end within some percent


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    positive = RNG.random(100) < 0.5
    scores = RNG.normal(size=100) + positive
    one, same, other = (detection(scores, positive, seed) for seed in (0, 0, 1))
    assert one == same
    assert one.roc_auc.value == other.roc_auc.value
    assert one != other
