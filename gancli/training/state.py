"""Everything that moves during training, by the names of the players, as plain arrays."""

from typing import Any, NamedTuple

import jax
import optax

Params = Any  # a tree of arrays: nested dictionaries by layer and name

AVERAGE = ".average"  # behind a player's name, in a checkpoint: the average of its weights
TRAINING = "training"  # the item of a checkpoint that holds all that is no network


class TrainState(NamedTuple):
    """The state of a game; a checkpoint holds exactly this."""

    step: jax.Array  # int32 [], steps done
    key: jax.Array  # the run's random key; never advanced: step n uses fold_in(key, n)
    params: dict[str, Params]  # by player
    averages: dict[str, Params]  # exponential moving averages of weights, of the players that have one
    optimizers: dict[str, optax.OptState]  # by player
    slow: dict[str, Params] = {}  # weights to which players return at times, of the players that have some  # noqa: RUF012
    memory: dict[str, Any] = {}  # what else a game keeps from step to step, by name  # noqa: RUF012

    def averaged(self, player: str) -> Params:
        """Return the average of a player's weights, or its weights where no average is kept."""
        return self.averages.get(player, self.params[player])


def split_state(state: TrainState) -> dict[str, Any]:
    """Return the state as the items of a checkpoint: one a player, one an average, and the rest.

    The typed key becomes plain integers.
    """
    averages = {f"{name}{AVERAGE}": average for name, average in state.averages.items()}
    rest = {"step": state.step, "key": jax.random.key_data(state.key), "optimizers": state.optimizers}
    # Only where there are some, so that runs of before there was such a thing stay readable.
    rest |= {"slow": state.slow} if state.slow else {}
    rest |= {"memory": state.memory} if state.memory else {}
    return {**state.params, **averages, TRAINING: rest}


def join_state(items: dict[str, Any]) -> TrainState:
    """Undo :func:`split_state`."""
    rest = items[TRAINING]
    networks = {name: item for name, item in items.items() if name != TRAINING}
    averages = {name.removesuffix(AVERAGE): item for name, item in networks.items() if name.endswith(AVERAGE)}
    params = {name: item for name, item in networks.items() if not name.endswith(AVERAGE)}
    key = jax.random.wrap_key_data(rest["key"])
    kept = (rest.get(name, {}) for name in ("slow", "memory"))
    return TrainState(rest["step"], key, params, averages, rest["optimizers"], *kept)
