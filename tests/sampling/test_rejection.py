"""Rejection by a discriminator: on densities whose ratio is known, and by its rule."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from gancli.errors import GancliError
from gancli.sampling.rejection import EPSILON, Rejection

MEAN, WIDTH = 0.7, 1.4  # of samples: wider than the data, so that the ratio has a maximum
DATA, SAMPLES = norm(), norm(MEAN, WIDTH)


def log_ratio(x: np.ndarray) -> np.ndarray:
    """Return the output of the best discriminator."""
    return norm.logpdf(x) - norm.logpdf(x, MEAN, WIDTH)


@pytest.fixture(scope="module")
def fitted() -> Rejection:
    held_out, fake = DATA.rvs(20_000, random_state=1), SAMPLES.rvs(20_000, random_state=2)
    return Rejection.fitted(3 * log_ratio(held_out) + 2, 3 * log_ratio(fake) + 2, percentile=None)


def accepted(rule: Rejection, outputs: np.ndarray) -> np.ndarray:
    chances = np.random.default_rng(5).uniform(size=len(outputs))
    return chances < rule.probabilities(rule.logits(outputs))


def test_by_the_best_discriminator_samples_follow_the_data():
    x = SAMPLES.rvs(30_000, random_state=0)
    places = np.linspace(-9, 9, 10_001)
    rule = Rejection(slope=1.0, intercept=0.0, best=float(log_ratio(places).max()))
    assert kstest(x, DATA.cdf).pvalue < 1e-6
    kept = x[accepted(rule, log_ratio(x))]
    assert kstest(kept, DATA.cdf).pvalue > 0.01
    # As many as the largest ratio lets pass (von Neumann 1951).
    assert len(kept) / len(x) == pytest.approx(np.exp(-rule.best), abs=0.01)


def test_calibration_finds_scale_and_offset_of_a_discriminator_that_is_wrong_about_both(fitted):
    assert fitted.slope == pytest.approx(1 / 3, rel=0.05)
    assert fitted.intercept == pytest.approx(-2 / 3, abs=0.05)
    x = SAMPLES.rvs(10_000, random_state=0)
    assert kstest(x[accepted(fitted, 3 * log_ratio(x) + 2)], DATA.cdf).pvalue > 0.01


def test_the_threshold_is_where_the_probability_is_one_half_at_the_percentile():
    held_out, fake = log_ratio(DATA.rvs(2000, random_state=1)), log_ratio(SAMPLES.rvs(2000, random_state=2))
    for percentile in (60, 95):
        rule = Rejection.fitted(held_out, fake, percentile)
        after = rule.seen(rule.logits(fake))
        assert after == rule  # calibration has seen these samples
        at = rule.logits(np.percentile(fake, [percentile]))
        assert rule.probabilities(at)[0] == pytest.approx(0.5, abs=0.01)
        assert np.mean(rule.probabilities(rule.logits(fake)) > 0.5) == pytest.approx(1 - percentile / 100, abs=0.01)


def test_the_best_sample_so_far_sets_the_scale():
    rule = Rejection(slope=1.0, intercept=0.0, best=0.0)
    found = rule.probabilities(np.array([-1.0, 2.0, 1.0]))
    np.testing.assert_allclose(found, [np.exp(-1), 1, np.exp(-1)], rtol=10 * EPSILON)
    assert rule.seen(np.array([-1.0, 2.0])).best == 2.0
    np.testing.assert_allclose(rule.seen(np.array([2.0])).probabilities(np.array([1.0])), np.exp(-1), rtol=1e-6)


def test_a_discriminator_that_prefers_samples_is_refused():
    x = np.random.default_rng(0).normal(size=100)
    with pytest.raises(GancliError) as caught:
        Rejection.fitted(x, x + 2)
    assert str(caught.value) == (
        "the discriminator scores samples higher than held-out data, so rejection by it would keep the worst. "
        "Leave out --reject, or take another --step."
    )
