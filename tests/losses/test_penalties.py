"""Penalties of critics whose slope is known."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.losses.catalog import PENALTIES
from gancli.losses.penalties import gradient_penalty, r1, r2, squared_gradient_norms

REAL, FAKE = jax.random.normal(jax.random.key(0), (2, 5, 4, 3, 1))
WEIGHTS = jax.random.normal(jax.random.key(1), (12,))
KEY = jax.random.key(2)


def linear(x):
    return x.reshape(len(x), -1) @ WEIGHTS


LINEAR = partial(squared_gradient_norms, linear)


def test_of_a_linear_critic_they_are_exact():
    slope = float(jnp.linalg.norm(WEIGHTS))
    assert r1(LINEAR, REAL, FAKE, KEY) == pytest.approx(slope**2 / 2, rel=1e-5)
    assert r2(LINEAR, REAL, FAKE, KEY) == pytest.approx(slope**2 / 2, rel=1e-5)
    assert gradient_penalty(LINEAR, REAL, FAKE, KEY) == pytest.approx((slope - 1) ** 2, rel=1e-5)


def test_r1_looks_at_data_and_r2_at_samples():
    def square(x):
        return 0.5 * jnp.sum(x.reshape(len(x), -1) ** 2, axis=1)  # whose slope is x

    slopes = partial(squared_gradient_norms, square)
    np.testing.assert_allclose(slopes(REAL), jnp.sum(REAL**2, axis=(1, 2, 3)), rtol=1e-5)
    assert r1(slopes, REAL, FAKE, KEY) == pytest.approx(0.5 * float(jnp.sum(REAL**2)) / 5, rel=1e-5)
    assert r2(slopes, REAL, FAKE, KEY) == pytest.approx(0.5 * float(jnp.sum(FAKE**2)) / 5, rel=1e-5)


def test_the_gradient_penalty_looks_between_data_and_samples():
    seen = []

    def record(x):
        seen.append(np.asarray(x))
        return squared_gradient_norms(lambda x: jnp.sum(x, axis=(1, 2)), x)

    gradient_penalty(record, jnp.zeros((1000, 2, 6)), jnp.ones((1000, 2, 6)), KEY)
    (between,) = seen
    assert np.ptp(between.reshape(1000, -1), axis=1).max() == 0  # one place for a whole example
    assert 0 <= between.min() < 0.05
    assert 0.95 < between.max() <= 1


@pytest.mark.parametrize("name", [name for name, penalty in PENALTIES.items() if not penalty.bound])
def test_a_flat_critic_has_finite_gradients(name):
    penalty = PENALTIES[name].function
    assert penalty is not None

    def value(weight):
        def critic(x):
            return weight * jnp.sum(x.reshape(len(x), -1) ** 2, axis=1)

        return penalty(partial(squared_gradient_norms, critic), REAL, FAKE, KEY)

    for weight in (0.0, 1e4):
        assert np.isfinite(jax.grad(value)(weight))
