"""The state: what a checkpoint holds of it."""

import jax
import jax.numpy as jnp

from gancli.training.state import TrainState, join_state, split_state
from tests.playing import assert_equal

STATE = TrainState(
    step=jnp.int32(7),
    key=jax.random.key(3),
    params={"encoder": {"kernel": jnp.ones((2, 2))}, "critic": {"kernel": jnp.zeros(3)}},
    averages={"encoder": {"kernel": jnp.full((2, 2), 0.5)}},
    optimizers={"encoder": ({"momentum": jnp.ones((2, 2))},), "critic": ()},
)


def test_a_state_has_an_item_for_each_player_each_average_and_the_rest():
    items = split_state(STATE)
    assert list(items) == ["encoder", "critic", "encoder.average", "training"]
    assert set(items["training"]) == {"step", "key", "optimizers"}
    assert items["training"]["key"].dtype == jnp.uint32


def test_the_items_make_the_state_again():
    again = join_state(split_state(STATE))
    assert jax.tree.structure(again) == jax.tree.structure(STATE)
    assert_equal(again, STATE)


def test_the_averaged_weights_of_a_player_without_an_average_are_its_own():
    assert STATE.averaged("encoder") is STATE.averages["encoder"]
    assert STATE.averaged("critic") is STATE.params["critic"]
