"""Priors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from gancli.latents.catalog import PRIORS

KEY = jax.random.key(0)


@pytest.mark.parametrize("name", PRIORS)
def test_every_prior_has_mean_0_and_variance_1(name):
    z = np.asarray(PRIORS[name](KEY, (20_000, 8)))
    assert z.shape == (20_000, 8)
    np.testing.assert_allclose(z.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(z.var(0), 1, atol=0.03)


def test_uniform_prior_is_uniform_on_plus_minus_root_3():
    z = np.asarray(PRIORS["uniform"](KEY, (5000, 1)))[:, 0]
    assert np.abs(z).max() <= np.sqrt(3)
    assert kstest(z, "uniform", args=(-np.sqrt(3), 2 * np.sqrt(3))).pvalue > 0.001


def test_gaussian_prior_is_gaussian():
    assert kstest(np.asarray(PRIORS["gaussian"](KEY, (5000, 1)))[:, 0], "norm").pvalue > 0.001


def test_spherical_prior_lies_on_the_sphere():
    z = PRIORS["spherical"](KEY, (100, 9))
    np.testing.assert_allclose(jnp.linalg.norm(z, axis=1), 3.0, rtol=1e-5)


def truncated(name, shape, limit):
    draw = PRIORS[name].truncated
    assert draw is not None
    return np.asarray(draw(KEY, shape, limit))


@pytest.mark.parametrize("limit", [0.4, 1.0, 2.5])
def test_a_truncated_gaussian_is_one_given_that_it_is_within_the_limit(limit):
    z = truncated("gaussian", (5000, 1), limit)[:, 0]
    assert kstest(z, truncnorm(-limit, limit).cdf).pvalue > 0.001
    every = np.asarray(PRIORS["gaussian"](KEY, (60_000, 1)))[:, 0]
    assert kstest(z, every[np.abs(every) <= limit]).pvalue > 0.001  # as drawn again until it is within


def test_a_truncated_uniform_is_uniform_up_to_the_limit_or_root_3():
    for limit, reach in ((0.5, 0.5), (2.0, np.sqrt(3))):
        z = truncated("uniform", (5000, 1), limit)[:, 0]
        assert kstest(z, "uniform", args=(-reach, 2 * reach)).pvalue > 0.001


def test_a_wide_limit_truncates_nothing():
    for name, tolerance in (("uniform", 0), ("gaussian", 1e-5)):
        whole = PRIORS[name](KEY, (50, 3))
        np.testing.assert_allclose(truncated(name, (50, 3), 9.0), whole, atol=tolerance)
    assert PRIORS["spherical"].truncated is None
