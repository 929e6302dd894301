"""A game in one file: two maps bring two sets of examples into one plane, where a critic tries to tell them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.own_files import Files
from gancli.training.catalog import Pace
from gancli.training.domain import Batch, Domain
from gancli.training.game import update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState

LEFT, RIGHT, CRITIC = "left", "right", "critic"  # the players


@dataclass(frozen=True)
class Toy:
    """Two averaged maps against a critic that is not averaged; of one set of examples both map that one."""

    config: TrainConfig
    domains: tuple[Domain, ...]
    players: tuple[Player, ...]

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, ...], files: Files | None = None) -> Self:
        """Lay it out.

        Raises:
            UsageError: it is for examples of the plane or images of one channel.
        """
        del files  # it asks for none
        if domains[0].shape[-1] > 3:
            raise UsageError(f"--game toy needs few channels, got {domains[0].shape[-1]}.")
        networks = nnx.eval_shape(lambda: _networks(domains, nnx.Rngs(0)))
        rates = {LEFT: config.generator_learning_rate, RIGHT: config.generator_learning_rate}
        rates |= {CRITIC: config.discriminator_learning_rate}
        players = tuple(
            Player(name, nnx.graphdef(networks[name]), config, rate, Pace(1, config.num_steps), averaged=name != CRITIC)
            for name, rate in rates.items()
        )
        return cls(config, domains, players)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build the two maps and the critic."""
        assert set(means) == {domain.name for domain in self.domains}
        return _networks(self.domains, rngs)

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Move the critic and then the maps, on the same noise."""
        sides = (batches[self.domains[0].name], batches[self.domains[-1].name])
        flat = [_flat(batch.examples, domain) for batch, domain in zip(sides, _ends(self.domains), strict=True)]
        noise = jax.random.split(jax.random.fold_in(state.key, state.step))
        players = {player.name: player for player in self.players}

        def scores(params: Mapping[str, Params]) -> list[jax.Array]:
            critic: Any = players[CRITIC].network(params[CRITIC])
            found = []
            for name, x, key in zip((LEFT, RIGHT), flat, noise, strict=True):
                network: Any = players[name].network(params[name])
                found.append(critic(network(x) + 0.1 * jax.random.normal(key, (len(x), 2)))[:, 0])
            return found

        def critic_loss(critic: Params) -> jax.Array:
            left, right = scores({**state.params, CRITIC: critic})
            return jnp.mean((left - 1) ** 2) + jnp.mean(right**2)

        loss, gradients = jax.value_and_grad(critic_loss)(state.params[CRITIC])
        norm = gradient_norm(gradients)
        state = update(self, state, {CRITIC: gradients}, norm)

        def maps_loss(maps: Mapping[str, Params]) -> jax.Array:
            left, right = scores(state.params | dict(maps))
            return jnp.mean(left**2) + jnp.mean((right - 1) ** 2)

        maps = {name: state.params[name] for name in (LEFT, RIGHT)}
        maps_value, maps_gradients = jax.value_and_grad(maps_loss)(maps)
        state = update(self, state, maps_gradients, norm + gradient_norm(maps_gradients))
        measured = {"critic_loss": loss, "maps_loss": maps_value, "critic_gradient_norm": norm}
        return state, measured | {"labels": jnp.mean(sides[0].labels.astype(jnp.float32))}

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return how far ahead the critic is."""
        return {"lead": measured["maps_loss"] - measured["critic_loss"]}

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the same in one line."""
        return f"lead {measured['lead']:.3f}"

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return who is ahead."""
        return {"ahead": "critic" if measured["lead"] > 0 else "maps"}


def _ends(domains: tuple[Domain, ...]) -> tuple[Domain, Domain]:
    return domains[0], domains[-1]


def _flat(examples: jax.Array, domain: Domain) -> jax.Array:
    return examples.reshape(domain.rows_per_step, -1)


def _networks(domains: tuple[Domain, ...], rngs: nnx.Rngs) -> dict[str, nnx.Module]:
    left, right = (int(np.prod(domain.shape)) for domain in _ends(domains))
    return {
        LEFT: nnx.Linear(left, 2, rngs=rngs),
        RIGHT: nnx.Linear(right, 2, rngs=rngs),
        CRITIC: nnx.Linear(2, 1, rngs=rngs),
    }
