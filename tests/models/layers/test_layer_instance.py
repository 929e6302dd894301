"""Normalization between layers and instances: both ends, the way between them, and NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.models.layers.layer_instance import (
    AdaptiveLayerInstanceNorm,
    LayerInstanceNorm,
    layer_instance_normalized,
)
from gancli.models.layers.spatial import instance_normalized

# Channels of different means and spreads, of which layer normalization leaves the differences.
X = jax.random.normal(jax.random.key(0), (2, 4, 6, 3)) * jnp.array([1.0, 3.0, 0.5])[None, None, None]
X = X + jnp.array([0.0, 5.0, -2.0])[None, None, None]


def written_down(x, rho):
    """Return what Kim et al. 2020 have, equation 1, without scale and shift, float64."""
    x = np.asarray(x, np.float64)
    instance, layer = (
        (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + 1e-5)
        for axes in ((1, 2), (1, 2, 3))
    )
    return rho * instance + (1 - rho) * layer


def test_rho_of_one_is_instance_normalization_and_of_zero_layer_normalization():
    np.testing.assert_allclose(layer_instance_normalized(X, jnp.ones(3)), instance_normalized(X), atol=1e-6)
    found = np.asarray(layer_instance_normalized(X, jnp.zeros(3)), np.float64)
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(found.var(axis=(1, 2, 3)), 1, atol=1e-4)
    assert np.abs(found.mean(axis=(1, 2))).min() > 0.1  # channels keep their differences
    standard = jax.nn.standardize(X, axis=(1, 2, 3), epsilon=1e-5)
    np.testing.assert_allclose(found, standard, atol=1e-5)


def test_each_channel_has_a_share_of_its_own():
    rho = np.array([0.0, 0.3, 1.0])
    np.testing.assert_allclose(layer_instance_normalized(X, jnp.asarray(rho)), written_down(X, rho), atol=1e-5)


def test_images_do_not_depend_on_one_another_and_a_large_mean_costs_no_digits():
    rho = jnp.full(3, 0.5)
    whole = layer_instance_normalized(X, rho)
    np.testing.assert_allclose(whole[:1], layer_instance_normalized(X[:1], rho), atol=1e-6)
    np.testing.assert_allclose(whole, layer_instance_normalized(X + 1000, rho), atol=1e-3)
    wide = (300 + X).astype(jnp.bfloat16)
    found = layer_instance_normalized(wide, rho)
    assert found.dtype == jnp.bfloat16
    np.testing.assert_allclose(found.astype(jnp.float32), written_down(wide.astype(jnp.float32), 0.5), atol=0.02)


def test_both_scale_and_shift_and_begin_where_the_authors_did():
    lin, adalin = LayerInstanceNorm(3), AdaptiveLayerInstanceNorm(3)
    np.testing.assert_allclose(lin(X), written_down(X, 0.0), atol=1e-5)
    scale, bias = jnp.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), jnp.array([[0.0, 1.0, 0.0], [7.0, 8.0, 9.0]])
    wanted = written_down(X, 0.9) * np.asarray(scale)[:, None, None] + np.asarray(bias)[:, None, None]
    np.testing.assert_allclose(adalin(X, scale, bias), wanted, atol=1e-4)
    lin.scale[...], lin.bias[...], lin.rho[...] = scale[0], bias[0], jnp.full(3, 0.9)
    np.testing.assert_allclose(lin(X[:1]), wanted[:1], atol=1e-4)


def test_rho_learns_what_makes_both_ends_differ():
    """The derivative is the difference of both normalized maps, times what comes back."""
    back = jax.random.normal(jax.random.key(1), X.shape)
    slope = jax.grad(lambda rho: jnp.sum(layer_instance_normalized(X, rho) * back))(jnp.full(3, 0.4))
    wanted = ((written_down(X, 1.0) - written_down(X, 0.0)) * np.asarray(back)).sum(axis=(0, 1, 2))
    assert slope == pytest.approx(wanted, rel=1e-4)
