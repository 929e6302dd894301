"""The game of completion: one generator for all conditionals p(hidden | observed) (Goodfellow et al. 2014, §7.3).

Of every example a mask hides a part. G takes what is observed, the mask and latents, and draws what is hidden; what is
observed stays as it is. D sees answers beside the mask. No loss compares pixels, so that one question may have many
answers. Where nothing is observed, G draws samples.

A D that sees one answer at a time lets G forget its latents: one answer to each question may look as real as many. So D
sees P answers to one question at once, in a real pack one of them the example itself, in a fake pack all of them G's
(Adler and Öktem 2018). If D cannot tell these apart, answers are distributed as examples are, given what is
observed.
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
from gancli.games import adversarial
from gancli.games.chosen import chosen
from gancli.games.masks import MASKS
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Draws, Scores
from gancli.games.passes import generated, penalized, scored_pair
from gancli.games.questions import Questions
from gancli.games.updates import Measured, Weights, take_turns, under_rule
from gancli.latents.catalog import MIXTURE
from gancli.losses.catalog import PENALTIES
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.models.completion import answers_discriminator, completing_generator
from gancli.own_files import Files
from gancli.salts import MASKS as OF_MASKS
from gancli.salts import PLACES
from gancli.training.catalog import Pace
from gancli.training.domain import Batch, Domain
from gancli.training.player import Player
from gancli.training.state import Params, TrainState


@dataclass(frozen=True)
class Completion:
    """A generator that completes examples against a discriminator of answers, by any loss that compares D's outputs."""

    config: TrainConfig
    domains: tuple[Domain, ...]
    players: tuple[Player, ...]
    objective: Objective
    draws: Draws
    questions: Questions
    of_answers: Scores  # D; its examples are packs of answers and their mask
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, ...], files: Files | None = None) -> Self:
        """Lay out both networks for examples of the one domain, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        (domain,) = domains
        config, loss, family = chosen(config, domain, files, check)
        questions = Questions(domain, config.masks)
        packs = replace(domain, name="answers", shape=_packed(config, questions))
        empty = np.zeros(domain.shape)
        networks = nnx.eval_shape(lambda: _networks(config, family, questions, packs, empty, nnx.Rngs(0)))
        graphs = {name: nnx.graphdef(network) for name, network in networks.items()}
        epoch = max(domain.num_examples // domain.rows_per_step, 1)
        once, slower = Pace(epoch, config.moving_steps), Pace(epoch, config.moving_steps * config.k)
        bounds = tuple(name for name in config.penalty if PENALTIES[name].bound)
        rates = config.generator_learning_rate, config.discriminator_learning_rate
        averaged = config.ema_decay > 0
        players = (
            Player(GENERATOR, graphs[GENERATOR], config, rates[0], once, averaged=averaged),
            Player(DISCRIMINATOR, graphs[DISCRIMINATOR], config, rates[1], slower, bounds=bounds),
        )
        generator, discriminator = (under_rule(player, config) for player in players)
        return cls(
            config,
            domains,
            (generator, discriminator),
            loss,
            Draws(generator, domain, questions=questions),
            questions,
            Scores(discriminator, packs, loss, family.convolves),
            family,
        )

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build G and D."""
        (domain,), packs = self.domains, self.of_answers.domain
        return _networks(self.config, self.family, self.questions, packs, means[domain.name], rngs)

    def packs(self, generator: Params, x: jax.Array, latents: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return packs of answers beside the mask, real and fake ones, ``[B, *pack]``, as D sees them.

        Both ask the same of examples ``x`` ``[B, *shape]``, and have the answers to latents ``[P B, Z + Q]``.
        In a real pack one answer, at any place, is the example itself.
        """
        config, count = self.config, len(x)
        observed = divided(self.questions.draw(jax.random.fold_in(key, OF_MASKS), count))
        given, masks = (jnp.concatenate([part] * config.packing) for part in (x, observed))
        drawn = generated(self.draws, generator, self.draws.asked(latents, given, masks))
        answers = jnp.split(self.questions.fill(given, masks, drawn), config.packing)
        places = jax.random.randint(jax.random.fold_in(key, PLACES), (count,), 0, config.packing)
        chosen = places.reshape(count, *[1] * (x.ndim - 1))
        real = [jnp.where(chosen == place, x, answer) for place, answer in enumerate(answers)]
        both = jnp.concatenate([jnp.concatenate(part, axis=-1) for part in (real, answers)])
        if config.instance_noise:
            both = both + config.instance_noise * jax.random.normal(key, both.shape)
        found = [jnp.concatenate([part, observed], axis=-1) for part in jnp.split(both, 2)]
        return found[0], found[1]

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update D ``k`` times and G once, the last update of D and that of G by the configured rule.

        ``alternating``: G faces the discriminator just updated, with fresh latents and masks and the last batch again.
        Every other rule takes both gradients at the same weights, on the same answers.

        Args:
            state: what moves.
            batches: of the one domain ``[k, B, *shape]`` in the model's range, one for each update of D.
        """
        config, (domain,) = self.config, self.domains
        step_key = jax.random.fold_in(state.key, state.step)

        def drawn(index: int | jax.Array) -> tuple[jax.Array, jax.Array]:
            latent_key, own = jax.random.split(jax.random.fold_in(step_key, index))
            return divided(self.draws.latents(latent_key, config.packing * config.batch_size)), own

        def of_critic(weights: Weights, index: int | jax.Array, x: jax.Array) -> tuple[Params, Measured]:
            players = weights[GENERATOR], weights[DISCRIMINATOR]
            return discriminator_gradients(self, *players, x, *drawn(index), state.step)

        def of_makers(weights: Weights, index: int | jax.Array, x: jax.Array) -> tuple[dict[str, Params], Measured]:
            players = weights[GENERATOR], weights[DISCRIMINATOR]
            gradients, loss = generator_gradients(self, *players, x, *drawn(index))
            return {GENERATOR: gradients}, {"generator_loss": loss}

        examples = batches[domain.name].examples
        return take_turns(self, self.of_answers.player, state, examples, of_critic, of_makers)

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return the estimate of a divergence of both kinds of packs that D's loss gives, where there is one."""
        return self.objective.derived(measured["discriminator_loss"])

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses, and what D makes of both kinds of packs."""
        word = "D" if self.objective.belief else self.objective.shows[0]
        return (
            f"loss D {measured['discriminator_loss']:.3f} G {measured['generator_loss']:.3f}  "
            f"{word}(real) {measured['d_real']:.2f} {word}(completed) {measured['d_fake']:.2f}"
        )

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return what D's loss says, for people."""
        found = self.objective.concluded(measured["discriminator_loss"])
        return {kind: f"of packs of answers: {text}" for kind, text in found.items()}


def discriminator_gradients(
    game: Completion,
    generator: Params,
    discriminator: Params,
    x: jax.Array,
    latents: jax.Array,
    key: jax.Array,
    step: jax.Array | int = 0,
) -> tuple[Params, Measured]:
    """Return the gradient of D's loss and penalties on the packs of examples and latents, and what it measured."""
    pack_key, dropout_key = jax.random.split(key)
    real, fake = game.packs(generator, x, latents, pack_key)
    half: Any = game.objective.discriminator

    def minimized(discriminator: Params) -> tuple[jax.Array, Measured]:
        real_outputs, fake_outputs = scored_pair(game.of_answers, discriminator, real, fake, dropout_key)
        loss = half(real_outputs, fake_outputs)
        penalty = penalized(game.of_answers, discriminator, real, fake, key, step=step)
        shown = game.objective.shown
        return loss + penalty, {
            "discriminator_loss": loss,  # without penalties
            "penalty": penalty,  # weighted
            "d_real": jnp.mean(shown(real_outputs)),  # a probability, or what is shown of D
            "d_fake": jnp.mean(shown(fake_outputs)),
        }

    return jax.grad(minimized, has_aux=True)(discriminator)


def generator_gradients(
    game: Completion, generator: Params, discriminator: Params, x: jax.Array, latents: jax.Array, key: jax.Array
) -> tuple[Params, jax.Array]:
    """Return the gradient of G's loss on the packs of examples and latents, and the loss."""
    pack_key, dropout_key = jax.random.split(key)

    def minimized(generator: Params) -> jax.Array:
        real, fake = game.packs(generator, x, latents, pack_key)
        return game.objective.generator(*scored_pair(game.of_answers, discriminator, real, fake, dropout_key))

    loss, gradients = jax.value_and_grad(minimized)(generator)
    return gradients, loss


def check(config: TrainConfig, loss: Objective) -> None:
    """Raise a UsageError unless the loss compares D's outputs, and the rest goes with answers."""
    if loss.discriminator is None or loss.network != "scorer" or loss.compares != "outputs":
        raise UsageError(
            f"--game completion needs a loss that compares outputs of D, which scores answers; --loss {config.loss} "
            f"does not. Take another --loss, such as non-saturating."
        )
    adversarial.check(config, loss)
    if not config.masks:
        raise UsageError(f"--masks must name at least one: {', '.join(MASKS)}.")
    for name in config.masks:
        _ = MASKS[name]
    if config.conditional:
        raise UsageError("--game completion and --conditional exclude each other: questions have no classes.")
    if config.prior == MIXTURE:
        raise UsageError(f"--game completion and --prior {MIXTURE} exclude each other. Take --prior gaussian.")
    if config.pulling_away:
        raise UsageError("--game completion and --pulling-away exclude each other. Leave --pulling-away out.")
    if config.batch_norm and config.model in ("dcgan", "resnet"):
        raise UsageError(
            "--game completion and --batch-norm exclude each other: an answer must not depend on other questions. "
            "Take --no-batch-norm."
        )


def _packed(config: TrainConfig, questions: Questions) -> tuple[int, ...]:
    """Return the shape of answers to a question and its mask, side by side by channel, or of points by coordinate."""
    *sides, channels = questions.domain.shape
    return (*sides, config.packing * channels + questions.sites[-1])


def _networks(
    config: TrainConfig,
    family: Architecture,
    questions: Questions,
    packs: Domain,
    mean: np.ndarray,
    rngs: nnx.Rngs,
) -> dict[str, nnx.Module]:
    """Build G and D."""
    domain = questions.domain
    generator = completing_generator(config, family, domain.shape, questions.size, domain.bounded, mean, rngs)
    return {
        GENERATOR: generator,
        DISCRIMINATOR: answers_discriminator(config, family, packs.shape, domain.bounded, rngs),
    }
