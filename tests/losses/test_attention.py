"""The cross-entropy of source and target in closed form."""

import jax
import jax.numpy as jnp
import numpy as np

from gancli.losses.attention import told_apart


def test_logits_of_zero_are_guesses_and_far_ones_are_sure():
    zeros = jnp.zeros((3, 2))
    np.testing.assert_allclose(told_apart(zeros, zeros), 2 * np.log(2), rtol=1e-6)
    np.testing.assert_allclose(told_apart(zeros + 30, zeros - 30), 0, atol=1e-6)
    np.testing.assert_allclose(told_apart(zeros - 1000, zeros + 1000), 2000, rtol=1e-6)  # and no overflow


def test_it_is_the_cross_entropy_of_probabilities():
    sources, targets = (np.random.default_rng(seed).normal(size=(4, 2)) for seed in range(2))
    p, q = (1 / (1 + np.exp(-one)) for one in (sources, targets))
    wanted = -np.log(p).mean() - np.log(1 - q).mean()
    np.testing.assert_allclose(told_apart(jnp.asarray(sources), jnp.asarray(targets)), wanted, rtol=1e-5)
    slope = jax.grad(told_apart)(jnp.asarray(sources), jnp.asarray(targets))
    np.testing.assert_allclose(slope, (p - 1) / p.size, rtol=1e-5)
