"""A translator as anybody uses it: from images of one domain to images of another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import jax
import jax.numpy as jnp

from gancli.errors import UsageError
from gancli.training.domain import Domain
from gancli.training.game import Game
from gancli.training.player import Player, cast
from gancli.training.state import Params

A, B = "a", "b"  # names of domains


@dataclass(frozen=True)
class Translates:
    """A translator: examples of ``source`` to examples of ``target``. Its weights are an argument of every function."""

    player: Player
    source: Domain
    target: Domain

    def translate(self, translator: Params, x: jax.Array, dtype: Any = jnp.float32) -> jax.Array:
        """Map examples ``[B, *shape]`` in the model's range to such examples, float32 computed in ``dtype``."""
        network: Any = self.player.network(translator, dtype)
        return cast(network(x.astype(dtype)), jnp.float32)


@dataclass(frozen=True)
class Translators:
    """Both translators with their weights: from A to B, and from B to A."""

    ways: tuple[Translates, Translates]
    weights: tuple[Params, Params]

    @classmethod
    def of(cls, game: Game, weights: Mapping[str, Params]) -> Self:
        """Return the translators of a game by the weights of its players.

        Raises:
            UsageError: the game translates nothing.
        """
        ways = ways_of(game)
        if ways is None:
            raise UsageError(f"--game {game.config.game} translates nothing. Train with --game cycle.")
        to_b, to_a = ways
        return cls(ways, (weights[to_b.player.name], weights[to_a.player.name]))


def ways_of(game: Game) -> tuple[Translates, Translates] | None:
    """Return the translators of a game, without weights; None: it has none."""
    return getattr(game, "translates", None)
