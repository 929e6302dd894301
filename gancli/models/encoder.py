"""Networks of learned inference: an encoder from examples to latents, and a discriminator of pairs of both.

Of the dense family the encoder has hidden layers of its own, and pairs go through the family's discriminator. Of a
convolutional one, both begin with the convolutions of its discriminator.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.models.catalog import Architecture
from gancli.models.layers.parts import DiscriminatorOutput, drop, uniform_init
from gancli.models.mlp import Shape

SLOPE = 0.2  # of leaky rectifiers, below zero
PAIR_UNITS = 512  # of the layer that sees features of an image and its latents together
PAIR_LAYER = 2**31  # in the place of a layer's number, for dropout


class Encoding(NamedTuple):
    """What an encoder finds in a batch."""

    mean: jax.Array  # [B, Z]; of a deterministic encoder the latents
    log_variance: jax.Array | None  # [B, Z]; None: the encoder is deterministic
    features: jax.Array  # [B, F], of the last hidden layer


def _sphere(z: jax.Array) -> jax.Array:
    return z * (z.shape[1] ** 0.5 / jnp.maximum(jnp.linalg.norm(z, axis=1, keepdims=True), 1e-6))


# Where the latents of a prior lie: an encoder that answered from elsewhere would be told by that alone.
SUPPORTS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "uniform": lambda z: 3**0.5 * jnp.tanh(z),
    "gaussian": lambda z: z,
    "spherical": _sphere,
}


class DenseLayers(nnx.Module):
    """Examples ``[B, *data_shape]`` to features ``[B, widths[-1]]``: linear maps, each with a leaky rectifier."""

    def __init__(self, data_shape: Shape, widths: Shape, *, rngs: nnx.Rngs):
        sizes = (math.prod(data_shape), *widths)
        init = uniform_init(None)
        self.layers = nnx.List(
            [nnx.Linear(i, o, kernel_init=init, rngs=rngs) for i, o in zip(sizes, widths, strict=False)]
        )
        self.out_features = sizes[-1]

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x.reshape(len(x), -1)
        for layer in self.layers:
            x = nnx.leaky_relu(layer(x), SLOPE)
        return x


class Features(nnx.Module):
    """Images ``[B, H, W, C]`` to the features ``[B, F]`` of a discriminator; its output is not used."""

    def __init__(self, discriminator: nnx.Module, data_shape: Shape):
        self.discriminator = discriminator
        example = jax.ShapeDtypeStruct((1, *data_shape), jnp.float32)
        self.out_features = jax.eval_shape(lambda x: discriminator(x).features, example).shape[1]

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> jax.Array:
        return self.discriminator(x, key).features


class Encoder(nnx.Module):
    """Examples ``[B, *data_shape]`` to latents ``[B, latent_size]`` where those of the prior lie.

    A stochastic one has, beside the means, logarithms of variances (Dumoulin et al. 2017, §2.1); it starts at 0.
    """

    def __init__(
        self, hidden: DenseLayers | Features, latent_size: int, prior: str, *, stochastic: bool, rngs: nnx.Rngs
    ):
        self.hidden = hidden
        self.mean = nnx.Linear(hidden.out_features, latent_size, rngs=rngs)
        nothing = nnx.initializers.zeros
        self.log_variance = (
            nnx.Linear(hidden.out_features, latent_size, kernel_init=nothing, rngs=rngs) if stochastic else None
        )
        self.support = SUPPORTS[prior]

    def __call__(self, x: jax.Array) -> Encoding:
        features = self.hidden(x)
        log_variance = None if self.log_variance is None else self.log_variance(features)
        return Encoding(self.support(self.mean(features)), log_variance, features)


class PairDiscriminator(nnx.Module):
    """Images beside latents, flat, ``[B, P (H W C + Z)]``, to outputs ``[B]``; P pairs are scored at once.

    The features of the images, side by side by channel, and the latents go through one dense layer together.
    """

    def __init__(
        self, inside: Features, data_shape: Shape, latent_size: int, packing: int, *, dropout: float, rngs: nnx.Rngs
    ):
        self.inside = inside
        self.data_shape, self.latent_size, self.packing = data_shape, latent_size, packing
        self.dropout = dropout
        inputs = inside.out_features + packing * latent_size
        self.joint = nnx.Linear(inputs, PAIR_UNITS, kernel_init=uniform_init(None), rngs=rngs)
        self.logit = nnx.Linear(PAIR_UNITS, 1, rngs=rngs)

    def __call__(self, pairs: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        count = len(pairs)
        flat, latents = jnp.split(pairs.reshape(count, self.packing, -1), [math.prod(self.data_shape)], axis=2)
        images = flat.reshape(count, self.packing, *self.data_shape)
        features = self.inside(jnp.concatenate([images[:, place] for place in range(self.packing)], axis=-1), key)
        together = jnp.concatenate([features, latents.reshape(count, -1)], axis=1)
        hidden = nnx.leaky_relu(self.joint(drop(together, self.dropout, key, PAIR_LAYER)), SLOPE)
        return DiscriminatorOutput(self.logit(hidden)[:, 0], hidden)


def encoder(
    config: TrainConfig,
    family: Architecture | None,
    data_shape: Shape,
    bounded: bool,
    widths: Shape,
    *,
    stochastic: bool = False,
    rngs: nnx.Rngs,
) -> Encoder:
    """Build an encoder for examples of ``data_shape``; ``widths`` are its hidden units where it is dense.

    Raises:
        UsageError: the family's networks do not fit the data.
    """
    if family is not None and family.convolves:
        hidden = features(config, family, data_shape, bounded, rngs)
    else:
        hidden = DenseLayers(data_shape, widths, rngs=rngs)
    return Encoder(hidden, config.latent_size, config.prior, stochastic=stochastic, rngs=rngs)


def pair_discriminator(
    config: TrainConfig, family: Architecture, data_shape: Shape, bounded: bool, rngs: nnx.Rngs
) -> nnx.Module:
    """Build a discriminator of flat pairs ``[B, P (D + Z)]``, as many at once as ``config`` packs.

    Raises:
        UsageError: the family has none, or its networks do not fit the data.
    """
    packing = config.packing
    if family.convolves:
        *sides, channels = data_shape
        inside = features(config, family, (*sides, channels * packing), bounded, rngs)
        dropout = config.hidden_dropout[-1]
        return PairDiscriminator(inside, data_shape, config.latent_size, packing, dropout=dropout, rngs=rngs)
    size = packing * (math.prod(data_shape) + config.latent_size)
    return family.discriminator("scorer", config.model)(config, (size,), False, np.zeros(size), rngs)


def features(config: TrainConfig, family: Architecture, data_shape: Shape, bounded: bool, rngs: nnx.Rngs) -> Features:
    """Build what reads images of ``data_shape``: the convolutions of the family's discriminator.

    Raises:
        UsageError: the family has none, or its networks do not fit the data.
    """
    build = family.discriminator("scorer", config.model)
    return Features(build(config, data_shape, bounded, np.zeros(data_shape), rngs), data_shape)
