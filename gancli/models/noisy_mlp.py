"""The fully connected networks of Salimans et al. 2016 for few labels on MNIST, after their published code.

A generator of batch-normalized softplus layers, whose last layer has weights of length 1; a discriminator of
weight-normalized rectifier layers, with Gaussian noise behind each. Noise on the inputs is ``--instance-noise``.
Lengths of D's weights are such that a layer's sums begin with mean 0 and variance 1. Theirs are measured on a batch of
data; here they follow from the mean image, as if pixels were binary and sums normal.
"""

import math

import jax
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.models.layers.parts import BatchNorm, BatchStats, DiscriminatorOutput, Init, uniform_init
from gancli.models.layers.weight_norm import WeightNormalized
from gancli.models.mlp import Shape, start_of_output

NOISE = 0.5  # standard deviation behind each hidden layer of D
# Of max(0, a) where a is a standard normal variable
RECTIFIED_MEAN, RECTIFIED_VARIANCE = (2 * math.pi) ** -0.5, 0.5 - 0.5 / math.pi
INIT = nnx.initializers.normal(0.05)


class Generator(nnx.Module):
    """Latents ``[B, latent_size]`` to samples ``[B, *data_shape]``, in (0, 1) where they are ``bounded``.

    While training, layers are normalized by the statistics of the batch; to draw samples that do not depend on one
    another, give those of an earlier batch, ``standing``.
    """

    def __init__(
        self,
        latent_size: int,
        widths: Shape,
        data_shape: Shape,
        data_mean: np.ndarray,
        *,
        bounded: bool,
        init: Init,
        rngs: nnx.Rngs,
    ):
        sizes = (latent_size, *widths)
        self.layers = nnx.List(
            [nnx.Linear(i, o, kernel_init=init, rngs=rngs) for i, o in zip(sizes, widths, strict=False)]
        )
        self.norms = nnx.List([BatchNorm(width) for width in widths])
        self.output = WeightNormalized(sizes[-1], math.prod(data_shape), init=init, rngs=rngs)
        self.output.bias = nnx.Param(start_of_output(data_mean, bounded))
        self.data_shape = data_shape
        self.bounded = bounded

    def __call__(self, z: jax.Array, standing: list[jax.Array] | None = None) -> jax.Array:
        return self._draw(z, BatchStats(standing))

    def statistics(self, z: jax.Array) -> list[jax.Array]:
        """Return the statistics ``[2, units]`` of every normalized layer on a batch of latents."""
        stats = BatchStats()
        self._draw(z, stats)
        return stats.used

    def _draw(self, z: jax.Array, stats: BatchStats) -> jax.Array:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            z = nnx.softplus(norm(layer(z), stats))
        x = self.output(z)
        x = nnx.sigmoid(x) if self.bounded else x
        return x.reshape(-1, *self.data_shape)


class Discriminator(nnx.Module):
    """Data or samples ``[B, *data_shape]`` to logits ``[B]``; high means real. Noise goes behind each hidden layer.

    Without a key (scoring, plotting) there is none. The features are the last hidden layer's, before its noise.
    """

    def __init__(
        self,
        data_shape: Shape,
        widths: Shape,
        data_mean: np.ndarray,
        *,
        bounded: bool,
        input_noise: float,
        init: Init,
        rngs: nnx.Rngs,
    ):
        mean = data_mean.reshape(-1).astype(np.float32)
        variance = float(np.mean(mean * (1 - mean))) if bounded else 1.0
        size, deviation = len(mean), (variance + input_noise**2) ** 0.5
        self.layers = nnx.List([])
        for width in widths:
            length = 1 / max(deviation, 1e-3)
            self.layers.append(WeightNormalized(size, width, length=length, mean=mean, init=init, rngs=rngs))
            size, mean, deviation = width, RECTIFIED_MEAN, (RECTIFIED_VARIANCE + NOISE**2) ** 0.5
        self.logit = WeightNormalized(size, 1, length=1 / deviation, mean=mean, init=init, rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        features = x = x.reshape(x.shape[0], -1)
        for place, layer in enumerate(self.layers):
            features = nnx.relu(layer(x))
            x = _noisy(features, key, place)
        return DiscriminatorOutput(self.logit(x)[:, 0], features)


def _noisy(x: jax.Array, key: jax.Array | None, place: int) -> jax.Array:
    if key is None:
        return x
    return x + NOISE * jax.random.normal(jax.random.fold_in(key, place), x.shape, x.dtype)


def generator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Generator:
    """Build the generator as configured, for examples of ``data_shape``."""
    init = uniform_init(config.generator_init_range, INIT)
    widths = config.generator_widths
    return Generator(config.latent_size, widths, data_shape, data_mean, bounded=bounded, init=init, rngs=rngs)


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build the discriminator as configured, for examples of ``data_shape``."""
    init = uniform_init(config.discriminator_init_range, INIT)
    widths, noise = config.discriminator_widths, config.instance_noise
    return Discriminator(data_shape, widths, data_mean, bounded=bounded, input_noise=noise, init=init, rngs=rngs)
