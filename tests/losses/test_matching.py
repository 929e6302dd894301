"""Matching of means and of kernels: unbiased, and equal to what is known for two Gaussians."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.losses.matching import (
    BANDWIDTHS,
    feature_matching_generator_loss,
    median_squared_distance,
    mmd_generator_loss,
)


def test_feature_matching_is_the_squared_distance_of_the_means():
    real, fake = jnp.array([[1.0, 0.0], [3.0, 2.0]]), jnp.array([[0.0, 0.0], [0.0, 4.0]])
    assert feature_matching_generator_loss(real, fake) == pytest.approx(4.0 + 1.0)


def test_mmd_is_the_average_over_pairs_written_out():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(1.0, 2.0, (5, 3))
    scale = float(median_squared_distance(jnp.asarray(x)))

    def kernel(a, b):
        return np.mean([np.exp(-((a - b) ** 2).sum() / (scale * width)) for width in BANDWIDTHS])

    own = [np.mean([kernel(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]) for z in (x, y)]
    expected = own[0] + own[1] - 2 * np.mean([kernel(a, b) for a in x for b in y])
    assert mmd_generator_loss(jnp.asarray(x), jnp.asarray(y)) == pytest.approx(expected, rel=1e-4)


def batches(mean, count, size, seed):
    x, y = jax.random.normal(jax.random.key(seed), (2, count, size, 2))
    return x, y + mean


def test_mmd_of_equal_distributions_averages_zero():
    found = jax.lax.map(lambda pair: mmd_generator_loss(*pair), batches(0.0, 2000, 20, 0))
    assert abs(float(found.mean())) < 4 * float(found.std()) / np.sqrt(len(found))


def test_mmd_of_two_gaussians_averages_the_population_value(monkeypatch):
    """E exp(-||x - y||² / c) for x - y ~ N(m, 2 I) is (c / (c + 4))^(D/2) exp(-||m||² / (c + 4))."""
    monkeypatch.setattr("gancli.losses.matching.median_squared_distance", lambda x: jnp.float32(2.0))
    mean, dimensions = 1.0, 2

    def expected_kernel(squared_shift):
        widths = 2.0 * np.array(BANDWIDTHS)
        return np.mean((widths / (widths + 4)) ** (dimensions / 2) * np.exp(-squared_shift / (widths + 4)))

    truth = 2 * expected_kernel(0.0) - 2 * expected_kernel(dimensions * mean**2)
    found = jax.lax.map(lambda pair: mmd_generator_loss(*pair), batches(mean, 2000, 20, 1))
    assert float(found.mean()) == pytest.approx(truth, abs=4 * float(found.std()) / np.sqrt(len(found)))


def test_blocks_of_rows_do_not_show(monkeypatch):
    x, y = (batch[0] for batch in batches(0.5, 1, 300, 2))
    one, slope = jax.value_and_grad(mmd_generator_loss, argnums=1)(x, y)
    monkeypatch.setattr("gancli.losses.matching.BLOCK", 7)
    other, other_slope = jax.value_and_grad(mmd_generator_loss, argnums=1)(x, y)
    assert one == pytest.approx(float(other), rel=1e-4)
    np.testing.assert_allclose(slope, other_slope, atol=1e-6)


def test_memory_does_not_grow_with_the_square_of_the_batch():
    """At 8 000 rows one matrix of distances alone is 256 MB."""
    shape = jax.ShapeDtypeStruct((8000, 2), jnp.float32)
    program = jax.jit(jax.grad(mmd_generator_loss, argnums=1)).lower(shape, shape).compile()
    analysis = program.memory_analysis()
    assert analysis is not None
    assert analysis.temp_size_in_bytes < 100e6


def test_identical_points_and_a_single_pair_stay_finite():
    for x in (jnp.zeros((4, 2)), jnp.ones((2, 3))):
        value, slope = jax.value_and_grad(mmd_generator_loss, argnums=1)(x, x + 1.0)
        assert np.isfinite(value)
        assert np.isfinite(slope).all()
