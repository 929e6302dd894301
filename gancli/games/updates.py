"""The order in which two players move, and how far each looks ahead (Goodfellow et al. 2014, §7.5: coordination).

A rule of updates takes a state, asks for gradients, and moves the players along them. It holds no loss and no network,
so that tests apply the same rules to the game min max xy, of which every step is known.
"""

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gancli.compute.remat import ordered, zero_after
from gancli.config import TrainConfig
from gancli.games.catalog import UPDATES
from gancli.training.catalog import Pace
from gancli.training.game import Game, update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState

Weights = Mapping[str, Params]  # by player
Gradients = dict[str, Params]  # of what each player minimizes, by name
Measured = dict[str, jax.Array]
Field = Callable[[TrainState], tuple[Gradients, Measured]]  # gradients at a state, and what was measured there
Move = Callable[[TrainState, Gradients, jax.Array], TrainState]  # see gancli.training.game.update


class Sides(NamedTuple):
    """The gradients of one step: each player's alone, and both at the same weights and samples."""

    discriminator: Field
    generator: Field
    both: Field


def advance(
    player: Player, state: TrainState, gradients: Callable[[Params, jax.Array, Any], Params], batches: Any
) -> tuple[TrainState, Any]:
    """Move one player alone along all but the last of ``batches`` ``[k, ...]``.

    The last update stays outside of the scan, beside those of the other players: with ``k`` = 1 the compiler sees them
    all at once.

    Args:
        player: who moves.
        state: what moves.
        gradients: maps the player's weights, the number of the update and its batch to gradients.
        batches: arrays, one row for each update.

    Returns:
        The state, and the last batch.
    """
    last = jax.tree.map(lambda part: part[-1], batches)
    earlier = jax.tree.map(lambda part: part[:-1], batches)
    count = len(jax.tree.leaves(earlier)[0])
    if not count:
        return state, last

    def descend(carry: tuple[Params, optax.OptState], inputs: tuple[jax.Array, Any]):
        found = gradients(carry[0], *inputs)
        return player.descend(*carry, found, gradient_norm(found)), None

    name = player.name
    carry = (state.params[name], state.optimizers[name])
    carry, _ = jax.lax.scan(descend, carry, (jnp.arange(count), earlier))
    others = {other: params for other, params in state.params.items() if other != name}
    others, last = ordered((others, last), zero_after(carry))  # see gancli.compute.mesh
    params, optimizers = others | {name: carry[0]}, state.optimizers | {name: carry[1]}
    return state._replace(params={one: params[one] for one in state.params}, optimizers=optimizers), last


def take_turns(
    game: Game,
    critic: Player,
    state: TrainState,
    batches: Any,
    of_critic: Callable[[Weights, int | jax.Array, Any], tuple[Params, Measured]],
    of_makers: Callable[[Weights, int | jax.Array, Any], tuple[Gradients, Measured]],
) -> tuple[TrainState, Measured]:
    """Move the critic ``k`` times and its opponents once, the last update of each by the configured rule.

    ``alternating``: the opponents face the critic that has just moved, with draws of their own on the last batch. Every
    other rule takes all gradients at the same weights, on the draws of the critic's last update.

    Args:
        game: whose players they are.
        critic: the player that faces all others.
        state: what moves.
        batches: arrays ``[k, ...]``, a row for each update of the critic.
        of_critic: maps weights by player, the number of the update, which decides its draws, and its batch to the
            critic's gradients.
        of_makers: maps the same to those of its opponents, by player.
    """
    config, name = game.config, critic.name

    def alone(params: Params, index: jax.Array, batch: Any) -> Params:
        return of_critic(state.params | {name: params}, index, batch)[0]

    before = config.k - 1
    advanced, last = advance(critic, state, alone, batches)

    def of_discriminator(state: TrainState) -> tuple[Gradients, Measured]:
        gradients, measured = of_critic(state.params, before, last)
        return {name: gradients}, measured

    def of_generator(state: TrainState) -> tuple[Gradients, Measured]:
        return of_makers(state.params, config.k, last)

    def of_both(state: TrainState) -> tuple[Gradients, Measured]:
        (gradients, measured), (more, losses) = of_discriminator(state), of_makers(state.params, before, last)
        return gradients | more, measured | losses

    sides = Sides(of_discriminator, of_generator, of_both)
    return UPDATES[config.updates](functools.partial(update, game), advanced, sides)


def alternating(move: Move, state: TrainState, sides: Sides) -> tuple[TrainState, Measured]:
    """Move D, then G against the D that has moved (Goodfellow et al. 2014, Algorithm 1)."""
    gradients, found = sides.discriminator(state)
    d_norm = _norms(gradients)
    state = move(state, gradients, _total(d_norm))
    gradients, more = sides.generator(state)
    g_norm = _norms(gradients)
    state = move(state, gradients, _total(d_norm | g_norm))
    return state, found | more | d_norm | g_norm


def simultaneous(move: Move, state: TrainState, sides: Sides) -> tuple[TrainState, Measured]:
    """Move both players along gradients at the same weights."""
    gradients, found = sides.both(state)
    norms = _norms(gradients)
    return move(state, gradients, _total(norms)), found | norms


def extragradient(move: Move, state: TrainState, sides: Sides) -> tuple[TrainState, Measured]:
    """Move both ahead, take the gradients there, and move along them from where both were.

    Optimizers learn from both gradients (Korpelevich 1976; Gidel et al. 2019, Algorithm 4: ExtraAdam). The samples are
    the same (Mishchenko et al. 2020, Algorithm 1), so that it is the rule for deterministic games on each batch.
    """
    ahead, _ = simultaneous(move, state, sides)
    gradients, found = sides.both(ahead)
    norms = _norms(gradients)
    back = ahead._replace(params=state.params, averages=state.averages)
    return move(back, gradients, _total(norms)), found | norms


def unrolled(
    descend: Callable[[Params, optax.OptState, Params, jax.Array], tuple[Params, optax.OptState]],
    params: Params,
    optimizer_state: optax.OptState,
    gradients: Callable[[Params, int], Params],
    count: int,
) -> Params:
    """Return a player's weights after ``count`` more of its updates, as a function of all that its gradients depend on.

    A gradient that is taken of the result passes through the updates and the optimizer (Metz et al. 2017, §2.1).
    """
    for number in range(count):
        found = gradients(params, number)
        norm = gradient_norm(found)
        # Where a weight has had no gradient so far, Adam's derivative is infinite. Such a gradient stays zero.
        found = jax.tree.map(lambda leaf: jnp.where(leaf == 0, 0.0, leaf), found)
        params, optimizer_state = descend(params, optimizer_state, found, norm)
    return params


def lookahead(players: tuple[Player, ...], state: TrainState, every: int) -> TrainState:
    """After each ``every`` steps, move slow weights part of the way to the players' and the players back to them.

    All players at the same step (Chavdarova et al. 2021, Algorithm 1, after Zhang et al. 2019).

    Args:
        players: of which the state holds slow weights.
        state: after a step that is not counted yet.
        every: steps between these moves.
    """

    def synchronize(weights: tuple[Gradients, Gradients]) -> tuple[Gradients, Gradients]:
        params, slow = weights
        slow = {one.name: one.follow(params[one.name], slow[one.name]) for one in players}
        return params | slow, slow

    due = (state.step + 1) % every == 0
    params, slow = jax.lax.cond(due, synchronize, lambda weights: weights, (state.params, state.slow))
    return state._replace(params=params, slow=slow)


def under_rule(player: Player, config: TrainConfig) -> Player:
    """Return a player that moves as the configured rule has it."""
    rule, pace = UPDATES[config.updates], player.pace
    pace = Pace(pace.updates_per_epoch * rule.moves, pace.updates * rule.moves, rule.moves)
    return replace(player, pace=pace, optimistic=rule.optimistic, looks_back=config.lookahead > 0)


def _norms(gradients: Mapping[str, Params]) -> Measured:
    return {f"{name}_gradient_norm": gradient_norm(one) for name, one in gradients.items()}


def _total(norms: Measured) -> jax.Array:
    return functools.reduce(operator.add, norms.values())
