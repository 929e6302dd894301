"""What is computed again against what is kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.compute.microbatch import microbatched
from gancli.compute.remat import ordered, rematerialized, rematerializing, zero_after
from gancli.models.layers.parts import dropout

WEIGHTS = {"kernel": jax.random.normal(jax.random.key(0), (5, 3))}
ROWS = jax.random.normal(jax.random.key(1), (12, 5))


def layer(params, x, key):
    return jnp.tanh(x @ params["kernel"])


def test_zero_after_is_zero_and_changes_nothing():
    tree = {"a": ROWS, "b": (WEIGHTS["kernel"].astype(jnp.bfloat16), jnp.ones(()))}
    assert zero_after(tree) == 0
    assert zero_after([]) == zero_after(jnp.zeros((3, 0))) == 0
    jax.tree.map(np.testing.assert_array_equal, ordered(tree, zero_after(ROWS)), tree)
    assert [leaf.dtype for leaf in jax.tree.leaves(ordered(tree, zero_after(ROWS)))] == [
        leaf.dtype for leaf in jax.tree.leaves(tree)
    ]


@pytest.mark.parametrize("rows", [0, 1, 4, 12])
def test_parts_make_a_whole_whatever_is_made_of_it(rows):
    """The loss is of all rows together, and no mean of losses of parts."""

    def loss(params, x, rows):
        out = microbatched(layer, params, x, None, rows)
        return jnp.linalg.norm(out.T @ out) + jnp.max(jnp.sum(out, axis=0))

    whole = jax.value_and_grad(loss, argnums=(0, 1))(WEIGHTS, ROWS, 0)
    parts = jax.value_and_grad(loss, argnums=(0, 1))(WEIGHTS, ROWS, rows)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), parts, whole)


def test_parts_draw_differently_and_the_same_on_the_way_back():
    def dropped(params, x, key):
        return dropout(x * params, 0.5, key)

    x = jnp.ones((8, 1000))
    out, pull = jax.vjp(lambda scale: microbatched(dropped, scale, x, jax.random.key(0), 4), jnp.ones(()))
    assert not (out[:4] == out[4:]).all()
    (slope,) = pull(jnp.ones_like(out))
    assert float(slope) == pytest.approx(float(jnp.sum(out)))  # what was let through then is let through now


def test_a_layer_that_is_computed_again_has_the_same_gradients_of_any_order():
    dense = nnx.Linear(5, 3, rngs=nnx.Rngs(0))

    def run(module, x, key):
        return jnp.sin(dropout(module(x), 0.5, key)), jnp.sum(x)

    def slopes(remat):
        def value(x):
            with rematerializing(remat):
                out, total = rematerialized(run, dense, x, jax.random.key(3))
            return jnp.sum(out**2) + total**2

        return value(ROWS), jax.grad(value)(ROWS), jax.grad(lambda x: jnp.sum(jax.grad(value)(x) ** 2))(ROWS)

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), slopes(True), slopes(False))
