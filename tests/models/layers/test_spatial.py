"""Reflected edges, instance normalization, doubling and halving."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.models.layers.spatial import doubled, halved, instance_normalized, reflected


def test_edges_are_mirrored_at_the_outermost_pixel():
    x = jnp.arange(4.0).reshape(1, 1, 4, 1) + 10 * jnp.arange(3.0).reshape(1, 3, 1, 1)
    found = np.asarray(reflected(x, 2))[0, :, :, 0]
    np.testing.assert_array_equal(found[2], [2, 1, 0, 1, 2, 3, 2, 1])
    np.testing.assert_array_equal(found[:, 2], [20, 10, 0, 10, 20, 10, 0])


def test_each_channel_of_each_image_gets_mean_zero_and_variance_one():
    x = 3 + 5 * jax.random.normal(jax.random.key(0), (2, 6, 4, 3))
    found = np.asarray(instance_normalized(x), np.float64)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(found.var(axis=(1, 2)), 1, atol=1e-4)
    np.testing.assert_allclose(instance_normalized(2 * x[:1] + 7), found[:1], atol=1e-5)


def test_statistics_are_taken_in_float32():
    x = (300 + jax.random.normal(jax.random.key(0), (1, 32, 32, 1))).astype(jnp.bfloat16)
    found = instance_normalized(x)
    assert found.dtype == jnp.bfloat16
    assert abs(float(found.astype(jnp.float32).mean())) < 0.01


def test_doubling_and_halving():
    x = jnp.arange(2 * 2 * 3 * 2, dtype=jnp.float32).reshape(2, 2, 3, 2)
    np.testing.assert_array_equal(doubled(x), np.repeat(np.repeat(x, 2, axis=1), 2, axis=2))
    np.testing.assert_array_equal(halved(doubled(x)), x)
    y = jax.random.normal(jax.random.key(0), (2, 4, 6, 2))
    assert float(jnp.vdot(doubled(x), y)) == pytest.approx(4 * float(jnp.vdot(x, halved(y))), rel=1e-5)
