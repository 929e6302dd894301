"""Networks of unpaired translation after Zhu et al. 2017 (CycleGAN): a residual translator, and a D of patches.

The translator is that of Johnson et al. 2016: a convolution of 7 pixels, two that halve the image, residual blocks, two
that double it, a convolution of 7 pixels. Its edges are reflected, and every layer but the last is instance-normalized.
What doubles has kernels of 4 pixels, which cover every pixel equally often (Odena et al. 2016), where the paper has 3.

The discriminator gives a score to every patch of the image (Isola et al. 2017, PatchGAN). With three strided layers a
patch has 70x70 pixels, with two 34x34, with one 16x16.
"""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.convolution import Convolution, TransposedConvolution
from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.models.layers.parts import DiscriminatorOutput, Init, uniform_init
from gancli.models.layers.spatial import instance_normalized, reflected
from gancli.models.mlp import Shape

INIT = nnx.initializers.normal(0.02)  # Zhu et al. 2017, appendix 7.1
SLOPE = 0.2  # of the leaky rectifiers, below zero
SMALLEST = 16  # pixels of an image
MULTIPLE = 4  # of which the sides of an image are: they are halved twice
WIDEST = 8  # times the base channels, in a discriminator
LAYERS_FROM = {128: 3, 64: 2, 0: 1}  # strided layers of a discriminator, from this many pixels of the shorter side on


class Block(nnx.Module):
    """``[B, H, W, C]`` to the same shape: the input, and what two convolutions make of it."""

    def __init__(self, channels: int, *, init: Init, rngs: nnx.Rngs):
        self.layers = nnx.List([Convolution(channels, channels, size=3, init=init, rngs=rngs) for _ in range(2)])

    def __call__(self, x: jax.Array) -> jax.Array:
        first, second = self.layers
        branch = nnx.relu(instance_normalized(first(reflected(x, 1))))
        return x + instance_normalized(second(reflected(branch, 1)))


class Translator(nnx.Module):
    """Images ``[B, H, W, C]`` to images of the same shape, whose sides are multiples of 4 of at least 16 pixels."""

    multiple = MULTIPLE
    smallest = SMALLEST

    def __init__(self, channels: int, base_channels: int, blocks: int, *, bounded: bool, init: Init, rngs: nnx.Rngs):
        widths = [base_channels, 2 * base_channels, 4 * base_channels]
        self.first = Convolution(channels, base_channels, size=7, init=init, rngs=rngs)
        steps = itertools.pairwise(widths)
        self.down = nnx.List([Convolution(i, o, size=3, stride=2, padding=1, init=init, rngs=rngs) for i, o in steps])
        self.blocks = nnx.List([Block(widths[-1], init=init, rngs=rngs) for _ in range(blocks)])
        self.up = nnx.List(
            [
                TransposedConvolution(i, o, size=4, stride=2, padding=1, init=init, rngs=rngs)
                for i, o in itertools.pairwise(widths[::-1])
            ]
        )
        self.last = Convolution(base_channels, channels, size=7, init=init, rngs=rngs)
        self.bounded = bounded

    def __call__(self, x: jax.Array) -> jax.Array:
        x = rematerialized(_reflected_first, self.first, 2.0 * x - 1.0 if self.bounded else x)
        for layer in self.down:
            x = rematerialized(_activated, layer, x)
        for block in self.blocks:
            x = rematerialized(Block.__call__, block, x)
        for layer in self.up:
            x = rematerialized(_activated, layer, x)
        x = self.last(reflected(x, 3))
        return 0.5 * (jnp.tanh(x) + 1.0) if self.bounded else x


class PatchDiscriminator(nnx.Module):
    """Images ``[B, H, W, C]`` to logits of patches ``[B, P]``; high means real. The features are its last maps."""

    def __init__(self, channels: int, base_channels: int, strided: int, *, bounded: bool, init: Init, rngs: nnx.Rngs):
        widths = [channels, *(base_channels * min(2**place, WIDEST) for place in range(strided + 1))]
        self.layers = nnx.List(
            [
                Convolution(i, o, size=4, stride=2 if place < strided else 1, padding=1, init=init, rngs=rngs)
                for place, (i, o) in enumerate(itertools.pairwise(widths))
            ]
        )
        self.logit = Convolution(widths[-1], 1, size=4, padding=1, init=init, rngs=rngs)
        self.bounded = bounded

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        del key  # it has no dropout
        x = 2.0 * x - 1.0 if self.bounded else x
        first, *others = self.layers
        x = rematerialized(_leaky, first, x)
        for layer in others:
            x = rematerialized(_leaky_normalized, layer, x)
        return DiscriminatorOutput(self.logit(x).reshape(len(x), -1), x.reshape(len(x), -1))


def _reflected_first(layer: Convolution, x: jax.Array) -> jax.Array:
    return nnx.relu(instance_normalized(layer(reflected(x, 3))))


def _activated(layer: Convolution | TransposedConvolution, x: jax.Array) -> jax.Array:
    return nnx.relu(instance_normalized(layer(x)))


def _leaky(layer: Convolution, x: jax.Array) -> jax.Array:
    return nnx.leaky_relu(layer(x), SLOPE)


def _leaky_normalized(layer: Convolution, x: jax.Array) -> jax.Array:
    return nnx.leaky_relu(instance_normalized(layer(x)), SLOPE)


def receptive_field(strided: int) -> int:
    """Return the side, in pixels, of what one score of the discriminator with so many strided layers sees."""
    side = 1
    for stride in (1, 1, *(2,) * strided):  # from the score back to the image; every kernel has 4 pixels
        side = side * stride + 4 - stride
    return side


def strided_layers(config: TrainConfig, data_shape: Shape) -> int:
    """Return how many layers of the discriminator halve the image: as configured, or by the size of the images."""
    side = min(data_shape[:2])
    return config.patch_layers or next(count for least, count in LAYERS_FROM.items() if side >= least)


def translator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Translator:
    """Build the translator as configured, for images of the channels of ``data_shape``.

    Raises:
        UsageError: the examples are no images of sides that are multiples of 4, at least 16.
    """
    del data_mean
    _check(config, data_shape)
    init = uniform_init(config.generator_init_range, INIT)
    return Translator(data_shape[-1], config.base_channels, config.blocks, bounded=bounded, init=init, rngs=rngs)


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> PatchDiscriminator:
    """Build the discriminator of patches as configured, for images of ``data_shape``.

    Raises:
        UsageError: the examples are no such images, or too small for so many strided layers.
    """
    del data_mean
    _check(config, data_shape)
    strided = strided_layers(config, data_shape)
    if (least := 2 ** (strided + 2)) > min(data_shape[:2]):
        raise UsageError(
            f"--patch-layers {strided} needs images of at least {least} pixels, got {data_shape[0]}x{data_shape[1]}. "
            f"Take fewer layers."
        )
    init = uniform_init(config.discriminator_init_range, INIT)
    return PatchDiscriminator(data_shape[-1], config.base_channels, strided, bounded=bounded, init=init, rngs=rngs)


def _check(config: TrainConfig, data_shape: Sequence[int]) -> None:
    if len(data_shape) != 3:
        raise UsageError(f"--model {config.model} needs images, got examples of shape {tuple(data_shape)}.")
    if any(side % MULTIPLE or side < SMALLEST for side in data_shape[:2]):
        raise UsageError(
            f"--model {config.model} needs images whose sides are multiples of {MULTIPLE} from {SMALLEST} pixels on, "
            f"got {data_shape[0]}x{data_shape[1]}. Choose another --resolution."
        )
