"""What a game is to the engine: who plays, on which examples, and what one step is."""

import functools
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.training.domain import Batch, Domain
from gancli.training.player import Player
from gancli.training.spikes import COUNT, spikes
from gancli.training.state import Params, TrainState


class Game(Protocol):
    """A frozen, hashable object. It never sees a file, a clock or a reporter; the engine never names a player.

    A game that keeps more than weights from step to step also has ``memory()``, which returns it as it is at step 0.
    """

    @property
    def config(self) -> TrainConfig:
        """The configuration that the game was built from."""
        ...

    @property
    def domains(self) -> tuple[Domain, ...]:
        """The sets of examples that it is played on."""
        ...

    @property
    def players(self) -> tuple[Player, ...]:
        """Who plays, in the order in which their networks are drawn."""
        ...

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build the network of every player, by name; ``means`` has the mean example of every domain."""
        ...

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Take one step on batches ``[*rows, *shape]`` in the model's range, by domain; the engine counts it.

        Returns the state and whatever the game measures, float32 ``[]`` each, by name.
        """
        ...

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return numbers that follow from the means over some steps of what was measured."""
        ...

    def told(self, measured: Mapping[str, float]) -> str:
        """Return one line for people about the same, with what was derived."""
        ...

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return what the last steps of a run amount to, for people, by name."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A game that keeps more than weights from step to step."""

    def memory(self) -> dict[str, Any]:
        """Return what it keeps, by name, as it is at step 0: arrays."""
        ...


def begin(game: Game, means: Mapping[str, np.ndarray]) -> TrainState:
    """Draw the first state from the configuration's seed.

    Args:
        game: the game.
        means: the mean example of every domain, as :meth:`Domain.show` shows it; normalized images have mean zero.
    """
    means = {one.name: np.zeros(one.shape) if one.contrast else means[one.name] for one in game.domains}

    @jax.jit
    def build(key: jax.Array) -> TrainState:
        networks = game.networks(nnx.Rngs(jax.random.fold_in(key, 0)), means)
        params = {player.name: _strong(player.start(networks[player.name])) for player in game.players}
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            key=jax.random.fold_in(key, 1),
            params=params,
            averages={one.name: jax.tree.map(jnp.copy, params[one.name]) for one in game.players if one.averaged},
            optimizers={player.name: player.optimizer.init(params[player.name]) for player in game.players},
            slow={one.name: jax.tree.map(jnp.copy, params[one.name]) for one in game.players if one.looks_back},
            memory=game.memory() if isinstance(game, Remembers) else {},
        )

    return build(jax.random.key(game.config.seed))


def _strong(params: Params) -> Params:
    """Return weights of the same values, none of a weak type, as ``jnp.full(3, 0.5)`` has.

    The first update would change that type, and whatever takes the weights would be compiled once more.
    """
    return jax.tree.map(lambda leaf: jax.lax.convert_element_type(leaf, leaf.dtype), params)


@functools.lru_cache(maxsize=8)
def layout(game: Game) -> TrainState:
    """Return the shapes and types of the game's state; nothing is allocated."""
    return jax.eval_shape(lambda: begin(game, {one.name: np.zeros(one.shape) for one in game.domains}))


def update(game: Game, state: TrainState, gradients: Mapping[str, Params], norm: jax.Array) -> TrainState:
    """Let the named players descend, and the averages of their weights follow.

    Args:
        game: whose players they are.
        state: what moves; its step stays.
        gradients: of what each player minimizes, by name.
        norm: the length of all gradients taken at these weights; see :meth:`Player.descend`.
    """
    params, averages, optimizers = dict(state.params), dict(state.averages), dict(state.optimizers)
    for player in game.players:
        name = player.name
        if name not in gradients:
            continue
        params[name], optimizers[name] = player.descend(params[name], optimizers[name], gradients[name], norm)
        if player.averaged:
            averages[name] = player.average(state.step, params[name], averages[name])
    return state._replace(params=params, averages=averages, optimizers=optimizers)


def noticed(game: Game, before: TrainState, after: TrainState) -> dict[str, jax.Array]:
    """Return how many gradients of each player were spikes in a step, float32 ``[]``; nothing where no guard is on."""
    if game.config.on_spike == "ignore":
        return {}
    names = [player.name for player in game.players]
    counts = {name: spikes(after.optimizers[name]) - spikes(before.optimizers[name]) for name in names}
    return {f"{name}{COUNT}": count.astype(jnp.float32) for name, count in counts.items()}
