"""Energies on both sides of the margin, and the pulling-away term against the sum it abbreviates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.losses.energy import energy_discriminator_loss, energy_generator_loss, pulling_away


def test_samples_are_pushed_up_to_the_margin_and_no_further():
    real, fake = -jnp.array([0.5, 0.1]), -jnp.array([0.2, 3.0])  # energies
    assert energy_discriminator_loss(real, fake, 1.0) == pytest.approx(0.3 + (0.8 + 0.0) / 2)
    assert energy_generator_loss(real, fake) == pytest.approx(1.6)
    slope = jax.grad(energy_discriminator_loss, argnums=1)(real, fake, 1.0)
    np.testing.assert_allclose(slope, [0.5, 0.0])


def test_at_equilibrium_the_loss_is_the_margin():
    """Zhao et al. 2017, Theorem 1: where samples are data, any constant energy up to the margin is optimal."""
    for energy in (0.0, 0.3, 2.0):
        scores = -jnp.full(4, energy)
        assert energy_discriminator_loss(scores, scores, 2.0) == pytest.approx(2.0)


@pytest.mark.parametrize("shape", [(6, 3), (3, 6)])
def test_pulling_away_is_the_mean_squared_cosine_of_different_codes(shape):
    codes = np.random.default_rng(0).normal(size=shape)
    cosines = [
        (codes[i] @ codes[j] / np.linalg.norm(codes[i]) / np.linalg.norm(codes[j])) ** 2
        for i in range(len(codes))
        for j in range(len(codes))
        if i != j
    ]
    assert pulling_away(jnp.asarray(codes)) == pytest.approx(np.mean(cosines), rel=1e-5)


def test_pulling_away_at_its_ends():
    assert pulling_away(jnp.ones((5, 4))) == pytest.approx(1.0)  # collapsed
    assert pulling_away(jnp.eye(4)) == pytest.approx(0.0)
    value, slope = jax.value_and_grad(pulling_away)(jnp.zeros((3, 4)))
    assert value == 0
    assert np.isfinite(slope).all()
