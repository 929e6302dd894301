"""The networks of Chen et al. 2016 for MNIST (InfoGAN, appendix C.1): both players have batch normalization.

The paper's have 64 base channels. D is normalized by the statistics of the batch that it sees, so what Q reads in an
image depends a little on the images beside it.
"""

import itertools

import jax
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.models.catalog import Architecture
from gancli.models.dcgan import INIT, doubling, halving
from gancli.models.layers.parts import BatchNorm, BatchStats, DiscriminatorOutput
from gancli.models.mlp import Shape

SLOPE = 0.1  # of D's rectifiers, below zero
SMALLEST = 7  # pixels of both sides of the smallest maps
UNITS = 16  # of the widest dense layer, for each base channel: 1 024 in the paper


class Generator(nnx.Module):
    """Latents and codes ``[B, Z]`` to images ``[B, 28, 28, C]`` in (0, 1): two dense layers, two convolutions."""

    def __init__(self, inputs: int, channels: int, colors: int, *, rngs: nnx.Rngs):
        sizes = inputs, UNITS * channels, SMALLEST**2 * 2 * channels
        self.dense = nnx.List([nnx.Linear(i, o, kernel_init=INIT, rngs=rngs) for i, o in itertools.pairwise(sizes)])
        self.layers = doubling((2 * channels, channels, colors), INIT, rngs)
        self.norms = nnx.List([BatchNorm(width) for width in (*sizes[1:], channels)])
        self.channels = channels

    def __call__(self, z: jax.Array, standing: list[jax.Array] | None = None) -> jax.Array:
        return self._draw(z, BatchStats(standing))

    def statistics(self, z: jax.Array) -> list[jax.Array]:
        """Return the statistics ``[2, units]`` of every normalized layer on a batch of latents."""
        stats = BatchStats()
        self._draw(z, stats)
        return stats.used

    def _draw(self, z: jax.Array, stats: BatchStats) -> jax.Array:
        first, second, third = self.norms
        x = nnx.relu(first(self.dense[0](z), stats))
        x = nnx.relu(second(self.dense[1](x), stats)).reshape(-1, SMALLEST, SMALLEST, 2 * self.channels)
        x = nnx.relu(third(self.layers[0](x), stats))
        return nnx.sigmoid(self.layers[1](x))


class Discriminator(nnx.Module):
    """Images ``[B, 28, 28, C]`` to logits ``[B]``; high means real. The features are those of its dense layer."""

    def __init__(self, channels: int, colors: int, *, rngs: nnx.Rngs):
        self.layers = halving((colors, channels, 2 * channels), INIT, rngs)
        units = UNITS * channels
        self.dense = nnx.Linear(SMALLEST**2 * 2 * channels, units, kernel_init=INIT, rngs=rngs)
        self.norms = nnx.List([BatchNorm(2 * channels), BatchNorm(units)])
        self.logit = nnx.Linear(units, 1, kernel_init=INIT, rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        del key  # nothing is random
        stats = BatchStats()
        x = nnx.leaky_relu(self.layers[0](x), SLOPE)
        x = nnx.leaky_relu(self.norms[0](self.layers[1](x), stats), SLOPE)
        features = nnx.leaky_relu(self.norms[1](self.dense(x.reshape(len(x), -1)), stats), SLOPE)
        return DiscriminatorOutput(self.logit(features)[:, 0], features)


def generator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Generator:
    """Build the generator, for images of 28 pixels."""
    del bounded, data_mean
    return Generator(config.latent_size, config.base_channels, data_shape[-1], rngs=rngs)


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build the discriminator, for images of 28 pixels."""
    del bounded, data_mean
    return Discriminator(config.base_channels, data_shape[-1], rngs=rngs)


NETWORKS = Architecture(generator, {"scorer": discriminator}, convolves=True)
