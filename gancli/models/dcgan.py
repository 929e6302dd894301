"""Convolutional networks after Radford et al. 2016 (DCGAN), for images of any size that can be halved twice.

A generator of transposed convolutions, each of which doubles the image, with batch normalization and rectifiers; a
discriminator of strided convolutions, each of which halves it, with leaky rectifiers. Kernels of 4 pixels cover every
pixel equally often, so they leave no checkerboard (Odena et al. 2016), where the paper has 5.

The discriminator has no batch normalization: with it, the output for one image would depend on the images beside it,
and a penalty on its gradient at one example would mean nothing. By default R1 and R2 bound its slope, in the
relativistic game (Huang et al. 2024); spectral norms (Miyato et al. 2018) are one ``--penalty`` away.
"""

import itertools
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.convolution import Convolution, TransposedConvolution
from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.models.layers.parts import (
    BatchNorm,
    BatchStats,
    DiscriminatorOutput,
    Init,
    NoNorm,
    drop,
    per_layer,
    rematerialized_normalized,
    uniform_init,
)
from gancli.models.layers.pyramid import Level, pyramid
from gancli.models.mlp import Shape

SIZE, STRIDE, PADDING = 4, 2, 1  # of every kernel, in pixels: a layer doubles or halves exactly
SLOPE = 0.2  # of the leaky rectifiers, below zero
INIT = nnx.initializers.normal(0.02)  # Radford et al. 2016, §3


def _scales(data_shape: Shape, base_channels: int) -> list[Level]:
    """Return the hidden layers' maps, the largest first: those of the image's half have the base channels."""
    return [
        Level(below.height, below.width, level.channels)
        for level, below in itertools.pairwise(pyramid("dcgan", data_shape, base_channels))
    ]


def doubling(widths: Sequence[int], init: Init, rngs: nnx.Rngs) -> nnx.List:
    """Build transposed convolutions from each number of maps to the next, each to twice the size."""
    return nnx.List(
        [
            TransposedConvolution(i, o, size=SIZE, stride=STRIDE, padding=PADDING, init=init, rngs=rngs)
            for i, o in itertools.pairwise(widths)
        ]
    )


def halving(widths: Sequence[int], init: Init, rngs: nnx.Rngs) -> nnx.List:
    """Build convolutions from each number of maps to the next, each to half the size."""
    return nnx.List(
        [
            Convolution(i, o, size=SIZE, stride=STRIDE, padding=PADDING, init=init, rngs=rngs)
            for i, o in itertools.pairwise(widths)
        ]
    )


class Generator(nnx.Module):
    """Latents ``[B, latent_size]`` to images ``[B, H, W, C]``: a dense layer, then transposed convolutions.

    The hidden layers are batch-normalized, or not. While training by the statistics of the batch; to draw samples that
    do not depend on one another, give the statistics of an earlier batch, ``standing`` (Brock et al. 2019, §4.1).
    """

    def __init__(
        self,
        latent_size: int,
        data_shape: Shape,
        base_channels: int,
        *,
        batch_norm: bool,
        bounded: bool,
        init: Init,
        rngs: nnx.Rngs,
    ):
        scales = _scales(data_shape, base_channels)[::-1]  # the smallest maps first
        self.first = scales[0]
        height, width, channels = self.first
        self.dense = nnx.Linear(latent_size, height * width * channels, kernel_init=init, rngs=rngs)
        widths = [*(count for *_, count in scales), data_shape[-1]]
        self.norms = nnx.List([BatchNorm(count) if batch_norm else NoNorm() for count in widths[:-1]])
        self.layers = doubling(widths, init, rngs)
        self.bounded = bounded

    def __call__(self, z: jax.Array, standing: list[jax.Array] | None = None) -> jax.Array:
        return self._draw(z, BatchStats(standing))

    def statistics(self, z: jax.Array) -> list[jax.Array]:
        """Return the statistics ``[2, channels]`` of every normalized layer on a batch of latents."""
        stats = BatchStats()
        self._draw(z, stats)
        return stats.used

    def _draw(self, z: jax.Array, stats: BatchStats) -> jax.Array:
        x = self.dense(z).reshape(z.shape[0], *self.first)
        for modules in zip(self.norms, self.layers, strict=True):
            x = rematerialized_normalized(_doubled, modules, x, stats)
        return 0.5 * (jnp.tanh(x) + 1.0) if self.bounded else x


class Discriminator(nnx.Module):
    """Images ``[B, H, W, C]`` to logits ``[B]``; high means real. The features are its last maps, ``[B, F]``."""

    def __init__(
        self,
        data_shape: Shape,
        base_channels: int,
        *,
        bounded: bool,
        input_dropout: float,
        hidden_dropout: tuple[float, ...],
        init: Init,
        rngs: nnx.Rngs,
    ):
        scales = _scales(data_shape, base_channels)
        widths = [data_shape[-1], *(count for *_, count in scales)]
        self.layers = halving(widths, init, rngs)
        height, width, channels = scales[-1]
        self.logit = nnx.Linear(height * width * channels, 1, kernel_init=init, rngs=rngs)
        self.rates = (input_dropout, *per_layer(hidden_dropout, len(scales), "--hidden-dropout"))
        self.bounded = bounded

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        x = 2.0 * x - 1.0 if self.bounded else x
        for place, (layer, rate) in enumerate(zip(self.layers, self.rates, strict=False)):
            x = rematerialized(partial(_halved, rate, place), layer, x, key)
        features = x.reshape(x.shape[0], -1)
        return DiscriminatorOutput(self.logit(drop(features, self.rates[-1], key, len(self.layers)))[:, 0], features)


def _doubled(modules: tuple[BatchNorm | NoNorm, TransposedConvolution], x: jax.Array, stats: BatchStats) -> jax.Array:
    """Return maps of twice the size."""
    norm, layer = modules
    return layer(nnx.relu(norm(x, stats)))


def _halved(rate: float, place: int, layer: Convolution, x: jax.Array, key: jax.Array | None) -> jax.Array:
    """Return maps of half the size, with dropout before, by the layer's number and the network's key."""
    return nnx.leaky_relu(layer(drop(x, rate, key, place)), SLOPE)


def generator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Generator:
    """Build the generator as configured, for images of ``data_shape``.

    Raises:
        UsageError: the examples are no images of a size that can be halved twice.
    """
    del data_mean  # one bias a channel cannot draw the mean image
    return Generator(
        config.latent_size,
        data_shape,
        config.base_channels,
        batch_norm=config.batch_norm,
        bounded=bounded,
        init=uniform_init(config.generator_init_range, INIT),
        rngs=rngs,
    )


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build the discriminator as configured, for images of ``data_shape``.

    Raises:
        UsageError: the examples are no images of a size that can be halved twice.
    """
    del data_mean
    return Discriminator(
        data_shape,
        config.base_channels,
        bounded=bounded,
        input_dropout=config.input_dropout,
        hidden_dropout=config.hidden_dropout,
        init=uniform_init(config.discriminator_init_range, INIT),
        rngs=rngs,
    )
