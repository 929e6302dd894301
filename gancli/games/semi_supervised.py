"""The game with few labels: D also tells classes apart, and learns from images without a class, too.

Goodfellow et al. 2014 (§7.4) name it; the losses are those of Salimans et al. 2016 (§5). D has K class logits l(x). As
a softmax over K + 1 classes, of which the last one, "sample", has the logit 0, it takes x for real with probability
``sigmoid(Z(x))``, ``Z = log sum_k exp l_k``. So a loss of logits plays the game by Z, beside the cross-entropy of the
labeled images, ``Z(x) - l_y(x)``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.mesh import divided
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games import pair
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Draws, Scores
from gancli.games.passes import generated, scored, scored_pair
from gancli.losses.catalog import LOSSES, objective
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture, architecture
from gancli.models.layers.classifier import Classifier
from gancli.models.layers.parts import DiscriminatorOutput, uniform_init
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.game import update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState

UNLABELED_WEIGHT = 0.5  # of the loss without labels beside that of labels (Salimans et al. 2016, the authors' code)


class Found(NamedTuple):
    """What a discriminator gradient was taken of."""

    label_loss: jax.Array  # [], cross-entropy of the labeled images, nats
    label_error: jax.Array  # [], share of them whose class D gets wrong
    loss: jax.Array  # [], of images against samples; zero where D learns from labels alone
    real_outputs: jax.Array  # [B]; empty where D learns from labels alone, as the next one
    fake_outputs: jax.Array  # [B]


@dataclass(frozen=True)
class SemiSupervised:
    """A generator against a discriminator that is a classifier of few labeled images, too."""

    config: TrainConfig
    domains: tuple[Domain, Domain]  # all images, and the labeled ones
    players: tuple[Player, ...]
    objective: Objective
    draws: Draws
    scores: Scores
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, Domain], files: Files | None = None) -> Self:
        """Lay out both networks for all images and the labeled ones, without allocating them.

        The average of both players' weights is kept: D's classifies.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        domain, labeled = domains
        files = files or {}
        loss = objective(config.loss, files.get("loss"))
        check(config, loss)
        family = architecture(config.model, files.get("model"))
        generator, discriminator = pair.players(config, family, domain, loss.network)
        classes = labeled.num_classes
        network = nnx.eval_shape(
            lambda: _networks(config, family, domain, classes, np.zeros(domain.shape), nnx.Rngs(0))[DISCRIMINATOR]
        )
        averaged = config.ema_decay > 0
        discriminator = replace(discriminator, graph=nnx.graphdef(network), averaged=averaged)
        scores = Scores(discriminator, domain, loss, family.convolves, classes)
        return cls(config, domains, (generator, discriminator), loss, Draws(generator, domain), scores, family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build G and D."""
        domain, labeled = self.domains
        return _networks(self.config, self.family, domain, labeled.num_classes, means[domain.name], rngs)

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update D once and then G, which faces the updated D with fresh latents.

        With ``alone``, D learns from the labeled images alone, and G stays as it is.

        Args:
            state: what moves.
            batches: of all images ``[1, B, *shape]`` in the model's range, and of the labeled ones ``[B, *shape]``.
        """
        domain, labeled = self.domains
        real, known = batches[domain.name].examples[-1], batches[labeled.name]
        d_key, g_key = (jax.random.fold_in(jax.random.fold_in(state.key, state.step), turn) for turn in (0, 1))
        latent_key, network_key = jax.random.split(d_key)
        fake = None
        if not self.config.alone:
            latents = divided(self.draws.latents(latent_key, self.config.batch_size))
            fake = generated(self.draws, state.params[GENERATOR], latents)
        gradients, found = discriminator_gradients(self, state.params[DISCRIMINATOR], known, real, fake, network_key)
        d_norm = gradient_norm(gradients)
        state = update(self, state, {DISCRIMINATOR: gradients}, d_norm)
        measured = {
            "label_loss": found.label_loss,
            "label_error": found.label_error,
            "discriminator_gradient_norm": d_norm,
        }
        if self.config.alone:
            return state, measured
        latent_key, network_key = jax.random.split(g_key)
        latents = divided(self.draws.latents(latent_key, self.config.batch_size))
        g_loss, g_gradients = self._generator_gradients(state, latents, real, network_key)
        g_norm = gradient_norm(g_gradients)
        state = update(self, state, {GENERATOR: g_gradients}, d_norm + g_norm)
        return state, measured | {
            "discriminator_loss": found.loss,
            "generator_loss": g_loss,
            "d_real": jnp.mean(self.objective.shown(found.real_outputs)),
            "d_fake": jnp.mean(self.objective.shown(found.fake_outputs)),
            "generator_gradient_norm": g_norm,
        }

    def _generator_gradients(
        self, state: TrainState, latents: jax.Array, real: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, Params]:
        """Return G's loss on the samples of ``latents`` ``[B, Z]``, and its gradient."""
        keys = jax.random.split(key)

        def seen(x: jax.Array, key: jax.Array) -> DiscriminatorOutput:
            noise_key, dropout_key = jax.random.split(key)
            x = self.scores.seen(x, noise_key)
            return scored(self.scores, state.params[DISCRIMINATOR], x, dropout_key)

        def minimized(generator: Params) -> jax.Array:
            fake = generated(self.draws, generator, latents)
            real_seen, fake_seen = (seen(x, key) for x, key in zip((real, fake), keys, strict=True))
            half = self.objective.generator
            if self.objective.compares == "features":
                return half(real_seen.features, fake_seen.features)
            return half(real_seen.outputs, fake_seen.outputs)

        return jax.value_and_grad(minimized)(state.params[GENERATOR])

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return the estimate of a divergence that D's loss gives; D without samples gives none."""
        return self.objective.derived(measured["discriminator_loss"]) if "discriminator_loss" in measured else {}

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses, and how often D is wrong about labeled images as it sees them."""
        labels = f"labels {measured['label_loss']:.3f} ({measured['label_error']:.1%} wrong)"
        if self.config.alone:
            return labels
        return (
            f"{labels}  loss D {measured['discriminator_loss']:.3f} G {measured['generator_loss']:.3f}  "
            f"D(real) {measured['d_real']:.2f} D(fake) {measured['d_fake']:.2f}"
        )

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return what D's loss says, for people."""
        return self.objective.concluded(measured["discriminator_loss"]) if "discriminator_loss" in measured else {}


def discriminator_gradients(
    game: SemiSupervised,
    discriminator: Params,
    known: Batch,
    real: jax.Array,
    fake: jax.Array | None,
    key: jax.Array,
) -> tuple[Params, Found]:
    """Return the gradient of D's loss on labeled images, images and samples ``[B, ...]``; without samples, of labels.

    ``E[Z(x) - l_y(x)] + ½ (E softplus(-Z(x)) + E softplus(Z(G(z))))`` (Salimans et al. 2016, §5.1).
    """
    label_key, key = jax.random.split(key)
    noise_key, label_dropout = jax.random.split(label_key)
    known = Batch(game.scores.seen(known.examples, noise_key), known.labels)
    noise_key, dropout_key = jax.random.split(key)
    both = None
    if fake is not None:
        both = jnp.split(game.scores.seen(jnp.concatenate([real, fake]), noise_key), 2)

    def minimized(discriminator: Params) -> tuple[jax.Array, Found]:
        found: Any = scored(game.scores, discriminator, known.examples, label_dropout)
        right = jnp.take_along_axis(found.logits, known.labels[:, None], axis=1)[:, 0]
        label_loss = jnp.mean(found.outputs - right)
        label_error = jnp.mean(found.logits.argmax(axis=1) != known.labels)
        if both is None:
            return label_loss, Found(label_loss, label_error, jnp.zeros(()), jnp.zeros(0), jnp.zeros(0))
        outputs = scored_pair(game.scores, discriminator, both[0], both[1], dropout_key)
        half: Any = game.objective.discriminator
        loss = half(*outputs)
        return label_loss + UNLABELED_WEIGHT * loss, Found(label_loss, label_error, loss, *outputs)

    return jax.grad(minimized, has_aux=True)(discriminator)


def _networks(
    config: TrainConfig, family: Architecture, domain: Domain, classes: int, mean: np.ndarray, rngs: nnx.Rngs
) -> dict[str, nnx.Module]:
    """Build G, and D with a logit for each class."""
    networks = pair.networks(config, family, domain, "scorer", mean, rngs)
    inside, init = networks[DISCRIMINATOR], uniform_init(config.discriminator_init_range)
    dropout = config.hidden_dropout[-1]
    networks[DISCRIMINATOR] = Classifier(inside, domain.shape, classes, dropout=dropout, init=init, rngs=rngs)
    return networks


def check(config: TrainConfig, loss: Objective) -> None:
    """Raise a UsageError unless D's loss is the cross-entropy of logits, and nothing of other games is asked for."""
    able = {name: one for name, one in LOSSES.items() if _plays(one)}
    if not _plays(loss):
        raise UsageError(
            f"--game semi-supervised needs a loss by the logits or the features of D whose D minimizes the "
            f"cross-entropy ({', '.join(able)}); --loss {config.loss} does not. Take --loss feature-matching."
        )
    for option, value, plain in (
        ("penalty", ",".join(config.penalty), ""),
        ("k", config.k, 1),
        ("packing", config.packing, 1),
        ("pulling-away", config.pulling_away, 0.0),
        ("updates", config.updates, "alternating"),
    ):
        if value != plain:
            raise UsageError(f"--{option} {value} does nothing in the game 'semi-supervised'. Leave it out.")
    if config.conditional:
        raise UsageError(
            "--conditional needs the classes of all images, and --game semi-supervised has those of few. "
            "Leave one of them out."
        )


def _plays(loss: Objective) -> bool:
    cross_entropy = LOSSES["minimax"].discriminator
    return loss.discriminator == cross_entropy and loss.compares in ("outputs", "features")
