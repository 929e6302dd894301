"""The game of translation among classes (Choi et al. 2018, StarGAN): one translator for all classes of a data set.

G turns an image x and a class c into an image that D cannot tell from data, and in which D finds c. D also learns the
classes of data, beside what is real. What comes back from G, asked for the image's own class, is the image that went
(the cycle loss): so G changes what makes the class, and keeps the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from gancli.compute.mesh import divided
from gancli.config import TrainConfig
from gancli.games import patches
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Scores
from gancli.games.passes import translated
from gancli.games.patches import generator_loss_and_found, settled
from gancli.games.translates import Translates
from gancli.games.updates import Measured, Weights, take_turns, under_rule
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.models.layers.classifier import AuxiliaryClassifier
from gancli.models.layers.parts import uniform_init
from gancli.models.patches import INIT
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.player import Player
from gancli.training.state import Params, TrainState

PLAIN_PATCHES = "plain patches"  # the kind of discriminator: the paper's is not normalized


@dataclass(frozen=True)
class Attributes:
    """A translator to classes against a discriminator that also tells them apart, by any loss that compares outputs."""

    config: TrainConfig
    domains: tuple[Domain]
    players: tuple[Player, Player]
    objective: Objective
    translates: tuple[Translates]
    scores_of: tuple[Scores]
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain], files: Files | None = None) -> Self:
        """Lay out both networks for images of one domain, which has classes, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        (domain,) = domains
        config, loss, family = settled(config, domain, files, plays=("k", "updates"))
        built = nnx.eval_shape(lambda: _networks(config, family, domain, nnx.Rngs(0)))
        made = patches.players(config, family, built, domain, (GENERATOR,))
        translator, critic = (under_rule(made[name], config) for name in (GENERATOR, DISCRIMINATOR))
        way = Translates(translator, domain, domain)
        scores = Scores(critic, domain, loss, family.convolves, domain.num_classes)
        return cls(config, domains, (translator, critic), loss, (way,), (scores,), family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build the translator, and the discriminator with its classifier."""
        del means
        return _networks(self.config, self.family, self.domains[0], rngs)

    def draw_classes(self, key: jax.Array, count: int) -> jax.Array:
        """Draw labels ``[count]`` of classes to ask for, each as often as it is among the training images."""
        counts = jnp.log(jnp.array(self.domains[0].class_counts, jnp.float32))
        return jax.random.categorical(key, counts, shape=(count,))

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update D ``k`` times and G once, the last update of D and that of G by the configured rule.

        Every update asks for classes of its own. ``alternating``: G faces the D just updated, on the last batch.

        Args:
            state: what moves.
            batches: of the one domain ``[k, B, *shape]`` in the model's range, one for each update of D.
        """
        (domain,), (way,), (scores,) = self.domains, self.translates, self.scores_of
        step_key = jax.random.fold_in(state.key, state.step)

        def drawn(index: int | jax.Array) -> tuple[jax.Array, jax.Array]:
            class_key, key = jax.random.split(jax.random.fold_in(step_key, index))
            return divided(self.draw_classes(class_key, self.config.batch_size)), key

        def of_critic(weights: Weights, index: int | jax.Array, batch: Batch) -> tuple[Params, Measured]:
            asked, key = drawn(index)
            fake = translated(way, weights[GENERATOR], batch.examples, classes=domain.one_hot(asked))
            return discriminator_gradients(self, weights[DISCRIMINATOR], batch, fake, key, state.step)

        def of_makers(weights: Weights, index: int | jax.Array, batch: Batch) -> tuple[dict[str, Params], Measured]:
            asked, key = drawn(index)
            gradients, measured = translator_gradients(self, weights, batch, asked, key)
            return {GENERATOR: gradients}, measured

        return take_turns(self, scores.player, state, batches[domain.name], of_critic, of_makers)

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return nothing: the discriminator's loss is of patches, and bounds no divergence of images."""
        del measured
        return {}

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses; those of classes are cross-entropies of data, and of translations."""
        return (
            f"loss D {measured[f'{DISCRIMINATOR}_loss']:.3f} G {measured[f'{GENERATOR}_loss']:.3f} "
            f"classes {measured['class_loss']:.3f}/{measured['asked_class_loss']:.3f} "
            f"cycle {measured['cycle_loss']:.3f}"
        )

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return nothing, see :meth:`derived`."""
        del measured
        return {}


def discriminator_gradients(
    game: Attributes,
    discriminator: Params,
    batch: Batch,
    fake: jax.Array,
    key: jax.Array,
    step: jax.Array | int = 0,
) -> tuple[Params, Measured]:
    """Return the gradient of what D minimizes, and the losses.

    That is its adversarial loss, the penalties, and λ_cls times the cross-entropy of the images' classes.

    Args:
        game: the game.
        discriminator: its weights.
        batch: images ``[B, *shape]`` and their labels ``[B]``.
        fake: translations ``[B, *shape]``.
        key: of the noise, augmentations and dropout.
        step: of the run.
    """

    def of_classes(found: Any) -> tuple[jax.Array, Measured]:
        loss = _cross_entropy(found.logits, batch.labels)
        return game.config.class_weight * loss, {"class_loss": loss}

    (scores,) = game.scores_of
    gradients, measured = patches.discriminator_gradients(
        scores, discriminator, batch.examples, fake, key, step, also=of_classes
    )
    return gradients, {f"{DISCRIMINATOR}_loss": measured.pop("loss")} | measured


def translator_gradients(
    game: Attributes, weights: Weights, batch: Batch, asked: jax.Array, key: jax.Array
) -> tuple[Params, Measured]:
    """Return the gradient of what the translator minimizes, and the losses without weights.

    That is its adversarial loss, λ_cls times the cross-entropy of the classes asked for, as D finds them in the
    translations, and λ_rec times the cycle loss.

    Args:
        game: the game.
        weights: of both players.
        batch: images ``[B, *shape]`` and their labels ``[B]``.
        asked: labels ``[B]`` of the translations.
        key: of what D's inputs have.
    """
    config, (domain,), (way,), (scores,) = game.config, game.domains, game.translates, game.scores_of
    x, own, other = batch.examples, domain.one_hot(batch.labels), domain.one_hot(asked)
    first, second = jax.random.split(key)

    def minimized(translator: Params) -> tuple[jax.Array, Measured]:
        fake = translated(way, translator, x, classes=other)
        adversarial, found = generator_loss_and_found(scores, weights[DISCRIMINATOR], x, fake, (first, second))
        measured = {
            f"{GENERATOR}_loss": adversarial,
            "asked_class_loss": _cross_entropy(found.logits, asked),
            "cycle_loss": patches.apart(domain, translated(way, translator, fake, classes=own), x),
        }
        total = adversarial + config.class_weight * measured["asked_class_loss"]
        return total + config.cycle_weight * measured["cycle_loss"], measured

    return jax.grad(minimized, has_aux=True)(weights[GENERATOR])


def _cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean cross-entropy of logits ``[B, K]`` and labels ``[B]``, nats."""
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels))


def _networks(config: TrainConfig, family: Architecture, domain: Domain, rngs: nnx.Rngs) -> dict[str, nnx.Module]:
    """Build the translator to classes, and the discriminator of patches with a logit for each class."""
    shape, classes = domain.shape, domain.num_classes
    parts = (config, shape, domain.bounded, np.zeros(shape), rngs)
    translator = family.translating_to_classes(config.model)(*parts, num_classes=classes)
    inside = family.discriminator(PLAIN_PATCHES, config.model)(*parts)
    init = uniform_init(config.discriminator_init_range, INIT)
    return {GENERATOR: translator, DISCRIMINATOR: AuxiliaryClassifier(inside, shape, classes, init=init, rngs=rngs)}
