"""The game with codes (Chen et al. 2016, InfoGAN): categories and scales of the data, found without labels.

Beside its latents the generator starts from codes c, and a network Q on D's trunk reads them from samples. D with Q,
and G, gain by what Q finds: ``I(c; G(z, c)) >= H(c) + E log Q(c | G(z, c))``, in nats, times a weight. So what a code
means is left to the game.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.mesh import divided
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games import adversarial, pair
from gancli.games.chosen import chosen
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Draws, Scores
from gancli.games.passes import generated, penalized, scored, scored_twice
from gancli.games.updates import Measured, Weights, take_turns, under_rule
from gancli.latents.catalog import MIXTURE
from gancli.latents.codes import Codes
from gancli.losses.information import category_information, code_information, code_log_likelihood
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.models.layers.code_reader import CodeReader
from gancli.models.layers.parts import uniform_init
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.player import Player
from gancli.training.state import Params, TrainState

CATEGORIES, SCALES = "category_information", "code_information"  # what is measured of each kind of code, nats


@dataclass(frozen=True)
class InfoGAN:
    """A generator with codes against a discriminator that reads them, by any loss that compares D's outputs."""

    config: TrainConfig
    domains: tuple[Domain, ...]
    players: tuple[Player, ...]
    objective: Objective
    codes: Codes
    draws: Draws
    scores: Scores
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, ...], files: Files | None = None) -> Self:
        """Lay out both networks for examples of the one domain, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        (domain,) = domains
        config, loss, family = chosen(config, domain, files, check)
        codes = Codes.parse(config.codes)
        networks = nnx.eval_shape(lambda: _networks(config, family, domain, codes, np.zeros(domain.shape), nnx.Rngs(0)))
        generator, discriminator = (
            under_rule(replace(player, graph=nnx.graphdef(networks[player.name])), config)
            for player in pair.players(config, family, domain, loss.network)
        )
        draws, scores = Draws(generator, domain, codes), Scores(discriminator, domain, loss, family.convolves)
        return cls(config, domains, (generator, discriminator), loss, codes, draws, scores, family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build G, and D with Q."""
        (domain,) = self.domains
        return _networks(self.config, self.family, domain, self.codes, means[domain.name], rngs)

    def information(self, found: jax.Array, latents: jax.Array) -> tuple[jax.Array, Measured]:
        """Return ``E log Q(c | x)`` up to a constant, and the bounds in nats, of what Q found ``[B, S]`` in samples.

        Args:
            found: as :class:`gancli.models.layers.code_reader.CodeOutput` has them.
            latents: of the samples, ``[B, Z + S]``.
        """
        drawn = latents[:, self.config.latent_size :]
        gained, measured = jnp.zeros(()), {}
        for kind, place in zip(self.codes.kinds, self.codes.places, strict=True):
            if kind:
                bound = category_information(found[:, place], drawn[:, place])
                gained, name = gained + bound, CATEGORIES
            else:
                means, codes = found[:, place.start], drawn[:, place.start]
                gained, name = gained + code_log_likelihood(means, codes), SCALES
                bound = code_information(means, codes)
            measured[name] = measured.get(name, 0.0) + bound
        return gained, measured

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update D with Q ``k`` times and G once, the last update of D and that of G by the configured rule.

        ``alternating``: G faces the D just updated, with fresh latents. Every other rule takes both gradients at the
        same weights, on the same samples.

        Args:
            state: what moves.
            batches: of the one domain ``[k, B, *shape]`` in the model's range, one for each update of D.
        """
        config, (domain,) = self.config, self.domains
        step_key = jax.random.fold_in(state.key, state.step)

        def draw(index: int | jax.Array) -> tuple[jax.Array, jax.Array]:
            latent_key, network_key = jax.random.split(jax.random.fold_in(step_key, index))
            return divided(self.draws.latents(latent_key, config.batch_size)), network_key

        def of_critic(weights: Weights, index: int | jax.Array, x: jax.Array) -> tuple[Params, Measured]:
            latents, key = draw(index)
            fake = generated(self.draws, weights[GENERATOR], latents)
            return discriminator_gradients(self, weights[DISCRIMINATOR], x, fake, latents, key, state.step)

        def of_makers(weights: Weights, index: int | jax.Array, x: jax.Array) -> tuple[dict[str, Params], Measured]:
            latents, key = draw(index)
            players = weights[GENERATOR], weights[DISCRIMINATOR]
            gradients, loss = generator_gradients(self, *players, latents, x, key)
            return {GENERATOR: gradients}, {"generator_loss": loss}

        examples = batches[domain.name].examples
        return take_turns(self, self.scores.player, state, examples, of_critic, of_makers)

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return the estimate of a divergence that D's loss gives, where the objective gives one."""
        return self.objective.derived(measured["discriminator_loss"])

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses, what D makes of data and samples, and what samples tell of their codes."""
        word = "D" if self.objective.belief else self.objective.shows[0]
        return (
            f"loss D {measured['discriminator_loss']:.3f} G {measured['generator_loss']:.3f}  "
            f"{word}(real) {measured['d_real']:.2f} {word}(fake) {measured['d_fake']:.2f}  "
            f"information {' + '.join(f'{measured[name]:.2f}' for name in (CATEGORIES, SCALES) if name in measured)}"
        )

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return what D's loss says, and what samples tell of their codes, for people."""
        entropy = sum(np.log(kind) for kind in self.codes.kinds if kind)
        parts = []
        if CATEGORIES in measured:
            parts.append(f"categories at least {max(measured[CATEGORIES], 0):.3f} of {entropy:.3f} nats")
        if SCALES in measured:
            parts.append(f"continuous codes at least {max(measured[SCALES], 0):.3f} nats")
        return self.objective.concluded(measured["discriminator_loss"]) | {"information": ", ".join(parts)}


def discriminator_gradients(
    game: InfoGAN,
    discriminator: Params,
    real: jax.Array,
    fake: jax.Array,
    latents: jax.Array,
    key: jax.Array,
    step: jax.Array | int = 0,
) -> tuple[Params, Measured]:
    """Return the gradient of D's loss and penalties less the weighted information, and what was measured.

    Args:
        game: the game.
        discriminator: D with Q.
        real: data ``[B, ...]``.
        fake: samples ``[B, ...]``, of which Q reads the codes.
        latents: of the samples, ``[B, Z + S]``.
        key: of noise and dropout.
        step: whose weight penalties have.
    """
    noise_key, dropout_key = jax.random.split(key)
    real, fake = jnp.split(game.scores.seen(jnp.concatenate([real, fake]), noise_key), 2)

    def minimized(discriminator: Params) -> tuple[jax.Array, Measured]:
        real_found, fake_found = scored_twice(game.scores, discriminator, real, fake, dropout_key)
        half: Any = game.objective.discriminator
        loss = half(real_found.outputs, fake_found.outputs)
        penalty = penalized(game.scores, discriminator, real, fake, key, step=step)
        gained, measured = game.information(fake_found.codes, latents)
        shown = game.objective.shown
        measured |= {
            "discriminator_loss": loss,  # without penalties and codes
            "penalty": penalty,  # weighted
            "d_real": jnp.mean(shown(real_found.outputs)),  # D(x): a probability, or what is shown of D
            "d_fake": jnp.mean(shown(fake_found.outputs)),
        }
        return loss + penalty - game.config.information_weight * gained, measured

    return jax.grad(minimized, has_aux=True)(discriminator)


def generator_gradients(
    game: InfoGAN, generator: Params, discriminator: Params, latents: jax.Array, real: jax.Array, key: jax.Array
) -> tuple[Params, jax.Array]:
    """Return the gradient of G's loss on the samples of ``latents`` less the weighted information, and the loss."""
    keys = jax.random.split(key)

    def seen(x: jax.Array, key: jax.Array) -> Any:
        noise_key, dropout_key = jax.random.split(key)
        return scored(game.scores, discriminator, game.scores.seen(x, noise_key), dropout_key)

    def minimized(generator: Params) -> tuple[jax.Array, jax.Array]:
        fake = generated(game.draws, generator, latents)
        real_found, fake_found = (seen(x, own) for x, own in zip((real, fake), keys, strict=True))
        loss = game.objective.generator(real_found.outputs, fake_found.outputs)
        gained, _ = game.information(fake_found.codes, latents)
        return loss - game.config.information_weight * gained, loss

    return jax.grad(minimized, has_aux=True)(generator)


def check(config: TrainConfig, loss: Objective) -> None:
    """Raise a UsageError unless the loss compares D's outputs, and the rest goes with codes of single samples."""
    if loss.discriminator is None or loss.network != "scorer" or loss.compares != "outputs":
        raise UsageError(
            f"--game infogan needs a loss that compares outputs of D, on whose features codes are read; --loss "
            f"{config.loss} does not. Take another --loss, such as non-saturating."
        )
    adversarial.check(config, loss)
    if config.prior == MIXTURE:
        raise UsageError(f"--game infogan and --prior {MIXTURE} exclude each other. Take --prior gaussian.")
    if config.conditional:
        raise UsageError("--game infogan and --conditional exclude each other: codes stand in the place of classes.")
    if config.packing > 1:
        raise UsageError(f"--game infogan reads the codes of samples one by one; got --packing {config.packing}.")
    if config.pulling_away:
        raise UsageError("--game infogan and --pulling-away exclude each other. Leave --pulling-away out.")


def _networks(
    config: TrainConfig, family: Architecture, domain: Domain, codes: Codes, mean: np.ndarray, rngs: nnx.Rngs
) -> dict[str, nnx.Module]:
    """Build G with codes beside its latents, and D with Q."""
    wide = replace(config, latent_size=config.latent_size + codes.size)
    networks = pair.networks(wide, family, domain, "scorer", mean, rngs)
    init = uniform_init(None)
    networks[DISCRIMINATOR] = CodeReader(networks[DISCRIMINATOR], domain.shape, codes.size, init=init, rngs=rngs)
    return networks
