"""Bounds of what samples tell of their codes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.losses.information import category_information, code_information, code_log_likelihood


def test_a_category_read_for_certain_tells_its_entropy_and_a_guess_nothing():
    codes = jax.nn.one_hot(jnp.arange(12) % 4, 4)
    assert category_information(60 * codes, codes) == pytest.approx(np.log(4), abs=1e-6)
    assert category_information(jnp.zeros((12, 4)), codes) == pytest.approx(0, abs=1e-6)


def test_the_bound_is_the_information_of_a_noisy_channel_where_q_is_its_posterior():
    wrong, count = 0.3, 3  # a category that arrives as another one with probability 0.3
    channel = np.full((count, count), wrong / (count - 1)) + np.eye(count) * (1 - wrong - wrong / (count - 1))
    information = np.log(count) + np.sum(channel[0] * np.log(channel[0]))
    rng = np.random.default_rng(0)
    sent = rng.integers(count, size=40_000)
    arrived = np.array([rng.choice(count, p=channel[code]) for code in sent])
    found = category_information(jnp.log(jnp.asarray(channel[:, arrived].T)), jax.nn.one_hot(sent, count))
    assert found == pytest.approx(information, abs=0.02)


def test_a_continuous_code_is_worth_the_logarithm_of_how_narrowly_it_is_known():
    rng = np.random.default_rng(0)
    codes, noise = rng.uniform(-1, 1, 100_000), rng.normal(size=100_000)
    for width in (0.3, 0.01):
        expected = np.log(2) - 0.5 * np.log(2 * np.pi * np.e * width**2)  # H(c) - H(noise)
        found = code_information(jnp.asarray(codes + width * noise), jnp.asarray(codes))
        assert found == pytest.approx(expected, abs=0.01)


def test_a_continuous_code_is_learned_by_half_its_squared_error():
    means, codes = jnp.array([0.5, -1.0]), jnp.array([0.0, 1.0])
    assert code_log_likelihood(means, codes) == pytest.approx(-0.5 * (0.25 + 4) / 2 - 0.5 * np.log(2 * np.pi))
    np.testing.assert_allclose(jax.grad(code_log_likelihood)(means, codes), (codes - means) / 2)
