"""Weights of a length of their own: against the formula, whatever the directions' scale."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.models.layers.weight_norm import WeightNormalized

INIT = nnx.initializers.normal(0.1)
X = jax.random.normal(jax.random.key(0), (7, 5))


def layer(**options) -> WeightNormalized:
    return WeightNormalized(5, 3, init=INIT, rngs=nnx.Rngs(0), **options)


def test_it_is_the_formula():
    one = layer(length=2.0)
    v = np.asarray(one.direction[...])
    expected = 2.0 * np.asarray(X) @ v / np.sqrt((v**2).sum(axis=0))
    np.testing.assert_allclose(one(X), expected, rtol=1e-5)


def test_inputs_of_the_given_mean_give_zero():
    mean = np.array([1.0, 2.0, 0.5, 0.0, -1.0], np.float32)
    np.testing.assert_allclose(layer(length=3.0, mean=mean)(jnp.asarray(mean[None])), np.zeros((1, 3)), atol=1e-5)


def test_the_scale_of_directions_changes_nothing_and_gradients_are_orthogonal_to_them():
    one = layer()

    def loss(direction: jax.Array) -> jax.Array:
        graph, state = nnx.split(one)
        state["direction"] = nnx.Param(direction)
        return jnp.sum(nnx.merge(graph, state)(X) ** 2)

    v = one.direction[...]
    np.testing.assert_allclose(loss(10 * v), loss(v), rtol=1e-5)
    gradient = jax.grad(loss)(v)
    np.testing.assert_allclose(jnp.sum(gradient * v, axis=0), np.zeros(3), atol=1e-4)
    assert float(jnp.abs(gradient).max()) > 0.1
