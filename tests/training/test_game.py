"""A game of three players and two domains begins, and its players move."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.training.game import layout, update
from tests.playing import as_numbers, assert_equal
from tests.toy import CRITIC, LEFT, RIGHT, Toy
from tests.training.three_players import CONFIG, DOMAINS, GAME, first_state


def test_the_first_state_has_the_players_and_the_averages_of_those_that_have_one():
    state = first_state()
    assert set(state.params) == set(state.optimizers) == {LEFT, RIGHT, CRITIC}
    assert set(state.averages) == {LEFT, RIGHT}
    assert_equal(state.averages, {name: state.params[name] for name in (LEFT, RIGHT)})
    assert int(state.step) == 0
    kinds = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), (layout(GAME), state))
    assert kinds[0] == kinds[1]


def test_the_seed_decides_the_first_state():
    other = Toy.build(dataclasses.replace(CONFIG, seed=1), DOMAINS)
    assert_equal(first_state(), first_state())
    one, another = (as_numbers(state.params[LEFT]["kernel"]) for state in (first_state(), first_state(other)))
    assert not np.array_equal(one, another)


class Halves(Toy):
    """Its weights are made from a number of Python, whose type is weak: a float of any precision."""

    def networks(self, rngs, means):
        made = super().networks(rngs, means)
        for network in made.values():
            nnx.update(network, jax.tree.map(lambda leaf: jnp.full(leaf.shape, 0.5), nnx.state(network)))
        return made


def test_no_weight_begins_with_a_weak_type_which_the_first_step_would_change():
    game = Halves.build(CONFIG, DOMAINS)
    made = game.networks(nnx.Rngs(0), {domain.name: np.zeros(domain.shape) for domain in DOMAINS})
    assert all(leaf.weak_type for network in made.values() for leaf in jax.tree.leaves(nnx.state(network)))
    assert not any(leaf.weak_type for leaf in jax.tree.leaves(layout(game)))


@pytest.mark.parametrize("moved", [(CRITIC,), (LEFT, RIGHT), (RIGHT,)], ids=str)
def test_only_the_named_players_move_and_their_averages(moved):
    state = first_state()
    state = state._replace(step=jnp.int32(3))
    gradients = {name: jax.tree.map(jnp.ones_like, state.params[name]) for name in moved}
    after = update(GAME, state, gradients, jnp.asarray(1.0))
    assert_equal((after.step, after.key), (state.step, state.key))
    players = {player.name: player for player in GAME.players}
    for name in (LEFT, RIGHT, CRITIC):
        if name not in moved:
            assert_equal(after.params[name], state.params[name])
            assert_equal(after.optimizers[name], state.optimizers[name])
            if name in state.averages:
                assert_equal(after.averages[name], state.averages[name])
            continue
        player, before = players[name], state.params[name]
        params, optimizer = player.descend(before, state.optimizers[name], gradients[name], jnp.asarray(1.0))
        assert not np.array_equal(params["kernel"], before["kernel"])
        assert_equal((after.params[name], after.optimizers[name]), (params, optimizer))
        if player.averaged:
            assert_equal(after.averages[name], player.average(state.step, params, state.averages[name]))
            assert not np.array_equal(after.averages[name]["kernel"], state.averages[name]["kernel"])
    assert set(after.averages) == {LEFT, RIGHT}
