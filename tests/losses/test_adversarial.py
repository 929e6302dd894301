"""Closed forms first: what each loss is worth where the answer is known."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import expit

from gancli.losses.catalog import LOSSES

LOG2 = np.log(2.0)
EXTREME = jnp.array([-1e4, -50.0, -1.0, 0.0, 1.0, 50.0, 1e4])
ON_OUTPUTS = [name for name, game in LOSSES.items() if game.discriminator is not None]
BY_OUTPUTS = [name for name, game in LOSSES.items() if game.compares == "outputs"]
CROSS_ENTROPY = ["minimax", "non-saturating", "kl", "feature-matching", "perceptual"]


def discriminator_loss(name, real, fake, margin=1.0):
    game = LOSSES[name]
    assert game.discriminator is not None
    return game.discriminator(real, fake, *([margin] if game.uses_margin else []))


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * LOG2, -LOG2),
        ("non-saturating", 2 * LOG2, LOG2),
        ("kl", 2 * LOG2, -1.0),
        ("absolute", 0.5, -0.5),
        ("reverse-kl", 0.0, 1.0),
        ("jensen-shannon", 0.0, 0.0),
        ("pearson", 0.0, 0.0),
        ("squared-hellinger", 0.0, 0.0),
        ("least-squares", 0.5, 0.5),
        ("hinge", 2.0, 0.0),
        ("wasserstein", 0.0, 0.0),
        ("energy", 1.0, 0.0),  # the margin
        ("relativistic", LOG2, LOG2),
    ],
)
def test_value_where_all_outputs_are_zero(name, discriminator, generator):
    zeros = jnp.zeros(5)
    assert discriminator_loss(name, zeros, zeros) == pytest.approx(discriminator)
    assert LOSSES[name].generator(zeros, zeros) == pytest.approx(generator, abs=1e-7)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_extreme_outputs_give_finite_values_and_gradients(name, dtype):
    outputs = EXTREME.astype(dtype)
    if LOSSES[name].discriminator is not None:
        value, gradients = jax.value_and_grad(lambda r, f: discriminator_loss(name, r, f), argnums=(0, 1))(
            outputs, outputs
        )
        assert np.isfinite(value)
        assert all(np.isfinite(gradient).all() for gradient in gradients)
    seen = outputs if name in BY_OUTPUTS else outputs[:, None]  # features or samples of one dimension
    value, gradients = jax.value_and_grad(LOSSES[name].generator, argnums=(0, 1))(seen, seen[::-1])
    assert np.isfinite(value)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("name", CROSS_ENTROPY)
def test_discriminator_loss_is_the_cross_entropy_of_real_and_fake(name):
    real, fake = jnp.array([0.3, -2.0, 5.0]), jnp.array([1.0, -0.5, -7.0])
    reference = optax.sigmoid_binary_cross_entropy(real, jnp.ones(3)).mean()
    reference += optax.sigmoid_binary_cross_entropy(fake, jnp.zeros(3)).mean()
    np.testing.assert_allclose(discriminator_loss(name, real, fake), reference, rtol=1e-6)


@pytest.mark.parametrize("name", ON_OUTPUTS)
def test_the_discriminator_is_paid_for_raising_real_and_lowering_fake(name):
    """No output has a gradient of the wrong sign where D knows little."""
    outputs = jnp.linspace(0.1, 0.9, 5)
    real, fake = jax.grad(lambda r, f: discriminator_loss(name, r, f), argnums=(0, 1))(outputs, outputs)
    assert (np.asarray(real) < 0).all()
    assert (np.asarray(fake) > 0).all()


@pytest.mark.parametrize("name", BY_OUTPUTS)
def test_the_generator_is_paid_for_raising_fake(name):
    outputs = jnp.linspace(0.1, 0.9, 5)
    fake = jax.grad(LOSSES[name].generator, argnums=1)(outputs, outputs)
    assert (np.asarray(fake) < 0).all()


def test_generator_gradients_have_their_closed_forms():
    fake = jnp.linspace(-9, 3, 7)
    gradient = {name: jax.grad(LOSSES[name].generator, argnums=1)(0 * fake, fake) for name in BY_OUTPUTS}
    a = np.asarray(fake, np.float64)
    d = expit(a)
    np.testing.assert_allclose(gradient["minimax"], -d / 7, rtol=1e-5)  # vanishes where D is sure
    np.testing.assert_allclose(gradient["non-saturating"], -(1 - d) / 7, rtol=1e-5)  # does not
    np.testing.assert_allclose(gradient["jensen-shannon"], -(1 - d) / 7, rtol=1e-5)
    np.testing.assert_allclose(gradient["absolute"], -0.5 * d * (1 - d) / 7, rtol=1e-4)  # vanishes on both sides
    np.testing.assert_allclose(gradient["kl"], -np.exp(a) / 7, rtol=1e-5)
    np.testing.assert_allclose(gradient["squared-hellinger"], -np.exp(a) / 7, rtol=1e-5)
    np.testing.assert_allclose(gradient["least-squares"], (a - 1) / 7, rtol=1e-5)
    np.testing.assert_allclose(gradient["relativistic"], -(1 - d) / 7, rtol=1e-5)
    for linear in ("reverse-kl", "pearson", "hinge", "wasserstein", "energy"):
        np.testing.assert_allclose(gradient[linear], -np.ones(7) / 7, rtol=1e-6)


@pytest.mark.parametrize("name", ON_OUTPUTS)
def test_value_does_not_depend_on_the_batch_it_is_averaged_in(name):
    real, fake = jnp.arange(6.0) - 3, jnp.arange(6.0)
    parts = [discriminator_loss(name, real[i : i + 2], fake[i : i + 2]) for i in (0, 2, 4)]
    np.testing.assert_allclose(discriminator_loss(name, real, fake), np.mean(parts), rtol=1e-6)
    if name in BY_OUTPUTS:
        parts = [LOSSES[name].generator(real[i : i + 2], fake[i : i + 2]) for i in (0, 2, 4)]
        np.testing.assert_allclose(LOSSES[name].generator(real, fake), np.mean(parts), rtol=1e-6)


# Two known densities on the line, and each divergence by quadrature.
X = np.linspace(-12, 12, 20001)
P, Q = (np.exp(-0.5 * ((X - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi)) for mean, sd in ((0.0, 1.0), (1.0, 1.2)))
RATIO = P / Q
with np.errstate(divide="ignore"):
    TRUTH = {
        "jsd_bound": 0.5 * np.trapezoid(P * np.log(2 * P / (P + Q)) + Q * np.log(2 * Q / (P + Q)), X),
        "total_variation_bound": 0.5 * np.trapezoid(np.abs(P - Q), X),
        "reverse_kl_bound": np.trapezoid(Q * np.log(Q / P), X),
        "chi_squared_bound": np.trapezoid((P - Q) ** 2 / Q, X),
        "hellinger_bound": np.trapezoid((np.sqrt(P) - np.sqrt(Q)) ** 2, X),
        "le_cam_bound": np.trapezoid((P - Q) ** 2 / (P + Q), X),
    }
BEST = {
    "absolute": 1e4 * np.sign(P - Q),
    "pearson": 2 * (RATIO - 1),
    "squared-hellinger": 0.5 * np.log(RATIO),
    "least-squares": P / (P + Q),
    "hinge": np.sign(P - Q),
}  # of the others, the log-ratio
BOUNDS = [name for name, game in LOSSES.items() if game.reading and game.reading.key in TRUTH]


def reading_at(name, outputs):
    """Return what the objective says of P and Q at outputs that are a function on the line, by quadrature."""
    each = jax.vmap(lambda one: discriminator_loss(name, one[None], one[None]))
    real_only, fake_only = (
        jax.vmap(lambda one, half=half: discriminator_loss(name, *((one[None], 0 * one[None])[::half])))
        for half in (1, -1)
    )
    outputs = jnp.asarray(outputs)
    both, zero = np.asarray(each(outputs)), float(discriminator_loss(name, jnp.zeros(1), jnp.zeros(1)))
    # A loss is a sum of a part of real outputs and one of fake ones; what is constant is in both.
    real, fake = np.asarray(real_only(outputs)), np.asarray(fake_only(outputs))
    np.testing.assert_allclose(real + fake - zero, both, rtol=1e-4, atol=1e-4)
    loss = np.trapezoid(P * real.astype(np.float64) + Q * fake.astype(np.float64), X) - zero
    reading = LOSSES[name].reading
    assert reading is not None
    return reading(float(loss)).value


@pytest.mark.parametrize("name", BOUNDS)
def test_what_a_loss_says_is_the_divergence_at_the_best_discriminator_and_less_at_any_other(name):
    best = BEST.get(name, np.log(RATIO))
    truth = TRUTH[LOSSES[name].reading.key]  # pyright: ignore[reportOptionalMemberAccess]
    assert reading_at(name, best) == pytest.approx(truth, rel=2e-3)
    assert reading_at(name, 0.8 * best + 0.05) < truth


def test_what_the_relativistic_loss_says_is_the_divergence_of_ordered_pairs():
    x = np.linspace(-7, 8, 401)
    p, q = (np.exp(-0.5 * (x - mean) ** 2) / np.sqrt(2 * np.pi) for mean in (0.0, 1.0))
    area = (x[1] - x[0]) ** 2
    one, other = np.outer(p, q), np.outer(q, p)
    middle = (one + other) / 2
    truth = 0.5 * area * (one * np.log(one / middle) + other * np.log(other / middle)).sum()
    ratio = np.log(p / q)
    loss = area * (one * np.log1p(np.exp(ratio[None, :] - ratio[:, None]))).sum()
    reading = LOSSES["relativistic"].reading
    assert reading is not None
    assert reading(loss).value == pytest.approx(truth, rel=1e-6)


def test_readings_at_the_two_ends():
    """Nothing where D's loss is that of not knowing; the most there is where D is sure of everything."""
    for name, game in LOSSES.items():
        if game.reading and game.reading.most and game.discriminator:
            nothing = 0.5 * jnp.ones(3) if name == "least-squares" else jnp.zeros(3)
            assert game.reading(float(discriminator_loss(name, nothing, nothing))).value == pytest.approx(0, abs=1e-6)
            sure = {"least-squares": (jnp.ones(3), jnp.zeros(3)), "hinge": (jnp.ones(3), -jnp.ones(3))}
            best = sure.get(name, (jnp.full(3, 9.0), jnp.full(3, -9.0)))
            told = game.reading(float(discriminator_loss(name, *best)))
            assert told.value == pytest.approx(game.reading.most, rel=2e-3)


def test_readings_are_said_in_a_line():
    def say(name, loss):
        reading = LOSSES[name].reading
        assert reading is not None
        return reading(loss).text

    assert say("minimax", math.log(4) - 0.2) == "Jensen-Shannon divergence at least 0.1 nats, 0.6931 at most"
    assert say("minimax", 2.0) == "Jensen-Shannon divergence at least 0 nats, 0.6931 at most"
    assert say("pearson", -0.5) == "Pearson's chi-squared divergence at least 0.5"
    assert say("wasserstein", -0.25).startswith("earth mover's distance 0.25, times the critic's steepest slope")
    assert say("mmd", -0.002) == "squared maximum mean discrepancy -0.002"


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
    before, at, after = (float(value(jnp.zeros(1), jnp.array([3.0 + d]))[0]) for d in (-1e-3, 0.0, 1e-3))
    assert before == pytest.approx(at, rel=2e-3)
    assert after == pytest.approx(-np.exp(3.0), rel=1e-5)


def test_a_loss_is_told_as_the_divergence_that_it_bounds():
    bounded, silent = LOSSES["minimax"], next(loss for loss in LOSSES.values() if loss.reading is None)
    assert bounded.derived(np.log(4.0)) == {"jsd_bound": pytest.approx(0.0, abs=1e-6)}
    assert bounded.concluded(0.0) == {"bound": "Jensen-Shannon divergence at least 0.6931 nats, 0.6931 at most"}
    assert silent.derived(1.0) == {}
    assert silent.concluded(1.0) == {}
