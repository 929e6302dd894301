"""A discriminator that gives a score to every patch of an image (Isola et al. 2017, PatchGAN).

With three strided layers a patch has 70x70 pixels, with two 34x34, with one 16x16.
"""

import itertools
from dataclasses import replace

import jax
import numpy as np
from flax import nnx

from gancli.compute.convolution import Convolution
from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.models.layers.parts import DiscriminatorOutput, Init, uniform_init
from gancli.models.layers.spatial import instance_normalized
from gancli.models.mlp import Shape

INIT = nnx.initializers.normal(0.02)  # Isola et al. 2017, §6.2; Zhu et al. 2017, appendix 7.1
SLOPE = 0.2  # of the leaky rectifiers, below zero
WIDEST = 8  # times the base channels
DEEPEST = 5  # strided layers, at most, as of --patch-layers
LAYERS_FROM = {128: 3, 64: 2, 0: 1}  # strided layers, from this many pixels of the shorter side on


class PatchDiscriminator(nnx.Module):
    """Images ``[B, H, W, C]`` to logits of patches ``[B, P]``; high means real. The features are its last maps."""

    def __init__(
        self,
        channels: int,
        base_channels: int,
        strided: int,
        *,
        bounded: bool,
        init: Init,
        rngs: nnx.Rngs,
        normalizes: bool = True,
    ):
        widths = [channels, *(base_channels * min(2**place, WIDEST) for place in range(strided + 1))]
        self.layers = nnx.List(
            [
                Convolution(i, o, size=4, stride=2 if place < strided else 1, padding=1, init=init, rngs=rngs)
                for place, (i, o) in enumerate(itertools.pairwise(widths))
            ]
        )
        self.logit = Convolution(widths[-1], 1, size=4, padding=1, init=init, rngs=rngs)
        self.bounded = bounded
        self.normalizes = normalizes

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        del key  # it has no dropout
        x = 2.0 * x - 1.0 if self.bounded else x
        first, *others = self.layers
        x = rematerialized(_leaky, first, x)
        for layer in others:
            x = rematerialized(_leaky_normalized if self.normalizes else _leaky, layer, x)
        return DiscriminatorOutput(self.logit(x).reshape(len(x), -1), x.reshape(len(x), -1))


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
    """Return how many layers of the discriminator halve the image: as configured, or by the size of the images.

    Raises:
        UsageError: images are too small for so many.
    """
    side = min(data_shape[:2])
    strided = config.patch_layers or next(count for least, count in LAYERS_FROM.items() if side >= least)
    if (least := 2 ** (strided + 2)) > side:
        raise UsageError(
            f"--patch-layers {strided} needs images of at least {least} pixels, got {data_shape[0]}x{data_shape[1]}. "
            f"Take fewer layers."
        )
    return strided


def discriminator(
    config: TrainConfig,
    data_shape: Shape,
    bounded: bool,
    data_mean: np.ndarray,
    rngs: nnx.Rngs,
    normalizes: bool = True,
) -> PatchDiscriminator:
    """Build the discriminator of patches as configured, for images of ``data_shape``.

    Raises:
        UsageError: the examples are no images, or too small for so many strided layers.
    """
    del data_mean
    check_images(config, data_shape, 1, 1)
    strided = strided_layers(config, data_shape)
    init = uniform_init(config.discriminator_init_range, INIT)
    return PatchDiscriminator(
        data_shape[-1],
        config.base_channels,
        strided,
        bounded=bounded,
        init=init,
        rngs=rngs,
        normalizes=normalizes,
    )


def plain_discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> PatchDiscriminator:
    """Build a deep one without normalization, which hides how bright an image is; errors as there.

    It has as many strided layers as images allow, unless configured: what finds classes in its features has to see
    more than texture, or a translator learns textures that it takes for classes (docs/translation.md, "Ages").
    """
    check_images(config, data_shape, 1, 1)
    fitting = min(min(data_shape[:2]).bit_length() - 3, DEEPEST)  # the last one leaves 4 pixels of a side
    config = replace(config, patch_layers=config.patch_layers or max(fitting, 1))
    return discriminator(config, data_shape, bounded, data_mean, rngs, normalizes=False)


def check_images(config: TrainConfig, data_shape: Shape, multiple: int, smallest: int) -> None:
    """Raise a UsageError unless examples are images whose sides are multiples of a number, and so many pixels."""
    if len(data_shape) != 3:
        raise UsageError(f"--model {config.model} needs images, got examples of shape {tuple(data_shape)}.")
    if any(side % multiple or side < smallest for side in data_shape[:2]):
        raise UsageError(
            f"--model {config.model} needs images whose sides are multiples of {multiple} from {smallest} pixels on, "
            f"got {data_shape[0]}x{data_shape[1]}. Choose another --resolution."
        )
