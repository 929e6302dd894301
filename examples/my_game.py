"""A game of your own: ``gancli train digits --game examples/my_game.py:LeastSquares``.

The least-squares GAN (Mao et al. 2017) written out: two players, one set of examples, one step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.games import pair
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Draws
from gancli.models.catalog import Architecture, architecture
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.game import update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import TrainState


@dataclass(frozen=True)
class LeastSquares:
    """D minimizes (D(x) - 1)² + D(G(z))², G minimizes (D(G(z)) - 1)²."""

    config: TrainConfig
    domains: tuple[Domain, ...]
    players: tuple[Player, ...]
    draws: Draws  # so that `sample` and `evaluate` can draw from the generator
    family: Architecture = field(compare=False)  # of the networks

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, ...], files: Files) -> Self:
        """Say who plays: the networks of the configured model, by name."""
        (domain,) = domains
        family = architecture(config.model, files.get("model"))
        players = pair.players(config, family, domain, "scorer")
        return cls(config, domains, players, Draws(players[0], domain), family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build both networks."""
        (domain,) = self.domains
        return pair.networks(self.config, self.family, domain, "scorer", means[domain.name], rngs)

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update D once, then G once; the randomness of step n is that of ``fold_in(key, n)``."""
        (domain,), (_, d_player) = self.domains, self.players
        real = batches[domain.name].examples[-1]
        latent_key, dropout_key = jax.random.split(jax.random.fold_in(state.key, state.step))
        latents = self.draws.latents(latent_key, len(real))

        def scores(discriminator: Any, x: jax.Array) -> jax.Array:
            network: Any = d_player.network(discriminator)
            packs = jnp.concatenate(jnp.split(x, self.config.packing), axis=-1)  # D scores --packing examples at once
            return network(packs, dropout_key).outputs

        def d_loss(discriminator: Any) -> jax.Array:
            fake = self.draws.generate(state.params[GENERATOR], latents)
            return jnp.mean((scores(discriminator, real) - 1) ** 2) + jnp.mean(scores(discriminator, fake) ** 2)

        loss, gradients = jax.value_and_grad(d_loss)(state.params[DISCRIMINATOR])
        norm = gradient_norm(gradients)
        state = update(self, state, {DISCRIMINATOR: gradients}, norm)

        def g_loss(generator: Any) -> jax.Array:
            fake = self.draws.generate(generator, latents)
            return jnp.mean((scores(state.params[DISCRIMINATOR], fake) - 1) ** 2)

        g_value, g_gradients = jax.value_and_grad(g_loss)(state.params[GENERATOR])
        state = update(self, state, {GENERATOR: g_gradients}, norm + gradient_norm(g_gradients))
        return state, {"discriminator_loss": loss, "generator_loss": g_value}

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return numbers that follow from the means of what was measured."""
        return {"loss_ratio": measured["generator_loss"] / measured["discriminator_loss"]}

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the line of a step."""
        return f"loss D {measured['discriminator_loss']:.3f} G {measured['generator_loss']:.3f}"

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return rows for the table at the end."""
        return {"loss ratio": f"{measured['loss_ratio']:.2f}"}
