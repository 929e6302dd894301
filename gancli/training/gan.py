"""The whole trainable state of a GAN, as plain arrays, and the pure functions that read it."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from gancli.config import TrainConfig
from gancli.contrast import Contrast
from gancli.images import to_unit
from gancli.latents import PRIORS
from gancli.losses.adversarial import LOSSES, AdversarialLoss
from gancli.models import MODELS
from gancli.training.optimizers import OPTIMIZERS

Params = Any  # a tree of arrays: nested dictionaries by layer and name


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
    contrast: Contrast | None  # how images are normalised; None: they stay in [0, 1]
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
    ) -> Self:
        """Lay out both networks without allocating them.

        Raises:
            UsageError: the configured networks do not fit the data.
        """
        networks = MODELS[config.model].networks
        bounded = is_images and contrast is None
        pair = nnx.eval_shape(lambda: networks(config, data_shape, bounded, np.zeros(data_shape), nnx.Rngs(0)))
        graphs = (nnx.graphdef(network) for network in pair)
        return cls(config, data_shape, is_images, num_examples, contrast, *graphs)

    @property
    def bounded(self) -> bool:
        """Whether the model's range is [0, 1]."""
        return self.is_images and self.contrast is None

    @property
    def loss(self) -> AdversarialLoss:
        """The pair of objectives."""
        return LOSSES[self.config.loss]

    @property
    def generator_optimizer(self) -> optax.GradientTransformation:
        """The optimiser of the generator."""
        return self._optimizer(self.config.generator_learning_rate)

    @property
    def discriminator_optimizer(self) -> optax.GradientTransformation:
        """The optimiser of the discriminator."""
        return self._optimizer(self.config.discriminator_learning_rate)

    def _optimizer(self, rate: float) -> optax.GradientTransformation:
        steps_per_epoch = max(self.num_examples // (self.config.batch_size * self.config.k), 1)
        return OPTIMIZERS[self.config.optimizer](rate, self.config, steps_per_epoch)

    def init(self, data_mean: np.ndarray) -> GANState:
        """Draw the first state from the configuration's seed.

        ``data_mean`` [*data_shape], the mean example, sets the bias of G's output; normalised images have mean zero.
        """
        mean = data_mean if self.contrast is None else np.zeros(self.data_shape)

        @jax.jit
        def build(key: jax.Array) -> GANState:
            rngs = nnx.Rngs(jax.random.fold_in(key, 0))
            networks = MODELS[self.config.model].networks
            pair = networks(self.config, self.data_shape, self.bounded, mean, rngs)
            generator, discriminator = (nnx.to_pure_dict(nnx.state(network, nnx.Param)) for network in pair)
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

    def generate(self, generator: Params, latents: jax.Array) -> jax.Array:
        """Map latents ``[B, Z]`` to samples ``[B, *data_shape]`` in the model's range."""
        return nnx.merge(self.generator_graph, generator)(latents)

    def discriminate(self, discriminator: Params, x: jax.Array, key: jax.Array | None = None) -> jax.Array:
        """Map ``[B, *data_shape]`` in the model's range to logits ``[B]``, with dropout when there is a key."""
        return nnx.merge(self.discriminator_graph, discriminator)(x, key)

    def draw_latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draw ``[count, Z]`` from the prior."""
        return PRIORS[self.config.prior](key, (count, self.config.latent_size))
