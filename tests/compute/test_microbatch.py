"""Gradients of a whole batch, computed for some rows at a time, are those of the whole batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.compute.microbatch import microbatched

PARAMS = {"w": jnp.linspace(-1, 1, 6).reshape(3, 2), "b": jnp.array([0.5, -0.5])}
X = jax.random.normal(jax.random.key(0), (12, 3))


def run(params, x, key):
    del key
    return jnp.tanh(x @ params["w"] + params["b"][None])


def loss(params, x, rows):
    """Of all results together, so that no row's gradient is its own affair."""
    found = microbatched(run, params, x, None, rows)
    return jnp.std(found) + jnp.sum(found.mean(axis=0) ** 3)


@pytest.mark.parametrize("rows", [1, 3, 4, 6, 12])
def test_results_and_both_gradients_are_those_of_the_whole(rows):
    np.testing.assert_allclose(microbatched(run, PARAMS, X, None, rows), run(PARAMS, X, None), rtol=1e-6)
    expected = jax.grad(loss, argnums=(0, 1))(PARAMS, X, 0)
    found = jax.jit(jax.grad(loss, argnums=(0, 1)), static_argnums=2)(PARAMS, X, rows)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), found, expected)


def test_each_part_has_a_key_of_its_own():
    def noisy(params, x, key):
        return x + params * jax.random.normal(key, x.shape)

    noise = microbatched(noisy, jnp.float32(1), jnp.zeros((6, 4)), jax.random.key(3), 2)
    parts = [jax.random.normal(jax.random.fold_in(jax.random.key(3), place), (2, 4)) for place in range(3)]
    np.testing.assert_array_equal(noise, jnp.concatenate(parts))


def test_all_rows_at_once_are_computed_with_the_key_itself():
    seen = []
    microbatched(lambda _, x, key: seen.append(key) or x, PARAMS, X, jax.random.key(3), 12)
    assert seen == [jax.random.key(3)]
