"""Closed forms, then a float64 reference, then the routes that must agree."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.neighbors import KernelDensity

from gancli.data.load import load
from gancli.metrics import parzen
from gancli.metrics.parzen import default_sigmas, log_likelihoods, parzen_score

RNG = np.random.default_rng(0)


def reference(samples, points, sigmas):
    """Difference array and log-sum-exp in float64, as the definition says."""
    samples, points = np.asarray(samples, np.float64), np.asarray(points, np.float64)
    squared = np.stack([((point - samples) ** 2).sum(axis=1) for point in points])
    kernels = [logsumexp(-squared / (2 * s**2), axis=1) - np.log(len(samples)) for s in sigmas]
    return np.stack(kernels) - samples.shape[1] * np.log(np.asarray(sigmas)[:, None] * np.sqrt(2 * np.pi))


def test_one_sample_is_a_gaussian():
    sample, points = RNG.random((1, 5)).astype(np.float32), RNG.random((7, 5)).astype(np.float32)
    expected = norm.logpdf(points, sample, 0.3).sum(axis=1)
    np.testing.assert_allclose(log_likelihoods(sample, points, np.array([0.3]))[0], expected, rtol=1e-5)


def test_default_grid_is_the_authors():
    np.testing.assert_allclose(default_sigmas(), 10 ** np.linspace(-1, 0, 10))


def test_agrees_with_an_independent_implementation():
    samples, points = RNG.standard_normal((200, 2)), RNG.standard_normal((30, 2))
    expected = KernelDensity(bandwidth=0.4, rtol=0, atol=0).fit(samples).score_samples(points)
    np.testing.assert_allclose(log_likelihoods(samples, points, np.array([0.4]))[0], expected, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 499, 500, 501, 1700])
def test_blocks_do_not_show(monkeypatch, count):
    monkeypatch.setattr(parzen, "SAMPLES_PER_BLOCK", 500)
    monkeypatch.setattr(parzen, "POINTS_PER_BLOCK", 16)
    samples, points = RNG.random((count, 10)), RNG.random((37, 10))
    sigmas = np.array([0.05, 0.2, 1.0])
    np.testing.assert_allclose(log_likelihoods(samples, points, sigmas), reference(samples, points, sigmas), atol=2e-3)


def test_order_of_samples_and_points_does_not_matter():
    samples, points = RNG.random((300, 4)), RNG.random((20, 4))
    forward = log_likelihoods(samples, points, np.array([0.1]))[0]
    backward = log_likelihoods(samples[::-1], points[::-1], np.array([0.1]))[0]
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-5)


def test_no_points_is_an_empty_answer():
    assert log_likelihoods(RNG.random((3, 2)), np.empty((0, 2)), default_sigmas()).shape == (10, 0)


def test_far_from_every_sample_nothing_underflows():
    values = log_likelihoods(np.zeros((5, 784)), np.full((2, 784), 100.0), default_sigmas())
    np.testing.assert_allclose(
        values, reference(np.zeros((5, 784)), np.full((2, 784), 100.0), default_sigmas()), rtol=1e-6
    )


@pytest.mark.parametrize("offset", [0.0, 50.0])
def test_cancellation_is_kept_away(offset):
    """Samples that repeat the points, far from the origin: |x|² + |s|² - 2 x·s is all cancellation."""
    points = (offset + RNG.random((100, 784))).astype(np.float32)
    samples = np.concatenate([points, (offset + RNG.random((300, 784))).astype(np.float32)])
    sigmas = default_sigmas()
    means = log_likelihoods(samples, points, sigmas).mean(axis=1)
    np.testing.assert_allclose(means, reference(samples, points, sigmas).mean(axis=1), atol=1e-3)
    tiny = log_likelihoods(samples, points, np.array([0.01])).mean()
    np.testing.assert_allclose(tiny, reference(samples, points, [0.01]).mean(), rtol=1e-3)


def test_precision_on_mnist(mnist_dir):
    """1e-3 nats at every σ of the grid, 1e-3 of the value at σ = 0.01, for other images and for memorized ones."""
    train, test = load("mnist", "train", mnist_dir).flat(0, 1500), load("mnist", "test", mnist_dir).flat(0, 200)
    for points in (test, train[:200]):
        expected = reference(train, points, default_sigmas()).mean(axis=1)
        np.testing.assert_allclose(log_likelihoods(train, points, default_sigmas()).mean(axis=1), expected, atol=1e-3)
        tiny = log_likelihoods(train, points, np.array([0.01])).mean()
        np.testing.assert_allclose(tiny, reference(train, points, [0.01]).mean(), rtol=1e-3)


def test_score_chooses_sigma_on_validation_and_reports_the_test_set():
    samples, validation, test = (
        RNG.standard_normal((500, 2)),
        RNG.standard_normal((50, 2)),
        RNG.standard_normal((40, 2)),
    )
    score = parzen_score(samples, validation, test)
    curve = reference(samples, validation, default_sigmas()).mean(axis=1)
    np.testing.assert_allclose(score.validation_log_likelihoods, curve, atol=1e-4)
    assert score.sigma == score.sigmas[int(np.argmax(curve))]
    scores = reference(samples, test, [score.sigma])[0]
    assert score.log_likelihood == pytest.approx(scores.mean(), abs=1e-4)
    assert score.standard_error == pytest.approx(scores.std() / np.sqrt(40), rel=1e-3)
    assert (score.num_samples, score.num_validation, score.num_test) == (500, 50, 40)
    assert not score.sigma_at_edge


def test_an_edge_optimum_is_noticed():
    close = np.zeros((10, 2)) + 0.001 * RNG.standard_normal((10, 2))
    assert parzen_score(close, close, close).sigma_at_edge
