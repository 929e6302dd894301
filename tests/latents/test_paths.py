import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from gancli.latents import PRIORS, lerp, slerp

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


@pytest.mark.parametrize("path", [lerp, slerp])
def test_paths_begin_and_end_where_they_should(path):
    start, end = PRIORS["gaussian"](KEY, (2, 5))
    np.testing.assert_allclose(path(start, end, 0.0), start, atol=1e-6)
    np.testing.assert_allclose(path(start, end, 1.0), end, atol=1e-6)


def test_slerp_of_unit_vectors_turns_at_constant_speed_on_the_unit_sphere():
    start, end = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
    angles = jnp.array([0.0, 0.25, 0.5, 1.0])[:, None]
    arc = slerp(start[None], end[None], angles)
    quarter = np.pi / 2 * np.asarray(angles)[:, 0]
    np.testing.assert_allclose(arc, np.stack([np.cos(quarter), np.sin(quarter)], axis=1), atol=1e-6)


@pytest.mark.parametrize("end", [[2.0, 0.0], [-1.0, 0.0], [1.0, 1e-6]])
def test_slerp_falls_back_to_the_line_where_no_arc_is_defined(end):
    start, end = jnp.array([1.0, 0.0]), jnp.array(end)
    np.testing.assert_allclose(slerp(start, end, 0.3), lerp(start, end, 0.3), atol=1e-6)
