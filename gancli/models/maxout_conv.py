"""The convolutional networks of Goodfellow et al. 2014 for CIFAR-10 (§5 and their published configuration).

A generator whose last layer is a transposed convolution, and a discriminator of maxout convolutions with pooling, one
fully connected maxout layer or more, and dropout before each. Images are ``[B, H, W, C]`` with ``H = W``.
"""

from collections.abc import Sequence
from functools import partial

import jax
import numpy as np
from flax import nnx

from gancli.compute.convolution import TransposedConvolution
from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.models.layers.parts import (
    DiscriminatorOutput,
    MaxoutConvolution,
    drop,
    max_pool,
    per_layer,
    pooled_length,
    uniform_init,
)
from gancli.models.mlp import Discriminator as DenseDiscriminator
from gancli.models.mlp import HiddenLayers, Shape, hidden_layers


class Generator(nnx.Module):
    """Latents ``[B, latent_size]`` to images ``[B, H, W, C]``.

    Fully connected hidden layers, the last of which is folded to a small image of as many channels as it has room for,
    then one transposed convolution of ``size`` pixels, ``stride`` apart.

    Raises:
        UsageError: the last width is no whole number of such images, or no number of steps leads to this size.
    """

    def __init__(
        self,
        hidden: HiddenLayers,
        data_shape: Shape,
        *,
        size: int,
        stride: int,
        bounded: bool,
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        side, remainder = divmod(data_shape[0] - size, stride)
        if remainder or side < 0:
            raise UsageError(
                f"--deconv-size {size} with --deconv-stride {stride} makes no images {data_shape[0]} pixels high: "
                f"height minus size must be a multiple of the stride."
            )
        self.side = side + 1
        channels, remainder = divmod(hidden.out_features, self.side**2)
        if remainder or not channels:
            raise UsageError(
                f"--generator-widths must end in a multiple of {self.side}x{self.side} = {self.side**2} for a "
                f"transposed convolution of {size} with stride {stride}, got {hidden.out_features}."
            )
        self.hidden = hidden
        self.output = TransposedConvolution(
            channels, data_shape[-1], size=size, stride=stride, init=uniform_init(init_range), rngs=rngs
        )
        self.bounded = bounded

    def __call__(self, z: jax.Array) -> jax.Array:
        h = self.hidden(z)
        x = self.output(h.reshape(h.shape[0], self.side, self.side, -1))
        return nnx.sigmoid(x) if self.bounded else x


class Discriminator(nnx.Module):
    """Images ``[B, H, W, C]`` to logits ``[B]``; high means real.

    Maxout convolutions, each with max pooling, then the fully connected discriminator. ``hidden_dropout`` has a rate
    for every layer behind the input, convolutions first, or one for all.
    """

    def __init__(
        self,
        data_shape: Shape,
        channels: Shape,
        pieces: int,
        sizes: Shape,
        padding: Shape,
        pool_sizes: Shape,
        pool_strides: Shape,
        dense: Shape,
        dense_pieces: int,
        *,
        input_dropout: float,
        hidden_dropout: Sequence[float],
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        count = len(channels)
        sizes, padding = per_layer(sizes, count, "--conv-sizes"), per_layer(padding, count, "--conv-padding")
        self.pools = tuple(
            zip(
                per_layer(pool_sizes, count, "--pool-sizes"),
                per_layer(pool_strides, count, "--pool-strides"),
                strict=True,
            )
        )
        rates = (input_dropout, *per_layer(hidden_dropout, count + len(dense), "--hidden-dropout"))
        self.convolutions = nnx.List([])
        (side, _, depth) = data_shape
        for units, size, margin, (pool, stride) in zip(channels, sizes, padding, self.pools, strict=True):
            if side + 2 * margin < size:
                raise UsageError(f"--conv-sizes: {size} does not fit {side} pixels with a margin of {margin} each way.")
            if stride > pool:
                raise UsageError(f"--pool-strides must be at most --pool-sizes, got {stride} for {pool}.")
            self.convolutions.append(
                MaxoutConvolution(depth, units, pieces, size=size, padding=margin, init_range=init_range, rngs=rngs)
            )
            side, depth = pooled_length(side + 2 * margin - size + 1, pool, stride), units
        self.rates = rates[:count]
        self.dense = DenseDiscriminator(
            (side, side, depth),
            dense,
            dense_pieces,
            input_dropout=rates[count],
            hidden_dropout=rates[count + 1 :],
            init_range=init_range,
            rngs=rngs,
        )

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        for index, (layer, rate, pool) in enumerate(zip(self.convolutions, self.rates, self.pools, strict=True)):
            x = rematerialized(partial(_pooled, rate, index, pool), layer, x, key)
        return self.dense(x, None if key is None else jax.random.fold_in(key, len(self.convolutions)))


def _pooled(
    rate: float, place: int, pool: tuple[int, int], layer: MaxoutConvolution, x: jax.Array, key: jax.Array | None
) -> jax.Array:
    """Return the largest values of windows, by size and stride, of a layer's maps, with dropout before."""
    return max_pool(layer(drop(x, rate, key, place)), *pool)


def generator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Generator:
    """Build the generator as configured, for images of ``data_shape``; it starts around zero or gray.

    Raises:
        UsageError: the data are no square images, or a size does not fit them.
    """
    del data_mean  # one bias a channel cannot draw the mean image
    if len(data_shape) != 3 or data_shape[0] != data_shape[1]:
        raise UsageError(f"--model maxout-conv needs square images, got examples of shape {data_shape}.")
    if not config.generator_widths or not config.conv_channels:
        raise UsageError("--model maxout-conv needs --generator-widths and --conv-channels, at least one of each.")
    return Generator(
        hidden_layers(config, rngs),
        data_shape,
        size=config.deconv_size,
        stride=config.deconv_stride,
        bounded=bounded,
        init_range=config.output_init_range or config.generator_init_range,
        rngs=rngs,
    )


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build the discriminator as configured, for images of ``data_shape``.

    Raises:
        UsageError: a size does not fit them.
    """
    del bounded, data_mean
    return Discriminator(
        data_shape,
        config.conv_channels,
        config.conv_pieces,
        config.conv_sizes,
        config.conv_padding,
        config.pool_sizes,
        config.pool_strides,
        config.discriminator_widths,
        config.maxout_pieces,
        input_dropout=config.input_dropout,
        hidden_dropout=config.hidden_dropout,
        init_range=config.discriminator_init_range,
        rngs=rngs,
    )
