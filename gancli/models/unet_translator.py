"""The U-Net of Isola et al. 2017 (pix2pix): an image is halved to a few pixels and doubled again, with shortcuts.

What a layer of the way up gets is what the layer below it made, and beside it the maps of its size from the way down.
So edges need not pass through the smallest maps. The image is halved as often as its sides allow, eight times at most.
Layers are instance-normalized, as the paper's are with batches of one; the first, the innermost and the last are not.

Its latents are dropout: the first layers of the way up lose half of their units, also in a finished network (Isola et
al. 2017, §2.1). Without a key nothing is lost, and the answer is always the same.
"""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.convolution import Convolution, TransposedConvolution
from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.models.layers.parts import Init, drop, uniform_init
from gancli.models.layers.spatial import instance_normalized
from gancli.models.mlp import Shape
from gancli.models.patches import INIT, SLOPE, WIDEST, check_images

DEEPEST, SHALLOWEST = 8, 2  # how often an image is halved
DROPOUT, DROPPED = 0.5, 3  # rate, and layers of the way up that have it


class UNet(nnx.Module):
    """Images ``[B, H, W, C]`` to images of the same shape, whose sides are multiples of ``2**depth``."""

    def __init__(self, channels: int, base_channels: int, depth: int, *, bounded: bool, init: Init, rngs: nnx.Rngs):
        widths = [channels, *(base_channels * min(2**place, WIDEST) for place in range(depth))]
        options = {"size": 4, "stride": 2, "padding": 1, "init": init, "rngs": rngs}
        self.down = nnx.List([Convolution(i, o, **options) for i, o in itertools.pairwise(widths)])
        up = [
            (2 * inner if place else inner, outer)
            for place, (inner, outer) in enumerate(itertools.pairwise(widths[::-1]))
        ]
        self.up = nnx.List([TransposedConvolution(i, o, **options) for i, o in up])
        self.multiple = self.smallest = 2**depth
        self.bounded = bounded

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> jax.Array:
        x = 2.0 * x - 1.0 if self.bounded else x
        kept, last = [], len(self.down) - 1
        for place, layer in enumerate(self.down):
            x = rematerialized(_normalized if 0 < place < last else _plain, layer, x if place == 0 else _leaky(x))
            kept.append(x)
        x = kept.pop()
        *layers, outermost = self.up
        for place, layer in enumerate(layers):
            x = rematerialized(_normalized, layer, nnx.relu(x))
            x = drop(x, DROPOUT, key, place) if place < DROPPED else x
            x = jnp.concatenate([x, kept.pop()], axis=-1)
        x = outermost(nnx.relu(x))
        return 0.5 * (jnp.tanh(x) + 1.0) if self.bounded else x


def _plain(layer: Convolution | TransposedConvolution, x: jax.Array) -> jax.Array:
    return layer(x)


def _normalized(layer: Convolution | TransposedConvolution, x: jax.Array) -> jax.Array:
    return instance_normalized(layer(x))


def _leaky(x: jax.Array) -> jax.Array:
    return nnx.leaky_relu(x, SLOPE)


def depth_of(data_shape: Shape) -> int:
    """Return how often images of this shape are halved: as often as both sides allow, eight times at most."""
    common = math.gcd(*data_shape[:2])
    return min((common & -common).bit_length() - 1, DEEPEST)


def translator(config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs) -> UNet:
    """Build the translator as configured, for images of ``data_shape``.

    Raises:
        UsageError: the examples are no images of sides that are multiples of 4.
    """
    del data_mean
    check_images(config, data_shape, 2**SHALLOWEST, 2**SHALLOWEST)
    init = uniform_init(config.generator_init_range, INIT)
    return UNet(data_shape[-1], config.base_channels, depth_of(data_shape), bounded=bounded, init=init, rngs=rngs)
