"""The bidirectional game (Donahue et al. 2017, BiGAN; Dumoulin et al. 2017, ALI): learned inference.

An encoder E learns beside the generator G, and D scores pairs: examples beside what E makes of them, (x, E(x)), and
samples beside the latents behind them, (G(z), z). G and E together make these hard to tell apart. If D cannot, G draws
as the data are distributed, and E inverts it (Donahue et al. 2017, theorem 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.mesh import divided
from gancli.compute.microbatch import microbatched
from gancli.compute.remat import rematerializing
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games import adversarial, pair
from gancli.games.augmentation import augmented
from gancli.games.chosen import chosen
from gancli.games.encodes import ENCODER, Encodes
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Draws, Scores
from gancli.games.passes import PRECISIONS, generated, penalized, scored_pair
from gancli.games.updates import Weights, take_turns, under_rule
from gancli.latents.catalog import MIXTURE
from gancli.losses.catalog import PENALTIES
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.models.encoder import encoder, pair_discriminator
from gancli.own_files import Files
from gancli.salts import AUGMENTATION, POSTERIOR
from gancli.training.catalog import Pace
from gancli.training.domain import Batch, Domain
from gancli.training.player import Player
from gancli.training.state import Params, TrainState

Makers = Mapping[str, Params]  # weights of the generator and the encoder


@dataclass(frozen=True)
class Bidirectional:
    """A generator and an encoder against a discriminator of pairs, by any loss that compares D's outputs."""

    config: TrainConfig
    domains: tuple[Domain, ...]
    players: tuple[Player, ...]
    objective: Objective
    draws: Draws
    encodes: Encodes
    of_pairs: Scores  # D; its examples are flat pairs [D + Z]
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, ...], files: Files | None = None) -> Self:
        """Lay out the three networks for examples of the one domain, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        (domain,) = domains
        config, loss, family = chosen(config, domain, files, check)
        (generator,) = pair.players(config, family, domain, None)
        others = nnx.eval_shape(lambda: _opponents(config, family, domain, nnx.Rngs(0)))
        graphs = {name: nnx.graphdef(network) for name, network in others.items()}
        rate, pace = config.discriminator_learning_rate, generator.pace
        slower = Pace(pace.updates_per_epoch, pace.updates * config.k)
        bounds = tuple(name for name in config.penalty if PENALTIES[name].bound)
        makers = generator, replace(generator, name=ENCODER, graph=graphs[ENCODER])
        critic = Player(DISCRIMINATOR, graphs[DISCRIMINATOR], config, rate, slower, bounds=bounds)
        generator, reader, critic = (under_rule(player, config) for player in (*makers, critic))
        size = int(np.prod(domain.shape)) + config.latent_size
        pairs = Domain("pairs", (size,), is_images=False, num_examples=domain.num_examples, rows=domain.rows)
        return cls(
            config,
            domains,
            (generator, reader, critic),
            loss,
            Draws(generator, domain),
            Encodes(reader, domain),
            Scores(critic, pairs, loss, family.convolves),
            family,
        )

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build G, E and D."""
        (domain,) = self.domains
        made = pair.networks(self.config, self.family, domain, None, means[domain.name], rngs)
        return made | _opponents(self.config, self.family, domain, rngs)

    def inferred(self, encoder: Params, x: jax.Array, key: jax.Array) -> jax.Array:
        """Return latents ``[B, Z]`` of examples; a stochastic encoder draws them (Dumoulin et al. 2017, §2.1)."""

        def run(encoder: Params, x: jax.Array, key: jax.Array | None) -> jax.Array:
            with rematerializing(self.config.remat):
                found = self.encodes.encode(encoder, x, PRECISIONS[self.config.precision])
            if found.log_variance is None:
                return found.mean
            assert key is not None
            return found.mean + jnp.exp(0.5 * found.log_variance) * jax.random.normal(key, found.mean.shape)

        return microbatched(run, encoder, x, jax.random.fold_in(key, POSTERIOR), self.config.microbatch)

    def pairs(self, makers: Makers, x: jax.Array, latents: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return packs of pairs, real (x, E(x)) and fake (G(z), z), as D sees them: augmented and noised."""
        config, (domain,) = self.config, self.domains
        found = self.inferred(makers[ENCODER], x, key)
        fake = generated(self.draws, makers[GENERATOR], latents)
        images, z = jnp.concatenate([x, fake]), jnp.concatenate([found, latents])
        if config.augment:
            images = augmented(images, config.augment, jax.random.fold_in(key, AUGMENTATION), bounded=domain.bounded)
        both = jnp.concatenate([images.reshape(len(images), -1), z], axis=1)
        if config.instance_noise:
            both = both + config.instance_noise * jax.random.normal(key, both.shape)
        real, fake = (self.of_pairs.pack(part) for part in jnp.split(both, 2))
        return real, fake

    def discriminator_loss(self, real_outputs: jax.Array, fake_outputs: jax.Array) -> jax.Array:
        """Return what D minimizes, but for penalties, of its outputs ``[B]`` on pairs."""
        half: Any = self.objective.discriminator
        return half(real_outputs, fake_outputs)

    def makers_losses(self, real_outputs: jax.Array, fake_outputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the generator's half of the loss, and the encoder's: the same half, seen from the other side.

        To E's pairs samples are what data are to G's: both change places, and outputs are reflected at the value
        between them. So G raises the outputs on its pairs, and E lowers those on its own.
        """
        around = 2 * (self.objective.threshold or 0.0)
        half = self.objective.generator
        return half(real_outputs, fake_outputs), half(around - fake_outputs, around - real_outputs)

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update D ``k`` times and G and E together once, the last update of D and theirs by the configured rule.

        ``alternating``: they face the discriminator just updated, with fresh latents and the last batch again. Every
        other rule, as the code of Donahue et al.: at the weights and pairs of D's last gradient.

        Args:
            state: what moves.
            batches: of the one domain ``[k, B, *shape]`` in the model's range, one for each update of D.
        """
        config, (domain,) = self.config, self.domains
        examples = batches[domain.name].examples
        step_key = jax.random.fold_in(state.key, state.step)

        def drawn(index: int | jax.Array) -> tuple[jax.Array, jax.Array]:
            latent_key, own = jax.random.split(jax.random.fold_in(step_key, index))
            return divided(self.draws.latents(latent_key, config.batch_size)), own

        def of_critic(weights: Weights, index: int | jax.Array, x: jax.Array) -> tuple[Params, dict[str, jax.Array]]:
            latents, key = drawn(index)
            return discriminator_gradients(
                self, makers_of(weights), weights[DISCRIMINATOR], x, latents, key, state.step
            )

        def of_makers(
            weights: Weights, index: int | jax.Array, x: jax.Array
        ) -> tuple[dict[str, Params], dict[str, jax.Array]]:
            latents, key = drawn(index)
            return makers_gradients(self, makers_of(weights), weights[DISCRIMINATOR], x, latents, key)

        def makers_of(weights: Weights) -> Makers:
            return {name: weights[name] for name in (GENERATOR, ENCODER)}

        return take_turns(self, self.of_pairs.player, state, examples, of_critic, of_makers)

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return the estimate of a divergence of both kinds of pairs that D's loss gives, where there is one."""
        return self.objective.derived(measured["discriminator_loss"])

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses, and what D makes of both kinds of pairs."""
        word = "D" if self.objective.belief else self.objective.shows[0]
        losses = " ".join(
            f"{letter} {measured[f'{name}_loss']:.3f}"
            for letter, name in (("D", DISCRIMINATOR), ("G", GENERATOR), ("E", ENCODER))
        )
        return f"loss {losses}  {word}(x, E(x)) {measured['d_real']:.2f} {word}(G(z), z) {measured['d_fake']:.2f}"

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return what D's loss says, for people."""
        found = self.objective.concluded(measured["discriminator_loss"])
        return {kind: f"of pairs: {text}" for kind, text in found.items()}


def discriminator_gradients(
    game: Bidirectional,
    makers: Makers,
    discriminator: Params,
    x: jax.Array,
    latents: jax.Array,
    key: jax.Array,
    step: jax.Array | int = 0,
) -> tuple[Params, dict[str, jax.Array]]:
    """Return the gradient of D's loss and penalties on the pairs of examples and latents, and what it measured."""
    pair_key, dropout_key = jax.random.split(key)
    real, fake = game.pairs(makers, x, latents, pair_key)

    def minimized(discriminator: Params) -> tuple[jax.Array, dict[str, jax.Array]]:
        real_outputs, fake_outputs = scored_pair(game.of_pairs, discriminator, real, fake, dropout_key)
        loss = game.discriminator_loss(real_outputs, fake_outputs)
        penalty = penalized(game.of_pairs, discriminator, real, fake, key, step=step)
        shown = game.objective.shown
        return loss + penalty, {
            "discriminator_loss": loss,  # without penalties
            "penalty": penalty,  # weighted
            "d_real": jnp.mean(shown(real_outputs)),  # D(x, E(x)): a probability, or what is shown of D
            "d_fake": jnp.mean(shown(fake_outputs)),
        }

    return jax.grad(minimized, has_aux=True)(discriminator)


def makers_gradients(
    game: Bidirectional, makers: Makers, discriminator: Params, x: jax.Array, latents: jax.Array, key: jax.Array
) -> tuple[dict[str, Params], dict[str, jax.Array]]:
    """Return the gradients of the sum of both halves for G and E, by name, and the halves."""
    pair_key, dropout_key = jax.random.split(key)

    def minimized(makers: Makers) -> tuple[jax.Array, dict[str, jax.Array]]:
        real, fake = game.pairs(makers, x, latents, pair_key)
        outputs = scored_pair(game.of_pairs, discriminator, real, fake, dropout_key)
        g_loss, e_loss = game.makers_losses(*outputs)
        return g_loss + e_loss, {"generator_loss": g_loss, "encoder_loss": e_loss}

    return jax.grad(minimized, has_aux=True)(dict(makers))


def check(config: TrainConfig, loss: Objective) -> None:
    """Raise a UsageError unless the loss compares D's outputs, and the rest goes with pairs."""
    if loss.discriminator is None or loss.network != "scorer" or loss.compares != "outputs":
        raise UsageError(
            f"--game bidirectional needs a loss that compares outputs of D, which scores pairs; --loss {config.loss} "
            f"does not. Take another --loss, such as non-saturating."
        )
    adversarial.check(config, loss)
    if config.prior == MIXTURE:
        raise UsageError(f"--game bidirectional and --prior {MIXTURE} exclude each other. Take --prior gaussian.")
    if config.conditional:
        raise UsageError("--game bidirectional and --conditional exclude each other: pairs have no classes.")
    if config.pulling_away:
        raise UsageError("--game bidirectional and --pulling-away exclude each other. Leave --pulling-away out.")
    if config.encoder == "stochastic" and config.prior != "gaussian":
        raise UsageError(
            f"--encoder stochastic draws latents from Gaussians, and --prior is {config.prior}. Take --prior gaussian."
        )


def _opponents(config: TrainConfig, family: Architecture, domain: Domain, rngs: nnx.Rngs) -> dict[str, nnx.Module]:
    """Build E and D."""
    stochastic = config.encoder == "stochastic"
    shape, bounded = domain.shape, domain.bounded
    return {
        ENCODER: encoder(config, family, shape, bounded, config.encoder_widths, stochastic=stochastic, rngs=rngs),
        DISCRIMINATOR: pair_discriminator(config, family, shape, bounded, rngs),
    }
