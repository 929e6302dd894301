"""Residual convolutional networks, for images of any size that can be halved twice.

After Miyato et al. 2018 (appendix B.4), who made them the field's networks for CIFAR-10, with the simpler blocks of
Huang et al. 2024 (R3GAN, §3): two convolutions of 3 pixels beside a straight way that nothing stands on, and between
blocks a change of size and then, by a convolution of 1 pixel, of channels. Images are doubled by repeating pixels and
halved by averaging them, the transpose of it.

Without normalization a block starts as the straight way alone (Zhang et al. 2019, Fixup: the last convolution of a
branch starts at zero), so that no depth makes the first signals explode. Where batch or spectral normalization does
that work, all start at random.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.convolution import Convolution
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
from gancli.models.layers.pyramid import pyramid
from gancli.models.layers.spatial import doubled, halved
from gancli.models.mlp import Shape

SLOPE = 0.2  # of the leaky rectifiers, below zero
INIT = nnx.initializers.he_normal()


def _activation(x: jax.Array) -> jax.Array:
    return nnx.leaky_relu(x, SLOPE)


class Block(nnx.Module):
    """``[B, H, W, C]`` to the same shape: the input, and what two convolutions make of it."""

    def __init__(self, channels: int, *, batch_norm: bool, starts_straight: bool, init: Init, rngs: nnx.Rngs):
        last_init = nnx.initializers.zeros if starts_straight else init
        self.norms = nnx.List([BatchNorm(channels) if batch_norm else NoNorm() for _ in range(2)])
        self.layers = nnx.List(
            [Convolution(channels, channels, size=3, padding=1, init=start, rngs=rngs) for start in (init, last_init)]
        )

    def __call__(self, x: jax.Array, stats: BatchStats) -> jax.Array:
        branch = x
        for norm, layer in zip(self.norms, self.layers, strict=True):
            branch = layer(_activation(norm(branch, stats)))
        return x + branch


class Stage(nnx.Module):
    """Blocks at one size, one after the other."""

    def __init__(
        self,
        channels: int,
        blocks: int,
        *,
        batch_norm: bool,
        starts_straight: bool,
        init: Init,
        rngs: nnx.Rngs,
    ):
        self.blocks = nnx.List(
            [
                Block(channels, batch_norm=batch_norm, starts_straight=starts_straight, init=init, rngs=rngs)
                for _ in range(blocks)
            ]
        )

    def __call__(self, x: jax.Array, stats: BatchStats) -> jax.Array:
        for block in self.blocks:
            x = rematerialized_normalized(Block.__call__, block, x, stats)
        return x


def _pointwise(channels: tuple[int, int], init: Init, rngs: nnx.Rngs) -> Convolution:
    return Convolution(*channels, size=1, init=init, rngs=rngs)


class Generator(nnx.Module):
    """Latents ``[B, latent_size]`` to images ``[B, H, W, C]``: a dense layer, at every size blocks, then the image.

    With ``batch_norm`` the blocks are normalized. While training by the statistics of the batch; to draw samples that
    do not depend on one another, give the statistics of an earlier batch, ``standing`` (Brock et al. 2019, §4.1).
    """

    def __init__(
        self,
        latent_size: int,
        data_shape: Shape,
        base_channels: int,
        blocks: int,
        *,
        batch_norm: bool,
        bounded: bool,
        init: Init,
        rngs: nnx.Rngs,
    ):
        levels = pyramid("resnet", data_shape, base_channels)[::-1]  # the smallest maps first
        widths = [level.channels for level in levels]
        self.first = levels[0]
        height, width, channels = self.first
        self.dense = nnx.Linear(latent_size, height * width * channels, kernel_init=init, rngs=rngs)
        self.changes = nnx.List([_pointwise(pair, init, rngs) for pair in itertools.pairwise(widths)])
        self.stages = nnx.List(
            [
                Stage(
                    width,
                    blocks,
                    batch_norm=batch_norm,
                    starts_straight=not batch_norm,
                    init=init,
                    rngs=rngs,
                )
                for width in widths
            ]
        )
        self.norm = BatchNorm(widths[-1]) if batch_norm else NoNorm()
        self.image = Convolution(widths[-1], data_shape[-1], size=3, padding=1, init=init, rngs=rngs)
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
        for place, stage in enumerate(self.stages):
            if place:
                x = doubled(self.changes[place - 1](x))  # channels first: a quarter of the work, and the same result
            x = stage(x, stats)
        x = self.image(_activation(self.norm(x, stats)))
        return 0.5 * (jnp.tanh(x) + 1.0) if self.bounded else x


class Discriminator(nnx.Module):
    """Images ``[B, H, W, C]`` to logits ``[B]``; high means real.

    At every size blocks, from the whole image down; the features are the last maps, summed over the image, ``[B, F]``.
    Where nothing holds the weights (``starts_straight``) it is their mean: with sums, of so many pixels, logits move so
    fast that the generator is left behind.
    """

    def __init__(
        self,
        data_shape: Shape,
        base_channels: int,
        blocks: int,
        *,
        starts_straight: bool,
        bounded: bool,
        input_dropout: float,
        hidden_dropout: tuple[float, ...],
        init: Init,
        rngs: nnx.Rngs,
    ):
        widths = [level.channels for level in pyramid("resnet", data_shape, base_channels)]
        self.image = Convolution(data_shape[-1], widths[0], size=3, padding=1, init=init, rngs=rngs)
        self.changes = nnx.List([_pointwise(pair, init, rngs) for pair in itertools.pairwise(widths)])
        self.stages = nnx.List(
            [
                Stage(
                    width,
                    blocks,
                    batch_norm=False,
                    starts_straight=starts_straight,
                    init=init,
                    rngs=rngs,
                )
                for width in widths
            ]
        )
        self.pooled = jnp.mean if starts_straight else jnp.sum
        self.logit = nnx.Linear(widths[-1], 1, kernel_init=init, rngs=rngs)
        self.rates = (input_dropout, *per_layer(hidden_dropout, len(widths), "--hidden-dropout"))
        self.bounded = bounded

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        x = 2.0 * x - 1.0 if self.bounded else x
        x = self.image(drop(x, self.rates[0], key, 0))
        for place, stage in enumerate(self.stages):
            if place:
                x = self.changes[place - 1](halved(drop(x, self.rates[place], key, place)))
            x = stage(x, BatchStats())
        features = self.pooled(_activation(x), axis=(1, 2))
        return DiscriminatorOutput(self.logit(drop(features, self.rates[-1], key, len(self.stages)))[:, 0], features)


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
        config.blocks,
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
        config.blocks,
        starts_straight="spectral-norm" not in config.penalty,
        bounded=bounded,
        input_dropout=config.input_dropout,
        hidden_dropout=config.hidden_dropout,
        init=uniform_init(config.discriminator_init_range, INIT),
        rngs=rngs,
    )
