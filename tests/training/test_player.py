"""A player: how it descends, what holds its weights, and the average of them."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.training.catalog import Pace
from gancli.training.player import Player, cast, gradient_norm
from tests.playing import SMALL, assert_close, assert_equal, run, small


def linear(**changes: Any) -> tuple[Player, Any]:
    """Return a player with one dense layer, and its first weights."""
    bounds = changes.pop("bounds", ())
    config = dataclasses.replace(SMALL, momentum=0.0, **changes)
    network = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
    player = Player("only", nnx.graphdef(network), config, 0.1, Pace(1, 1), averaged=True, bounds=bounds)
    return player, player.start(network)


def descended(player: Player, params: Any, gradients: Any, norm: float = 1.0) -> Any:
    return player.descend(params, player.optimizer.init(params), gradients, jnp.asarray(norm))


def test_it_descends_with_its_own_learning_rate():
    player, params = linear()
    gradients = jax.tree.map(jnp.ones_like, params)
    after, _ = descended(player, params, gradients)
    assert_close(after, jax.tree.map(lambda leaf: leaf - 0.1, params), atol=1e-7)


@pytest.mark.parametrize("norm", [np.nan, np.inf])
def test_of_gradients_that_are_not_finite_nothing_is_applied(norm):
    player, params = linear()
    gradients = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), params)
    assert_equal(descended(player, params, gradients, norm)[0], params)


def test_its_network_computes_with_the_weights_it_is_given():
    player, params = linear()
    x = jnp.arange(6.0).reshape(2, 3)
    network: Any = player.network(params)
    np.testing.assert_allclose(network(x), x @ params["kernel"] + params["bias"][None], atol=1e-6)
    half: Any = player.network(params, jnp.bfloat16)
    assert half(x.astype(jnp.bfloat16)).dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(cast(params, jnp.bfloat16))} == {jnp.dtype("bfloat16")}


def test_clipped_weights_stay_within_their_limit():
    player, params = linear(bounds=("clip",), clip_limit=0.02)
    after, _ = descended(player, params, jax.tree.map(jnp.ones_like, params))
    assert all(float(jnp.abs(leaf).max()) <= 0.02 for leaf in jax.tree.leaves(after))


def test_a_spectrally_normalized_network_stretches_nothing():
    player, params = linear(bounds=("spectral-norm",))
    assert set(params) == {"kernel", "bias", "direction"}
    for _ in range(20):
        params, _ = descended(player, params, jax.tree.map(jnp.zeros_like, params))
    network: Any = player.network(params)
    largest = np.linalg.svd(np.asarray(network.kernel[...]), compute_uv=False)[0]
    assert largest == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_columns_stay_within_their_limit_while_training(updates):
    game, state = small(max_column_norm=0.2, updates=updates)
    state, _ = run(game, state, 0, 4)
    for path, leaf in jax.tree_util.tree_leaves_with_path(state.params):
        if "kernel" in jax.tree_util.keystr(path):
            assert float(jnp.linalg.norm(leaf, axis=0).max()) <= 0.2 + 1e-6


@pytest.mark.parametrize("ramp", [9.0, 2.0])
def test_the_average_follows_its_definition(ramp):
    game, state = small(ema_decay=0.9, ema_ramp=ramp)
    assert set(state.averages) == {"generator"}
    expected = jax.tree.map(np.array, state.averages["generator"])
    for step in range(30):
        state, _ = run(game, state, step, step + 1)
        decay = min(0.9, (1 + step) / (1 + ramp + step))
        weights = jax.tree.map(np.asarray, state.params["generator"])
        expected = jax.tree.map(lambda e, g, d=decay: d * e + (1 - d) * g, expected, weights)
    assert_close(state.averages["generator"], expected, atol=1e-6)


def test_without_a_decay_no_average_is_kept():
    _, state = small(ema_decay=0.0)
    assert state.averages == {}


def test_the_gradient_norm_is_the_length_of_all_gradients_together():
    tree = {"a": jnp.array([3.0, 0.0]), "b": [jnp.array([[4.0]]), jnp.array(12.0)]}
    assert float(gradient_norm(tree)) == pytest.approx(13.0)
