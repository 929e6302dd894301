import numpy as np
import pytest

from gancli.metrics.moments import Moments


@pytest.mark.parametrize(("n", "d"), [(2, 1), (3, 5), (1024, 4), (2500, 16)])
def test_mean_and_covariance_are_numpys(n, d):
    features = np.random.default_rng(n).normal(100, 3, (n, d)).astype(np.float32)
    gaussian = Moments.of(features).compute()
    wide = features.astype(np.float64)
    np.testing.assert_allclose(gaussian.mean, wide.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(gaussian.covariance, np.cov(wide, rowvar=False).reshape(d, d), rtol=1e-10, atol=1e-12)


def test_joining_is_gathering_together():
    features = np.random.default_rng(0).standard_normal((50, 3))
    whole = Moments.of(features)
    parts = Moments.empty(3)
    for start, stop in ((0, 1), (1, 20), (20, 20), (20, 50)):
        parts = parts.merge(Moments.of(features[start:stop]))
    assert parts.count == 50
    np.testing.assert_allclose(parts.scatter, whole.scatter, rtol=1e-12)
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_have_no_covariance(n):
    with pytest.raises(ValueError, match=f"at least 2 samples, got {n}"):
        Moments.of(np.ones((n, 3))).compute()


@pytest.mark.parametrize(("n", "rank"), [(3, 2), (6, 5), (40, 6)])
def test_the_root_has_the_rank_of_the_covariance(n, rank):
    gaussian = Moments.of(np.random.default_rng(n).standard_normal((n, 6))).compute()
    assert gaussian.root.shape == (6, rank)
    np.testing.assert_allclose(gaussian.root @ gaussian.root.T, gaussian.covariance, atol=1e-12)


def test_the_root_of_nothing_has_no_columns():
    assert Moments.of(np.ones((5, 3))).compute().root.shape == (3, 0)
