"""The whole trainable state of a GAN, as plain arrays, and the pure functions that read it."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from gancli.compute.microbatch import microbatched
from gancli.config import TrainConfig
from gancli.data.catalog import CLASSIFIED
from gancli.errors import UsageError
from gancli.features.extractor import classifier
from gancli.imaging.contrast import Contrast
from gancli.imaging.pixels import to_unit
from gancli.latents import PRIORS
from gancli.losses.catalog import objective
from gancli.losses.energy import pulling_away
from gancli.losses.objective import Objective
from gancli.losses.penalties import PENALTIES, GradientNorms
from gancli.models import MODELS
from gancli.models.layers.conditional import ConditionalGenerator, ProjectionDiscriminator
from gancli.models.layers.parts import DiscriminatorOutput, Normalized, uniform_init
from gancli.training.constraints import normalized, with_directions
from gancli.training.optimizers import OPTIMIZERS

Params = Any  # a tree of arrays: nested dictionaries by layer and name
Classes = jax.Array | None  # [B, K], one-hot; None: the networks are told of none
Statistics = list[jax.Array] | None  # of a generator's normalized layers; None: it has none, or the batch's own
STANDING = 2**32 - 3  # seeds the latents of standing statistics
STANDING_LATENTS = 500
CLASSES = 2**32 - 6  # sets the draws of classes apart from those of latents


class GANState(NamedTuple):
    """Everything that moves during training; a checkpoint holds exactly this."""

    step: jax.Array  # int32 [], generator updates done
    key: jax.Array  # the run's random key; never advanced: step n uses fold_in(key, n)
    generator: Params
    discriminator: Params
    ema: Params  # exponential moving average of the generator's weights
    generator_optimizer: optax.OptState
    discriminator_optimizer: optax.OptState


@dataclass(frozen=True)
class GAN:
    """The parts of a GAN that do not move: hashable, so that compiled steps can be keyed by it."""

    config: TrainConfig
    data_shape: tuple[int, ...]  # of one example: (H, W, C) or (D,)
    is_images: bool  # as against points anywhere
    num_examples: int  # training examples; an epoch
    contrast: Contrast | None  # how images are normalized; None: they stay in [0, 1]
    class_counts: tuple[int, ...]  # training examples of each class; empty: the networks are told of no classes
    objective: Objective  # the game; looked up once, so that editing one's own file does not change a run under way
    generator_graph: nnx.GraphDef
    discriminator_graph: nnx.GraphDef

    @classmethod
    def build(
        cls,
        config: TrainConfig,
        data_shape: tuple[int, ...],
        is_images: bool,
        num_examples: int,
        contrast: Contrast | None = None,
        class_counts: tuple[int, ...] = (),
    ) -> Self:
        """Lay out both networks without allocating them.

        Raises:
            UsageError: the configured networks do not fit the data.
        """
        game = objective(config.loss)
        check_objective(config, game)
        bounded = is_images and contrast is None
        mean, classes = np.zeros(data_shape), len(class_counts)
        pair = nnx.eval_shape(lambda: _networks(config, game, data_shape, bounded, mean, classes, nnx.Rngs(0)))
        graphs = (nnx.graphdef(network) for network in pair)
        return cls(config, data_shape, is_images, num_examples, contrast, class_counts, game, *graphs)

    @property
    def num_devices(self) -> int:
        """How many devices share a batch: as configured, or as many as are worth it.

        One accelerator, or one "device" for all cores of a CPU; of convolutions, though, XLA divides few among cores,
        so that two devices of a core or more each are faster (docs/PERFORMANCE.md).
        """
        config = self.config
        even = config.batch_size % 2 == 0 and not config.microbatch
        pair = even and MODELS[config.model].convolves and jax.default_backend() == "cpu"
        return config.devices or min(len(jax.devices()), 2 if pair else 1)

    @property
    def bounded(self) -> bool:
        """Whether the model's range is [0, 1]."""
        return self.is_images and self.contrast is None

    def discriminator_loss(self, real_outputs: jax.Array, fake_outputs: jax.Array) -> jax.Array:
        """Return what the discriminator minimizes, but for penalties, of its outputs ``[B]``."""
        half = self.objective.discriminator
        assert half is not None, "a game without a discriminator"
        return half(real_outputs, fake_outputs, *([self.config.margin] if self.objective.uses_margin else []))

    def generator_loss(
        self, real_seen: DiscriminatorOutput, fake_seen: DiscriminatorOutput, real: jax.Array, fake: jax.Array
    ) -> jax.Array:
        """Return what the generator minimizes, of what D finds in a real and a fake batch, and of these themselves."""
        half = self.objective.generator
        match self.objective.compares:
            case "features":
                loss = half(real_seen.features, fake_seen.features)
            case "classifier":
                loss = half(self._described(real), self._described(fake))
            case "samples":
                loss = half(real, fake)
            case _:
                loss = half(real_seen.outputs, fake_seen.outputs)
        if self.config.pulling_away:
            loss = loss + self.config.pulling_away * pulling_away(fake_seen.features)
        return loss

    def _described(self, x: jax.Array) -> jax.Array:
        """Return what the data set's built-in classifier finds in ``x``, in the model's range: features ``[B, F]``."""
        network = classifier(*CLASSIFIED[self.config.dataset])

        def features(nothing: None, x: jax.Array, key: None) -> jax.Array:
            del nothing, key
            return network.apply(self.show(x)).features

        return microbatched(features, None, x, None, self.config.microbatch)

    def penalty(self, slopes: GradientNorms, real: jax.Array, fake: jax.Array, key: jax.Array) -> jax.Array:
        """Return the weighted sum of the configured penalties on D's ``slopes`` at packs as it meets them."""
        functions = [function for name in self.config.penalty if (function := PENALTIES[name]) is not None]
        total = sum((function(slopes, real, fake, key) for function in functions), jnp.zeros(()))
        return self.config.penalty_weight * total

    @property
    def generator_optimizer(self) -> optax.GradientTransformation:
        """The optimizer of the generator."""
        return self._optimizer(self.config.generator_learning_rate)

    @property
    def discriminator_optimizer(self) -> optax.GradientTransformation:
        """The optimizer of the discriminator."""
        return self._optimizer(self.config.discriminator_learning_rate)

    def _optimizer(self, rate: float) -> optax.GradientTransformation:
        steps_per_epoch = max(self.num_examples // (self.config.batch_size * self.config.k), 1)
        return OPTIMIZERS[self.config.optimizer](rate, self.config, steps_per_epoch)

    def init(self, data_mean: np.ndarray) -> GANState:
        """Draw the first state from the configuration's seed.

        ``data_mean`` [*data_shape], the mean example, sets the bias of G's output; normalized images have mean zero.
        """
        mean = data_mean if self.contrast is None else np.zeros(self.data_shape)

        @jax.jit
        def build(key: jax.Array) -> GANState:
            rngs = nnx.Rngs(jax.random.fold_in(key, 0))
            classes = len(self.class_counts)
            pair = _networks(self.config, self.objective, self.data_shape, self.bounded, mean, classes, rngs)
            generator, discriminator = (nnx.to_pure_dict(nnx.state(network, nnx.Param)) for network in pair)
            if "spectral-norm" in self.config.penalty:
                discriminator = with_directions(discriminator)
            return GANState(
                step=jnp.zeros((), jnp.int32),
                key=jax.random.fold_in(key, 1),
                generator=generator,
                discriminator=discriminator,
                ema=jax.tree.map(jnp.copy, generator),
                generator_optimizer=self.generator_optimizer.init(generator),
                discriminator_optimizer=self.discriminator_optimizer.init(discriminator),
            )

        return build(jax.random.key(self.config.seed))

    def to_model(self, examples: jax.Array) -> jax.Array:
        """Map examples ``[B, *data_shape]``, uint8 or as :meth:`show` returns them, to the model's range."""
        x = to_unit(examples)
        return x if self.contrast is None else self.contrast.apply(x)

    def show(self, samples: jax.Array) -> jax.Array:
        """Map samples from the model's range to what people see: images in [0, 1], points as they are."""
        return samples if self.contrast is None else self.contrast.show(samples)

    def generate(
        self, generator: Params, latents: jax.Array, standing: Statistics = None, dtype: Any = jnp.float32
    ) -> jax.Array:
        """Map latents, as :meth:`draw_latents` draws them, to samples ``[B, *data_shape]`` in the model's range.

        Float32 computed in ``dtype``. A batch-normalized generator uses the statistics of this batch, or those of
        :meth:`standing`.
        """
        network = nnx.merge(self.generator_graph, _cast(generator, dtype))
        latents = latents.astype(dtype)
        return _cast(network(latents, standing) if standing else network(latents), jnp.float32)

    def standing(self, generator: Params) -> Statistics:
        """Return what makes a batch-normalized generator's samples independent of one another, else None.

        The statistics of one batch of latents, always the same one (Brock et al. 2019, §4.1: standing statistics):
        right for any weights, averaged ones included, with nothing to keep while training.
        """
        network = nnx.merge(self.generator_graph, generator)
        if not isinstance(network, Normalized):
            return None
        return network.statistics(self.draw_latents(jax.random.key(STANDING), STANDING_LATENTS))

    def pack(self, x: jax.Array) -> jax.Array:
        """Lay examples ``[B, *data_shape]`` side by side, as many as D judges at once (Lin et al. 2018: PacGAN)."""
        return x if self.config.packing == 1 else jnp.concatenate(jnp.split(x, self.config.packing), axis=-1)

    def judge(
        self,
        discriminator: Params,
        packs: jax.Array,
        key: jax.Array | None = None,
        classes: Classes = None,
        dtype: Any = jnp.float32,
    ) -> DiscriminatorOutput:
        """Return what D finds in ``[B, ...]`` packs in the model's range, with dropout when there is a key.

        Float32 computed in ``dtype``; spectral normalization comes before, in float32. A class-conditional one needs
        the ``classes`` of the examples.
        """
        if "spectral-norm" in self.config.penalty:
            discriminator = normalized(discriminator)
        network = nnx.merge(self.discriminator_graph, _cast(discriminator, dtype))
        packs = packs.astype(dtype)
        return _cast(network(packs, key) if classes is None else network(packs, key, classes), jnp.float32)

    def discriminate(self, discriminator: Params, x: jax.Array) -> jax.Array:
        """Map ``[B, *data_shape]`` in the model's range to D's outputs ``[B]``; packs are copies of one example."""
        return self.judge(discriminator, jnp.concatenate([x] * self.config.packing, axis=-1)).outputs

    def draw_latents(self, key: jax.Array, count: int, classes: Classes = None) -> jax.Array:
        """Draw what G starts from: latents ``[count, Z]`` of the prior, for a class-conditional one beside classes.

        Those are the given ones ``[count, K]``, or drawn as often as each is among the training examples.
        """
        latents = PRIORS[self.config.prior](key, (count, self.config.latent_size))
        if not self.class_counts:
            return latents
        if classes is None:
            shares = jnp.log(jnp.array(self.class_counts, jnp.float32))
            labels = jax.random.categorical(jax.random.fold_in(key, CLASSES), shares, shape=(count,))
            classes = jax.nn.one_hot(labels, len(self.class_counts))
        return jnp.concatenate([latents, classes], axis=1)

    def classes(self, labels: jax.Array) -> Classes:
        """Return the classes ``[B, K]`` of labels ``[B]``, one-hot; None where the networks are told of none."""
        return jax.nn.one_hot(labels, len(self.class_counts)) if self.class_counts else None


def _cast(tree: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.astype(dtype), tree)


def _networks(
    config: TrainConfig,
    game: Objective,
    data_shape: tuple[int, ...],
    bounded: bool,
    data_mean: np.ndarray,
    num_classes: int,
    rngs: nnx.Rngs,
) -> tuple[nnx.Module, nnx.Module]:
    """Build both networks; the discriminator is of the kind that the objective needs, and meets whole packs."""
    family = MODELS[config.model]
    build = family.discriminator("nobody" if game.discriminator is None else game.network, config.model)
    if num_classes:
        embedded = replace(config, latent_size=2 * config.latent_size)
        generator = family.generator(embedded, data_shape, bounded, data_mean, rngs)
        discriminator = build(config, data_shape, bounded, data_mean, rngs)
        dropout, init = config.hidden_dropout[-1], uniform_init(config.discriminator_init_range)
        return (
            ConditionalGenerator(generator, config.latent_size, num_classes, rngs=rngs),
            ProjectionDiscriminator(discriminator, data_shape, num_classes, dropout=dropout, init=init, rngs=rngs),
        )
    generator = family.generator(config, data_shape, bounded, data_mean, rngs)
    *sides, channels = data_shape
    packed_mean = np.concatenate([data_mean] * config.packing, axis=-1)
    return generator, build(config, (*sides, channels * config.packing), bounded, packed_mean, rngs)


def check_objective(config: TrainConfig, game: Objective) -> None:
    """Raise a UsageError unless the objective, its penalties and the rest of the game make sense together."""
    penalties = config.penalty
    for name in penalties:
        _ = PENALTIES[name]
    if len(set(penalties)) < len(penalties):
        raise UsageError(f"--penalty names one twice: {','.join(penalties)}.")
    if game.discriminator is None:
        for option, value, plain in (
            ("penalty", ",".join(penalties), ""),
            ("k", config.k, 1),
            ("packing", config.packing, 1),
            ("instance-noise", config.instance_noise, 0.0),
            ("augment", ",".join(config.augment), ""),
            ("pulling-away", config.pulling_away, 0.0),
        ):
            if value != plain:
                raise UsageError(f"--{option} {value} is for a discriminator, and --loss {config.loss} has none.")
    wanted = game.needs_one_of
    if wanted and not set(wanted) & set(penalties):
        raise UsageError(f"--loss {config.loss} needs a bounded slope: --penalty {', '.join(wanted)}.")
    exclusive = [name for name in ("clip", "spectral-norm", "gradient-penalty") if name in penalties]
    if len(exclusive) > 1:
        raise UsageError(
            f"--penalty {','.join(exclusive)}: each sets the slope in its own way; take one (r1 and r2 go with any)."
        )
    if config.batch_size % config.packing:
        raise UsageError(f"--batch-size must be a multiple of --packing, got {config.batch_size} and {config.packing}.")
    if config.pulling_away and config.batch_size // config.packing < 2:
        raise UsageError(
            f"--pulling-away compares codes: --batch-size must be at least twice --packing, got {config.batch_size} "
            f"and {config.packing}."
        )
    asked = game.discriminator is not None and game.network == "scorer" and game.compares == "outputs"
    if config.conditional and not asked:
        raise UsageError(f"--conditional needs a loss that goes by the scores of D; --loss {config.loss} does not.")
    if config.conditional and config.packing > 1:
        raise UsageError(
            f"--conditional judges examples one by one, each by its class; got --packing {config.packing}."
        )
    if game.compares == "classifier" and config.dataset not in CLASSIFIED:
        raise UsageError(
            f"--loss {config.loss} needs a data set with a built-in classifier ({', '.join(CLASSIFIED)}), "
            f"got '{config.dataset}'."
        )
    if game.compares == "samples" and config.batch_size < 2:
        raise UsageError(f"--loss {config.loss} needs a --batch-size of at least 2, got {config.batch_size}.")
