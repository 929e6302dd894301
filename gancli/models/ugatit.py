"""The networks of Kim et al. 2020 (U-GAT-IT), in their light form: they look where an image tells what it is.

A translator encodes an image, weighs the maps by what tells its images from those of the target (activation maps), and
decodes them by residual blocks whose normalization is scaled and shifted by the mean of each map. This is the light
form: in the paper's full one a dense layer takes all pixels, which binds the network to one size of images.

A discriminator is two, of which one has patches about four times as large as the other. Both weigh their maps,
too, and the logits of that are scores of images, beside those of patches.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.convolution import Convolution
from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.models.layers.attention import ActivationMaps, Attended
from gancli.models.layers.layer_instance import AdaptiveLayerInstanceNorm, LayerInstanceNorm
from gancli.models.layers.parts import Init, SeveralOutput, uniform_init
from gancli.models.layers.spatial import doubled, reflected
from gancli.models.mlp import Shape
from gancli.models.patches import SLOPE, check_images, strided_layers
from gancli.models.resnet_translator import MULTIPLE, SMALLEST, Encoder, shown

# Uniform on ±1/sqrt(fan-in), PyTorch's own, with which the authors' code begins.
INIT = nnx.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
FARTHER = 2  # strided layers that the global discriminator has more than the local one, where images are large enough

Styled = tuple[jax.Array, jax.Array, jax.Array]  # maps [B, h, w, C], and their scales and shifts [B, C]


class Style(nnx.Module):
    """Maps ``[B, h, w, C]`` to scales and shifts ``[B, C]`` of normalized maps, by the mean of each map."""

    def __init__(self, channels: int, *, init: Init, rngs: nnx.Rngs):
        first, second, scale, bias = (
            nnx.Linear(channels, channels, use_bias=False, kernel_init=init, rngs=rngs) for _ in range(4)
        )
        self.layers = nnx.List([first, second])
        self.scale, self.bias = scale, bias

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = jnp.mean(x, axis=(1, 2))
        for layer in self.layers:
            x = nnx.relu(layer(x))
        return self.scale(x), self.bias(x)


class StyledBlock(nnx.Module):
    """``[B, H, W, C]`` to the same shape: the input, and what two convolutions make of it."""

    def __init__(self, channels: int, *, init: Init, rngs: nnx.Rngs):
        options = {"size": 3, "init": init, "bias": False, "rngs": rngs}
        self.layers = nnx.List([Convolution(channels, channels, **options) for _ in range(2)])
        self.norms = nnx.List([AdaptiveLayerInstanceNorm(channels) for _ in range(2)])

    def __call__(self, styled: Styled) -> jax.Array:
        x, *style = styled
        (first, second), (normalize, normalize_again) = self.layers, self.norms
        branch = nnx.relu(normalize(first(reflected(x, 1)), *style))
        return x + normalize_again(second(reflected(branch, 1)), *style)


class Doubling(nnx.Module):
    """``[B, H, W, in_channels]`` to ``[B, 2 H, 2 W, channels]``: pixels repeated, a convolution, LIN, a rectifier."""

    def __init__(self, in_channels: int, channels: int, *, init: Init, rngs: nnx.Rngs):
        self.layer = Convolution(in_channels, channels, size=3, init=init, bias=False, rngs=rngs)
        self.norm = LayerInstanceNorm(channels)

    def __call__(self, x: jax.Array) -> jax.Array:
        return nnx.relu(self.norm(self.layer(reflected(doubled(x), 1))))


class Translator(Encoder):
    """Images ``[B, H, W, C]`` to images of the same shape, whose sides are multiples of 4 of at least 16 pixels."""

    def __init__(self, channels: int, base_channels: int, blocks: int, *, bounded: bool, init: Init, rngs: nnx.Rngs):
        super().__init__(channels, base_channels, blocks, bounded=bounded, init=init, rngs=rngs)
        widest = self.widths[-1]
        self.attention = ActivationMaps(widest, init=init, rngs=rngs)
        self.style = Style(widest, init=init, rngs=rngs)
        self.styled = nnx.List([StyledBlock(widest, init=init, rngs=rngs) for _ in range(blocks)])
        ups = itertools.pairwise(self.widths[::-1])
        self.up = nnx.List([Doubling(i, o, init=init, rngs=rngs) for i, o in ups])
        self.last = Convolution(base_channels, channels, size=7, init=init, bias=False, rngs=rngs)

    def attended(self, x: jax.Array) -> Attended:
        """Return the translations of images ``[B, H, W, C]``, and where the translator looks."""
        x, logits = self.attention(self.encoded(x)[-1])
        x = nnx.relu(x)
        heat = jnp.sum(x, axis=-1)
        style = self.style(x)
        for block in self.styled:
            x = rematerialized(StyledBlock.__call__, block, (x, *style))
        for layer in self.up:
            x = rematerialized(Doubling.__call__, layer, x)
        return Attended(shown(self.last, x, bounded=self.bounded), logits, heat)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.attended(x).images


class AttentivePatches(nnx.Module):
    """Images ``[B, H, W, C]`` to logits of patches ``[B, P]``, to those of images ``[B, 2]``, and to its last maps."""

    def __init__(self, channels: int, base_channels: int, strided: int, *, init: Init, rngs: nnx.Rngs):
        widths = [channels, *(base_channels * 2**place for place in range(strided + 1))]
        self.layers = nnx.List(
            [
                Convolution(i, o, size=4, stride=2 if place < strided else 1, init=init, rngs=rngs)
                for place, (i, o) in enumerate(itertools.pairwise(widths))
            ]
        )
        self.attention = ActivationMaps(widths[-1], init=init, rngs=rngs)
        self.logit = Convolution(widths[-1], 1, size=4, init=init, bias=False, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        for layer in self.layers:
            x = rematerialized(_leaky, layer, x)
        x, logits = self.attention(x)
        x = nnx.leaky_relu(x, SLOPE)
        return self.logit(reflected(x, 1)).reshape(len(x), -1), logits, x


class Discriminator(nnx.Module):
    """Images ``[B, H, W, C]`` to logits of large patches ``[B, P]``; high means real. The features are its last maps.

    Beside them are the logits of images that it tells by the same maps ``[B, 2]``, and both of a second one that looks
    at small patches, which share nothing.
    """

    def __init__(
        self,
        channels: int,
        base_channels: int,
        strided: tuple[int, int],
        *,
        bounded: bool,
        init: Init,
        rngs: nnx.Rngs,
    ):
        self.whole, self.local = (
            AttentivePatches(channels, base_channels, count, init=init, rngs=rngs) for count in strided
        )
        self.bounded = bounded

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> SeveralOutput:
        del key  # it has no dropout
        x = 2.0 * x - 1.0 if self.bounded else x
        outputs, logits, maps = self.whole(x)
        local, local_logits, _ = self.local(x)
        return SeveralOutput(outputs, maps.reshape(len(x), -1), (logits, local, local_logits))


def _leaky(layer: Convolution, x: jax.Array) -> jax.Array:
    return nnx.leaky_relu(layer(reflected(x, 1)), SLOPE)


def translator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Translator:
    """Build the translator as configured, for images of the channels of ``data_shape``.

    Raises:
        UsageError: the examples are no images of sides that are multiples of 4, at least 16.
    """
    del data_mean
    check_images(config, data_shape, MULTIPLE, SMALLEST)
    init = uniform_init(config.generator_init_range, INIT)
    return Translator(data_shape[-1], config.base_channels, config.blocks, bounded=bounded, init=init, rngs=rngs)


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build both discriminators of a domain as configured, for images of ``data_shape``.

    The local one has the strided layers of ``--patch-layers``, the global one two more, as far as images allow.

    Raises:
        UsageError: the examples are no images, or too small for so many strided layers.
    """
    del data_mean
    check_images(config, data_shape, 1, 1)
    local = strided_layers(config, data_shape)
    most = min(data_shape[:2]).bit_length() - 3  # of the last maps, before the kernels of 4 pixels, 4 are left
    init = uniform_init(config.discriminator_init_range, INIT)
    return Discriminator(
        data_shape[-1],
        config.base_channels,
        (min(local + FARTHER, most), local),
        bounded=bounded,
        init=init,
        rngs=rngs,
    )
