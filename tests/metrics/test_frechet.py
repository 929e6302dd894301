"""Fréchet distance: closed forms, SciPy's root, sixty digits, and a jackknife done by hand."""

import math

import mpmath
import numpy as np
import pytest
import scipy.linalg

from gancli.errors import GancliError
from gancli.metrics import frechet as module
from gancli.metrics.frechet import (
    Estimate,
    check,
    frechet,
    frechet_between,
    frechet_distance,
    frechet_of_two_samples,
    jackknife,
)
from gancli.metrics.moments import Gaussian, Moments


def random_features(n, d, seed, rank=None):
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((rank or d, d)) * np.geomspace(1, 1e-3, d)
    return (rng.standard_normal((n, rank or d)) @ basis + rng.standard_normal(d)).astype(np.float32)


def by_scipy(one, other):
    root = scipy.linalg.sqrtm(one.covariance @ other.covariance)
    traces = np.trace(one.covariance) + np.trace(other.covariance)
    return float(((one.mean - other.mean) ** 2).sum() + traces - 2 * np.trace(root).real)


@pytest.mark.parametrize("d", [1, 2, 17])
def test_axis_aligned_gaussians(d):
    rng = np.random.default_rng(d)
    means, deviations = rng.standard_normal((2, d)), rng.uniform(0.1, 3, (2, d))
    one, other = (Gaussian(mean, np.diag(s**2)) for mean, s in zip(means, deviations, strict=True))
    expected = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-12)


def test_equal_covariances_leave_the_means():
    gaussian = Moments.of(random_features(500, 12, 0)).compute()
    moved = Gaussian(gaussian.mean + 0.25, gaussian.covariance)
    assert frechet_distance(gaussian, moved) == pytest.approx(12 * 0.25**2, rel=1e-9)


def test_one_point_collapse_leaves_the_trace():
    gaussian = Moments.of(random_features(500, 12, 0)).compute()
    point = Gaussian(gaussian.mean, np.zeros((12, 12)))
    for pair in ((point, gaussian), (gaussian, point)):
        assert frechet_distance(*pair) == pytest.approx(np.trace(gaussian.covariance), rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(400, 3), (400, 64), (3000, 200)])
def test_scipys_root_agrees(n, d):
    one, other = (Moments.of(random_features(n, d, seed)).compute() for seed in (1, 2))
    assert frechet_distance(one, other) == pytest.approx(by_scipy(one, other), rel=1e-7)
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), rel=1e-9)


@pytest.mark.parametrize(("n", "d"), [(2, 8), (5, 20), (20, 20), (60, 20)])
def test_sixty_digits_agree_also_with_fewer_samples_than_features(n, d):
    one, other = (Moments.of(random_features(n, d, seed)).compute() for seed in (3, 4))
    with mpmath.workdps(60):
        a, b = (mpmath.matrix(gaussian.covariance) for gaussian in (one, other))
        values, vectors = mpmath.eigsy(a)
        root = vectors * mpmath.diag([mpmath.sqrt(max(value, 0)) for value in values]) * vectors.T
        shared = sum(mpmath.sqrt(max(value, 0)) for value in mpmath.eigsy(root * b * root, eigvals_only=True))
        traces = sum(a[i, i] + b[i, i] for i in range(d))
        expected = float(((one.mean - other.mean) ** 2).sum() + traces - 2 * shared)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("n", "d", "rank"), [(2, 4, None), (10, 64, None), (500, 64, None), (500, 64, 5)])
def test_a_set_is_at_no_distance_from_itself(n, d, rank):
    gaussian = Moments.of(random_features(n, d, 5, rank)).compute()
    assert frechet_distance(gaussian, gaussian) <= 1e-7 * np.trace(gaussian.covariance)
    check(gaussian)


def test_the_self_check_notices_linear_algebra_that_is_wrong(monkeypatch):
    gaussian = Moments.of(random_features(100, 4, 6)).compute()
    right = np.linalg.eigvalsh
    monkeypatch.setattr(module.np.linalg, "eigvalsh", lambda matrix: 1.01 * right(matrix))
    with pytest.raises(GancliError, match="the Fréchet distance fails its self-check"):
        check(gaussian)


def test_leaving_single_samples_out_by_hand():
    features, reference = random_features(12, 2, 7), Moments.of(random_features(50, 2, 8)).compute()
    groups = [Moments.of(features[index : index + 1]) for index in range(12)]
    found = jackknife(groups, lambda gaussian: frechet_distance(gaussian, reference))
    rest = [Moments.of(np.delete(features, index, 0)).compute() for index in range(12)]
    left = np.array([by_scipy(one, reference) for one in rest])
    value = by_scipy(Moments.of(features).compute(), reference)
    assert found.value == pytest.approx(value, rel=1e-6)
    assert found.standard_error == pytest.approx(math.sqrt(11 / 12 * np.sum((left - np.mean(left)) ** 2)), rel=1e-5)
    assert found.bias == pytest.approx(11 * (np.mean(left) - value), rel=1e-4)


def test_the_interval_and_the_bias_are_those_of_many_repetitions():
    reference = Gaussian(np.zeros(4), np.eye(4))
    rng = np.random.default_rng(9)
    found = [frechet(rng.normal(0.3, 1.2, (400, 4)).astype(np.float32), reference, 0) for _ in range(200)]
    values = np.array([one.value for one in found])
    truth = 4 * (0.3**2 + 0.2**2)
    errors = np.array([one.standard_error or 0.0 for one in found])
    assert errors.mean() == pytest.approx(values.std(), rel=0.15)
    corrected = values.mean() - np.mean([one.bias or 0.0 for one in found])
    assert corrected == pytest.approx(truth, abs=3 * values.std() / math.sqrt(200))
    assert abs(corrected - truth) < values.mean() - truth


def test_two_samples_have_a_value_and_no_interval():
    reference = Gaussian(np.zeros(3), np.eye(3))
    found = frechet(random_features(2, 3, 10), reference, 0)
    assert found.value > 0
    assert (found.standard_error, found.bias) == (None, None)


def test_one_and_the_same_sample_has_a_value_and_no_interval():
    reference = Moments.of(random_features(50, 3, 11)).compute()
    found = frechet(np.tile(random_features(1, 3, 10), (60, 1)), reference, 0)
    assert found.value > 0
    assert (found.standard_error, found.bias) == (None, None)


def test_the_value_depends_neither_on_the_seed_nor_much_on_the_order():
    features, reference = random_features(300, 8, 11), Moments.of(random_features(300, 8, 12)).compute()
    value = frechet(features, reference, 0).value
    assert frechet(features, reference, 1).value == value
    assert frechet(features[::-1], reference, 0).value == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), [(2, 2, 1), (5, 9, 30), (30, 7, 30), (40, 50, 6)])
def test_two_sets_have_the_distance_of_their_gaussians_also_where_they_are_few(n, m, d):
    rng = np.random.default_rng(d)
    one, other = rng.standard_normal((n, d)), rng.normal(0.3, 2, (m, d))
    wanted = frechet_distance(*(Moments.of(part).compute() for part in (one, other)))
    assert frechet_between(one, other) == pytest.approx(wanted, rel=1e-6)
    assert frechet_between(one, one) == pytest.approx(0, abs=1e-6)


def test_the_interval_of_two_samples_is_that_of_many_repetitions():
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(0, 1, (80, 3)), rng.normal(1, 2, (60, 3))) for _ in range(200)]
    found = [frechet_of_two_samples(*pair, seed=0) for pair in pairs]
    values, errors = np.array([(one.value, one.standard_error) for one in found]).T
    assert np.median(errors) == pytest.approx(np.std(values), rel=0.2)
    assert frechet_of_two_samples(np.zeros((2, 1)), np.ones((9, 1)), 0) == Estimate(1.0, None, None)
