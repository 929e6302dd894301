"""A generator and a discriminator as anybody uses them: how one draws, and how the other scores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games.augmentation import augmented
from gancli.games.questions import Questions
from gancli.games.translates import goes_to_classes, ways_of
from gancli.latents.catalog import MIXTURE, PRIORS
from gancli.latents.codes import NO_CODES, Codes
from gancli.losses.catalog import PENALTIES
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.models.layers.conditional import ConditionalGenerator, ProjectionDiscriminator
from gancli.models.layers.mixture import MixtureGenerator
from gancli.models.layers.parts import DiscriminatorOutput, Normalized, uniform_init
from gancli.salts import AUGMENTATION, CLASSES, CODES, COMPONENTS, STANDING
from gancli.training.catalog import Pace
from gancli.training.domain import Classes, Domain
from gancli.training.game import Game
from gancli.training.player import Player, cast
from gancli.training.state import Params

GENERATOR, DISCRIMINATOR = "generator", "discriminator"  # names of players
STANDING_LATENTS = 500

NormStatistics = list[jax.Array] | None  # of a generator's normalized layers; None: it has none, or the batch's own


@dataclass(frozen=True)
class Draws:
    """A generator: latents to samples. For every function its weights are an argument."""

    player: Player
    domain: Domain  # what it imitates
    codes: Codes = NO_CODES  # beside the latents
    questions: Questions | None = None  # of one that completes examples; None: it draws whole ones alone

    @property
    def input_size(self) -> int:
        """Length of what the generator starts from: latents, and beside them what else it has.

        That is classes, codes, components of a mixture, or a question.
        """
        asked = self.questions.size if self.questions else 0
        return self.player.config.latent_size + self.domain.num_classes + self.codes.size + self.components + asked

    @property
    def components(self) -> int:
        """How many Gaussians the prior has that are learned; 0: none."""
        config = self.player.config
        return config.components if config.prior == MIXTURE else 0

    def latents(
        self, key: jax.Array, count: int, classes: Classes = None, truncation: float | None = None
    ) -> jax.Array:
        """Draw latents ``[count, Z]`` of the prior, for a class-conditional generator beside classes.

        A generator with codes has them beside the latents, too, ``[count, Z + S]``; one with a learned mixture the
        component of each, ``[count, Z + N]``, one-hot and equally likely.
        For one that completes examples they stand beside the question of which nothing is observed, see :meth:`asked`.
        Classes are the given ones ``[count, K]``, or drawn as often as each is among the training examples. With a
        ``truncation`` no component of a latent is beyond plus or minus that; the prior must have a truncated form.
        """
        config, counts = self.player.config, self.domain.class_counts
        prior, shape = PRIORS[config.prior], (count, config.latent_size)
        if truncation is None:
            latents = prior(key, shape)
        else:
            assert prior.truncated is not None, "it was checked"
            latents = prior.truncated(key, shape, truncation)
        if self.components:
            labels = jax.random.randint(jax.random.fold_in(key, COMPONENTS), (count,), 0, self.components)
            return jnp.concatenate([latents, jax.nn.one_hot(labels, self.components)], axis=1)
        if self.codes.kinds:
            codes = self.codes.draw(jax.random.fold_in(key, CODES), count)
            return jnp.concatenate([latents, codes], axis=1)
        if self.questions:
            return jnp.pad(latents, ((0, 0), (0, self.questions.size)))
        if not counts:
            return latents
        if classes is None:
            shares = jnp.log(jnp.array(counts, jnp.float32))
            labels = jax.random.categorical(jax.random.fold_in(key, CLASSES), shares, shape=(count,))
            classes = jax.nn.one_hot(labels, len(counts))
        return jnp.concatenate([latents, classes], axis=1)

    def asked(self, latents: jax.Array, x: jax.Array, observed: jax.Array) -> jax.Array:
        """Return latents ``[B, Z + Q]`` beside the questions of what is hidden in examples; see :class:`Questions`."""
        assert self.questions is not None, "the generator completes examples"
        return jnp.concatenate([latents[:, : self.player.config.latent_size], self.questions.ask(x, observed)], axis=1)

    def generate(
        self, generator: Params, latents: jax.Array, standing: NormStatistics = None, dtype: Any = jnp.float32
    ) -> jax.Array:
        """Map latents, as :meth:`latents` draws them, to samples ``[B, *shape]`` in the model's range.

        Float32 computed in ``dtype``. A batch-normalized generator uses the statistics of this batch, or those of
        :meth:`standing`.
        """
        network: Any = self.player.network(generator, dtype)
        latents = latents.astype(dtype)
        return cast(network(latents, standing) if standing else network(latents), jnp.float32)

    def standing(self, generator: Params) -> NormStatistics:
        """Return what makes a batch-normalized generator's samples independent of one another, else None.

        The statistics of one batch of latents, always the same one (Brock et al. 2019, §4.1: standing statistics):
        right for any weights, averaged ones included, with nothing to keep while training.
        """
        network = self.player.network(generator)
        if not isinstance(network, Normalized):
            return None
        return network.statistics(self.latents(jax.random.key(STANDING), STANDING_LATENTS))


@dataclass(frozen=True)
class Scores:
    """A discriminator: examples to outputs, of which higher means more real. Its weights are an argument."""

    player: Player
    domain: Domain
    objective: Objective
    convolves: bool = False  # whether its networks are made of convolutions
    num_classes: int = 0  # of data, that its logits tell apart; 0: it has none

    def pack(self, x: jax.Array) -> jax.Array:
        """Lay examples ``[B, *shape]`` side by side, as many as D scores at once (Lin et al. 2018: PacGAN)."""
        packing = self.player.config.packing
        return x if packing == 1 else jnp.concatenate(jnp.split(x, packing), axis=-1)

    def seen(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """Return data or samples ``[B, *shape]`` as the discriminator sees them: augmented and noised.

        Both as configured (Zhao et al. 2020; Sønderby et al. 2017, §3.2, and Arjovsky and Bottou 2017).
        """
        config = self.player.config
        if config.augment:
            key_of_changes = jax.random.fold_in(key, AUGMENTATION)
            x = augmented(x, config.augment, key_of_changes, bounded=self.domain.bounded)
        if config.instance_noise == 0:
            return x
        return x + config.instance_noise * jax.random.normal(key, x.shape)

    def score(
        self,
        discriminator: Params,
        packs: jax.Array,
        key: jax.Array | None = None,
        classes: Classes = None,
        dtype: Any = jnp.float32,
    ) -> DiscriminatorOutput:
        """Return what D finds in ``[B, ...]`` packs in the model's range, with dropout when there is a key.

        Float32 computed in ``dtype``. A class-conditional one needs the ``classes`` of the examples.
        """
        network: Any = self.player.network(discriminator, dtype)
        packs = packs.astype(dtype)
        return cast(network(packs, key) if classes is None else network(packs, key, classes), jnp.float32)

    def discriminate(self, discriminator: Params, x: jax.Array) -> jax.Array:
        """Map ``[B, *shape]`` in the model's range to D's outputs ``[B]``; packs are copies of one example."""
        return self.score(discriminator, jnp.concatenate([x] * self.player.config.packing, axis=-1)).outputs


@dataclass(frozen=True)
class Pair:
    """A generator with its weights, and the discriminator of the same step where there is one."""

    draws: Draws
    generator: Params
    scores: Scores | None = None
    discriminator: Params | None = None

    @classmethod
    def of(cls, game: Game, weights: Mapping[str, Params]) -> Self:
        """Return the pair in a game by the weights of its players; those of a discriminator may be lacking.

        Raises:
            UsageError: the game draws no samples.
        """
        draws, scores = getattr(game, "draws", None), getattr(game, "scores", None)
        refuse_translating(game)
        if not isinstance(draws, Draws):
            raise UsageError(f"--game {game.config.game} draws no samples. Train it with --evaluate-every 0.")
        if not isinstance(scores, Scores) or scores.player.name not in weights:
            return cls(draws, weights[draws.player.name])
        return cls(draws, weights[draws.player.name], scores, weights[scores.player.name])

    @property
    def domain(self) -> Domain:
        """What the generator imitates."""
        return self.draws.domain


def refuse_translating(game: Game) -> None:
    """Raise a UsageError if a game translates, in the place of drawing samples."""
    if ways_of(game):
        to = "CLASS" if goes_to_classes(game) else "B"
        raise UsageError(
            f"--game {game.config.game} draws no samples: it translates. Use `gancli translate RUN IMAGES --to {to}`."
        )


def networks(
    config: TrainConfig, family: Architecture, domain: Domain, kind: str | None, mean: np.ndarray, rngs: nnx.Rngs
) -> dict[str, nnx.Module]:
    """Build the configured generator and, unless ``kind`` is None, a discriminator of that kind for whole packs.

    Where the domain has classes, both are conditioned on them.

    Raises:
        UsageError: the configured networks do not fit the data or one another.
    """
    count = domain.num_classes
    if config.prior == MIXTURE and (count or config.decoder_steps):
        other = "--conditional" if count else "--decoder-steps"
        raise UsageError(f"--prior {MIXTURE} and {other} exclude each other. Leave one of them out.")
    embedded = replace(config, latent_size=2 * config.latent_size) if count else config
    pair = {GENERATOR: family.drawing(config.model)(embedded, domain.shape, domain.bounded, mean, rngs)}
    if kind is not None:
        *sides, channels = domain.shape
        packed_mean = np.concatenate([mean] * config.packing, axis=-1)
        build = family.discriminator(kind, config.model)
        shape = (*sides, channels * config.packing)
        pair[DISCRIMINATOR] = build(config, shape, domain.bounded, packed_mean, rngs)
    if count:
        pair[GENERATOR] = ConditionalGenerator(pair[GENERATOR], config.latent_size, count, rngs=rngs)
    if config.prior == MIXTURE:
        pair[GENERATOR] = MixtureGenerator(pair[GENERATOR], config.latent_size, config.components, rngs=rngs)
    if count and DISCRIMINATOR in pair:
        dropout, init = config.hidden_dropout[-1], uniform_init(config.discriminator_init_range)
        pair[DISCRIMINATOR] = ProjectionDiscriminator(
            pair[DISCRIMINATOR], domain.shape, count, dropout=dropout, init=init, rngs=rngs
        )
    return pair


def players(config: TrainConfig, family: Architecture, domain: Domain, kind: str | None) -> tuple[Player, ...]:
    """Lay out the players of :func:`networks` without allocating them; only the generator's weights are averaged.

    Raises:
        UsageError: the configured networks do not fit the data.
    """
    pair = nnx.eval_shape(lambda: networks(config, family, domain, kind, np.zeros(domain.shape), nnx.Rngs(0)))
    graphs = {name: nnx.graphdef(network) for name, network in pair.items()}
    epoch = max(domain.num_examples // domain.rows_per_step, 1)
    averaged = config.ema_decay > 0
    once = Pace(epoch, config.moving_steps)
    made = (Player(GENERATOR, graphs[GENERATOR], config, config.generator_learning_rate, once, averaged=averaged),)
    if kind is None:
        return made
    bounds = tuple(name for name in config.penalty if PENALTIES[name].bound)
    rate = config.discriminator_learning_rate
    pace = Pace(epoch, config.moving_steps * config.k)
    return (*made, Player(DISCRIMINATOR, graphs[DISCRIMINATOR], config, rate, pace, bounds=bounds))
