"""Networks that complete examples: a generator that reads a question, and a discriminator of answers beside it.

Of the dense family the generator takes the question as it is, beside the latents. Of a convolutional one, the
convolutions of the family's discriminator read it first.
"""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.models.catalog import Architecture
from gancli.models.encoder import SLOPE, Features, features
from gancli.models.layers.parts import uniform_init
from gancli.models.mlp import Shape

READ_UNITS = 256  # of the layer that sums up what convolutions read of a question


class Reader(nnx.Module):
    """Questions ``[B, H W C + H W]``, images with hidden parts 0 and their masks, to features ``[B, READ_UNITS]``."""

    def __init__(self, inside: Features, data_shape: Shape, *, rngs: nnx.Rngs):
        self.inside = inside
        self.data_shape = data_shape
        self.summary = nnx.Linear(inside.out_features, READ_UNITS, kernel_init=uniform_init(None), rngs=rngs)

    def __call__(self, questions: jax.Array) -> jax.Array:
        x, observed = jnp.split(questions, [math.prod(self.data_shape)], axis=1)
        sides = self.data_shape[:-1]
        seen = jnp.concatenate([x.reshape(-1, *self.data_shape), observed.reshape(-1, *sides, 1)], axis=-1)
        return nnx.leaky_relu(self.summary(self.inside(seen)), SLOPE)


class CompletingGenerator(nnx.Module):
    """Latents and questions side by side, ``[B, Z + Q]``, to whole examples ``[B, *data_shape]``.

    The network inside maps latents and what is read of the questions, ``[B, Z + R]``.
    """

    def __init__(self, inside: nnx.Module, reader: Reader | None, latent_size: int):
        self.inside = inside
        self.reader = reader
        self.latent_size = latent_size

    def __call__(self, inputs: jax.Array) -> jax.Array:
        if self.reader is None:
            return self.inside(inputs)
        z, questions = jnp.split(inputs, [self.latent_size], axis=1)
        return self.inside(jnp.concatenate([z, self.reader(questions)], axis=1))


def completing_generator(
    config: TrainConfig,
    family: Architecture,
    data_shape: Shape,
    question_size: int,
    bounded: bool,
    data_mean: np.ndarray,
    rngs: nnx.Rngs,
) -> CompletingGenerator:
    """Build a generator of the family that takes questions of a size beside its latents.

    Raises:
        UsageError: the family's networks do not fit the data.
    """
    reader, read = None, question_size
    if family.convolves:
        *sides, channels = data_shape
        inside = features(config, family, (*sides, channels + 1), bounded, rngs)
        reader, read = Reader(inside, data_shape, rngs=rngs), READ_UNITS
    wider = replace(config, latent_size=config.latent_size + read)
    inner = family.drawing(config.model)(wider, data_shape, bounded, data_mean, rngs)
    return CompletingGenerator(inner, reader, config.latent_size)


def answers_discriminator(
    config: TrainConfig, family: Architecture, packed_shape: Shape, bounded: bool, rngs: nnx.Rngs
) -> nnx.Module:
    """Build a discriminator of answers and the mask of their question, ``[B, *packed_shape]``, side by side.

    Raises:
        UsageError: the family has none, or its networks do not fit the data.
    """
    return family.discriminator("scorer", config.model)(config, packed_shape, bounded, np.zeros(packed_shape), rngs)
