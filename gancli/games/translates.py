"""A translator as anybody uses it: from images of one domain to images of another, or to any class of one domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import jax
import jax.numpy as jnp

from gancli.errors import UsageError
from gancli.models.layers.attention import Attended
from gancli.training.domain import Classes, Domain
from gancli.training.game import Game
from gancli.training.player import Player, cast
from gancli.training.state import Params

A, B = "a", "b"  # names of domains


@dataclass(frozen=True)
class Translates:
    """A translator: examples of ``source`` to examples of ``target``. Its weights are an argument of every function.

    Where the target has classes, it is the source as well, and the translator goes to any of its classes.
    """

    player: Player
    source: Domain
    target: Domain
    has_noise: bool = False  # whether there are several answers: then keys of random numbers decide which
    attends: bool = False  # whether it tells where it looks

    @property
    def num_classes(self) -> int:
        """How many classes it goes to; 0: to the target alone."""
        return self.target.num_classes

    def translate(
        self,
        translator: Params,
        x: jax.Array,
        dtype: Any = jnp.float32,
        key: jax.Array | None = None,
        classes: Classes = None,
    ) -> jax.Array:
        """Map examples ``[B, *shape]`` in the model's range to such examples, float32 computed in ``dtype``.

        One to classes needs the ``classes`` ``[B, K]`` that are asked for, one-hot.
        """
        network: Any = self.player.network(translator, dtype)
        beside = (key,) if self.has_noise else () if classes is None else (classes.astype(dtype),)
        return cast(network(x.astype(dtype), *beside), jnp.float32)

    def attend(self, translator: Params, x: jax.Array, dtype: Any = jnp.float32) -> Attended:
        """Return the translations of examples ``[B, *shape]`` and the attention: empty where there is none."""
        if not self.attends:
            count = len(x)
            return Attended(self.translate(translator, x, dtype), jnp.zeros((count, 0)), jnp.zeros((count, 0, 0)))
        network: Any = self.player.network(translator, dtype)
        return cast(network.attended(x.astype(dtype)), jnp.float32)

    def encode(self, translator: Params, x: jax.Array, dtype: Any = jnp.float32) -> tuple[jax.Array, ...]:
        """Return the maps ``[B, h, w, C]`` of layers of a translator that shows them, float32."""
        network: Any = self.player.network(translator, dtype)
        return cast(network.encoded(x.astype(dtype)), jnp.float32)


@dataclass(frozen=True)
class Translators:
    """Translators with their weights: from A to B, and of most games also from B to A."""

    ways: tuple[Translates, ...]
    weights: tuple[Params, ...]

    @classmethod
    def of(cls, game: Game, weights: Mapping[str, Params]) -> Self:
        """Return the translators of a game by the weights of its players.

        Raises:
            UsageError: the game translates nothing.
        """
        ways = ways_of(game)
        if ways is None:
            raise UsageError(
                f"--game {game.config.game} translates nothing. Train with --game cycle, contrastive, paired or "
                f"attributes."
            )
        return cls(ways, tuple(weights[way.player.name] for way in ways))


def ways_of(game: Game) -> tuple[Translates, ...] | None:
    """Return the translators of a game, A to B first, without weights; None: it has none."""
    return getattr(game, "translates", None)


def goes_to_classes(game: Game) -> bool:
    """Return whether a game translates the images of one domain to any of its classes."""
    ways = ways_of(game)
    return ways is not None and ways[0].num_classes > 0
