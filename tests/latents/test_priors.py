"""Priors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

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
