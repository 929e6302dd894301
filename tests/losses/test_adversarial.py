"""Closed forms first: what each loss is worth where the answer is known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import expit

from gancli.losses.adversarial import LOSSES
from gancli.training.step import jsd_bound

LOG2 = np.log(2.0)
EXTREME = jnp.array([-1e4, -50.0, -1.0, 0.0, 1.0, 50.0, 1e4])


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [("minimax", 2 * LOG2, -LOG2), ("non-saturating", 2 * LOG2, LOG2), ("kl", 2 * LOG2, -1.0)],
)
def test_value_where_the_discriminator_knows_nothing(name, discriminator, generator):
    zeros = jnp.zeros(5)
    assert LOSSES[name].discriminator(zeros, zeros) == pytest.approx(discriminator)
    assert LOSSES[name].generator(zeros, zeros) == pytest.approx(generator)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_extreme_logits_give_finite_values_and_gradients(name, dtype):
    logits = EXTREME.astype(dtype)
    for half in LOSSES[name]:
        value, gradients = jax.value_and_grad(half, argnums=(0, 1))(logits, logits)
        assert np.isfinite(value)
        assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("name", LOSSES)
def test_discriminator_loss_is_the_cross_entropy_of_real_and_fake(name):
    real, fake = jnp.array([0.3, -2.0, 5.0]), jnp.array([1.0, -0.5, -7.0])
    reference = optax.sigmoid_binary_cross_entropy(real, jnp.ones(3)).mean()
    reference += optax.sigmoid_binary_cross_entropy(fake, jnp.zeros(3)).mean()
    np.testing.assert_allclose(LOSSES[name].discriminator(real, fake), reference, rtol=1e-6)


def test_generator_gradients_have_the_closed_forms_of_section_3():
    fake = jnp.linspace(-6, 6, 7)
    gradient = {name: jax.grad(LOSSES[name].generator, argnums=1)(fake, fake) for name in LOSSES}
    d = expit(np.asarray(fake, np.float64))
    np.testing.assert_allclose(gradient["minimax"], -d / 7, rtol=1e-5)  # vanishes where D is sure
    np.testing.assert_allclose(gradient["non-saturating"], -(1 - d) / 7, rtol=1e-5)  # does not


@pytest.mark.parametrize("name", LOSSES)
def test_value_does_not_depend_on_the_batch_it_is_averaged_in(name):
    real, fake = jnp.arange(6.0) - 3, jnp.arange(6.0)
    for half in LOSSES[name]:
        parts = [half(real[i : i + 2], fake[i : i + 2]) for i in (0, 2, 4)]
        np.testing.assert_allclose(half(real, fake), np.mean(parts), rtol=1e-6)


def test_the_kl_game_descends_the_kl_divergence_at_the_optimal_discriminator():
    """Data N(0, 1) and samples N(m, 1): the divergence is m²/2, its gradient m; by quadrature over z."""
    m = 0.7
    z = np.linspace(-10, 10, 20001)
    weights = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * (z[1] - z[0])

    def loss(shift):
        x = jnp.asarray(z) + shift
        logits = 0.5 * (x - m) ** 2 - 0.5 * x**2  # log p_data / p_g, which stays as it is while x moves
        each = jax.vmap(lambda one: LOSSES["kl"].generator(one[None], one[None]))(logits)
        return jnp.sum(jnp.asarray(weights) * each)

    assert float(jax.grad(loss)(m)) == pytest.approx(m, rel=1e-3)


def test_the_kl_game_is_smooth_where_its_exponential_ends():
    value = jax.grad(LOSSES["kl"].generator, argnums=1)
    before, at, after = (float(value(jnp.zeros(1), jnp.array([10.0 + d]))[0]) for d in (-1e-3, 0.0, 1e-3))
    assert before == pytest.approx(at, rel=2e-3)
    assert after == pytest.approx(-np.exp(10.0), rel=1e-5)


def test_jsd_bound_is_zero_at_equilibrium_and_log_2_for_disjoint_supports():
    assert jsd_bound(-np.log(4.0)) == pytest.approx(0.0)
    assert jsd_bound(0.0) == pytest.approx(LOG2)


def test_jsd_bound_is_tight_at_the_optimal_discriminator():
    """Two known densities on a grid: the bound at D* equals the divergence by quadrature, at any other D it is less."""
    x = np.linspace(-12, 12, 20001)
    p, q = (np.exp(-0.5 * (x - mean) ** 2) / np.sqrt(2 * np.pi) for mean in (0.0, 1.0))
    middle = (p + q) / 2
    divergence = 0.5 * np.trapezoid(p * np.log(p / middle) + q * np.log(q / middle), x)

    def value(d):
        return np.trapezoid(p * np.log(d) + q * np.log1p(-d), x)

    best = p / (p + q)
    assert jsd_bound(value(best)) == pytest.approx(divergence, abs=1e-9)
    assert jsd_bound(value(0.9 * best + 0.05)) < divergence
