"""The game without a discriminator: G matches statistics of the data (Li, Swersky, Zemel 2015)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import jax
import numpy as np
from flax import nnx

from gancli.compute.mesh import divided
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games import pair
from gancli.games.pair import GENERATOR, Draws
from gancli.games.passes import generated
from gancli.losses.catalog import objective
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture, architecture
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.game import update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState


@dataclass(frozen=True)
class Matching:
    """A generator alone, by a loss that compares samples with data."""

    config: TrainConfig
    domains: tuple[Domain, ...]
    players: tuple[Player, ...]
    objective: Objective
    draws: Draws
    family: Architecture = field(compare=False)  # the player's graph tells families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, ...], files: Files | None = None) -> Self:
        """Lay out the generator for examples of the one domain, without allocating it.

        Raises:
            UsageError: the configuration makes no such game, or its network does not fit the data.
        """
        (domain,) = domains
        files = files or {}
        loss = objective(config.loss, files.get("loss"))
        check(config, loss)
        family = architecture(config.model, files.get("model"))
        (generator,) = pair.players(config, family, domain, None)
        return cls(config, domains, (generator,), loss, Draws(generator, domain), family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build G."""
        (domain,) = self.domains
        return pair.networks(self.config, self.family, domain, None, means[domain.name], rngs)

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update G once, on a batch ``[1, B, *shape]`` of the one domain."""
        (domain,) = self.domains
        real = batches[domain.name].examples[-1]
        latent_key, _ = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1))
        latents = divided(self.draws.latents(latent_key, self.config.batch_size))

        def minimized(generator: Params) -> jax.Array:
            return self.objective.generator(real, generated(self.draws, generator, latents))

        loss, gradients = jax.value_and_grad(minimized)(state.params[GENERATOR])
        norm = gradient_norm(gradients)
        state = update(self, state, {GENERATOR: gradients}, norm)
        return state, {"generator_loss": loss, "generator_gradient_norm": norm}

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return the estimate of a divergence that the loss gives, where the objective gives one."""
        return self.objective.derived(measured["generator_loss"])

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the loss."""
        return f"loss G {measured['generator_loss']:.3g}"

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return what the loss says, for people."""
        return self.objective.concluded(measured["generator_loss"])


def check(config: TrainConfig, loss: Objective) -> None:
    """Raise a UsageError unless the loss compares samples, and nothing is asked of a discriminator."""
    if loss.discriminator is not None or loss.compares != "samples":
        raise UsageError(
            f"--game matching needs a loss that compares samples and has no discriminator; --loss {config.loss} does "
            f"not. Take --game adversarial."
        )
    for option, value, plain in (
        ("penalty", ",".join(config.penalty), ""),
        ("k", config.k, 1),
        ("packing", config.packing, 1),
        ("instance-noise", config.instance_noise, 0.0),
        ("augment", ",".join(config.augment), ""),
        ("pulling-away", config.pulling_away, 0.0),
    ):
        if value != plain:
            raise UsageError(f"--{option} {value} is for a discriminator, and --loss {config.loss} has none.")
    if config.conditional:
        raise UsageError(f"--conditional needs a loss that goes by the scores of D; --loss {config.loss} does not.")
    if config.batch_size < 2:
        raise UsageError(f"--loss {config.loss} needs a --batch-size of at least 2, got {config.batch_size}.")
