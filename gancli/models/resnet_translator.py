"""The residual translator of Zhu et al. 2017 (CycleGAN), after Johnson et al. 2016.

A convolution of 7 pixels, two that halve the image, residual blocks, two that double it, a convolution of 7 pixels. Its
edges are reflected, and every layer but the last is instance-normalized. What doubles has kernels of 4 pixels, which
cover every pixel equally often (Odena et al. 2016), where the paper has 3.

A translator to classes sees the class as one-hot maps beside the channels of the image (Choi et al. 2018, StarGAN).
Then its first layer is not normalized: of a map that is the same everywhere, a convolution makes a constant, which
normalization takes away.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.convolution import Convolution, TransposedConvolution
from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.models.layers.parts import Init, uniform_init
from gancli.models.layers.spatial import instance_normalized, reflected
from gancli.models.mlp import Shape
from gancli.models.patches import INIT, check_images

SMALLEST = 16  # pixels of an image
MULTIPLE = 4  # of which the sides of an image are: they are halved twice


class Block(nnx.Module):
    """``[B, H, W, C]`` to the same shape: the input, and what two convolutions make of it."""

    def __init__(self, channels: int, *, init: Init, rngs: nnx.Rngs):
        self.layers = nnx.List([Convolution(channels, channels, size=3, init=init, rngs=rngs) for _ in range(2)])

    def __call__(self, x: jax.Array) -> jax.Array:
        first, second = self.layers
        branch = nnx.relu(instance_normalized(first(reflected(x, 1))))
        return x + instance_normalized(second(reflected(branch, 1)))


class Encoder(nnx.Module):
    """The first half of a translator: images ``[B, H, W, C]`` to maps ``[B, H/4, W/4, 4 base_channels]``.

    The sides of images are multiples of 4, at least 16 pixels.
    """

    multiple = MULTIPLE
    smallest = SMALLEST

    def __init__(
        self,
        channels: int,
        base_channels: int,
        blocks: int,
        *,
        bounded: bool,
        init: Init,
        rngs: nnx.Rngs,
    ):
        self.widths = (base_channels, 2 * base_channels, 4 * base_channels)
        self.first = Convolution(channels, base_channels, size=7, init=init, rngs=rngs)
        steps = itertools.pairwise(self.widths)
        self.down = nnx.List([Convolution(i, o, size=3, stride=2, padding=1, init=init, rngs=rngs) for i, o in steps])
        self.blocks = nnx.List([Block(self.widths[-1], init=init, rngs=rngs) for _ in range(blocks)])
        self.bounded = bounded

    def encoded(self, x: jax.Array, classes: jax.Array | None = None) -> tuple[jax.Array, ...]:
        """Return what the way to the smallest maps sees: the image, halved maps, and those of the residual blocks.

        Of the blocks it is the first and the last one (Park et al. 2020 take the first and the fifth of nine).
        """
        x = 2.0 * x - 1.0 if self.bounded else x
        found = [x]
        if classes is None:
            x = rematerialized(_normalized_first, self.first, x)
        else:
            maps = jnp.broadcast_to(classes[:, None, None], (*x.shape[:-1], classes.shape[1]))
            x = rematerialized(_plain_first, self.first, jnp.concatenate([x, maps], axis=-1))
        for layer in self.down:
            x = rematerialized(_activated, layer, x)
            found.append(x)
        for place, block in enumerate(self.blocks):
            x = rematerialized(Block.__call__, block, x)
            found += [x] if place in (0, len(self.blocks) - 1) else []
        return tuple(found)


class Translator(Encoder):
    """Images ``[B, H, W, C]`` to images of the same shape, whose sides are multiples of 4 of at least 16 pixels.

    One for ``num_classes`` also takes classes ``[B, K]``, one-hot.
    """

    def __init__(
        self,
        channels: int,
        base_channels: int,
        blocks: int,
        *,
        bounded: bool,
        init: Init,
        rngs: nnx.Rngs,
        num_classes: int = 0,
    ):
        super().__init__(channels + num_classes, base_channels, blocks, bounded=bounded, init=init, rngs=rngs)
        self.up = nnx.List(
            [
                TransposedConvolution(i, o, size=4, stride=2, padding=1, init=init, rngs=rngs)
                for i, o in itertools.pairwise(self.widths[::-1])
            ]
        )
        self.last = Convolution(base_channels, channels, size=7, init=init, rngs=rngs)

    def __call__(self, x: jax.Array, classes: jax.Array | None = None) -> jax.Array:
        x = self.encoded(x, classes)[-1]
        for layer in self.up:
            x = rematerialized(_activated, layer, x)
        return shown(self.last, x, bounded=self.bounded)


def shown(layer: Convolution, x: jax.Array, *, bounded: bool) -> jax.Array:
    """Return the images ``[B, H, W, C]`` that a last convolution of 7 pixels makes of maps ``[B, H, W, O]``."""
    x = layer(reflected(x, 3))
    return 0.5 * (jnp.tanh(x) + 1.0) if bounded else x


def _normalized_first(layer: Convolution, x: jax.Array) -> jax.Array:
    return nnx.relu(instance_normalized(layer(reflected(x, 3))))


def _plain_first(layer: Convolution, x: jax.Array) -> jax.Array:
    return nnx.relu(layer(reflected(x, 3)))


def _activated(layer: Convolution | TransposedConvolution, x: jax.Array) -> jax.Array:
    return nnx.relu(instance_normalized(layer(x)))


def translator(
    config: TrainConfig,
    data_shape: Shape,
    bounded: bool,
    data_mean: np.ndarray,
    rngs: nnx.Rngs,
    num_classes: int = 0,
) -> Translator:
    """Build the translator as configured, for images of the channels of ``data_shape``, perhaps to classes.

    Raises:
        UsageError: the examples are no images of sides that are multiples of 4, at least 16.
    """
    del data_mean
    check_images(config, data_shape, MULTIPLE, SMALLEST)
    init = uniform_init(config.generator_init_range, INIT)
    return Translator(
        data_shape[-1],
        config.base_channels,
        config.blocks,
        bounded=bounded,
        init=init,
        rngs=rngs,
        num_classes=num_classes,
    )
