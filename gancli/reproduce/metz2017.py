"""The networks of Metz et al. 2017 for the ring of Gaussians, after their published code: two layers of tanh each."""

import itertools
import math

import jax
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.models.catalog import Architecture
from gancli.models.layers.parts import DiscriminatorOutput
from gancli.models.mlp import Shape

GAIN = 1.4  # of orthogonal initial weights


class Layers(nnx.Module):
    """``[B, inputs]`` to ``[B, widths[-1]]``: linear maps from orthogonal matrices, each with a tanh."""

    def __init__(self, inputs: int, widths: Shape, *, rngs: nnx.Rngs):
        init = nnx.initializers.orthogonal(GAIN)
        sizes = itertools.pairwise((inputs, *widths))
        self.layers = nnx.List([nnx.Linear(i, o, kernel_init=init, rngs=rngs) for i, o in sizes])

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in self.layers:
            x = nnx.tanh(layer(x))
        return x


class Generator(nnx.Module):
    """Latents ``[B, latent_size]`` to points ``[B, *data_shape]``."""

    def __init__(self, latent_size: int, widths: Shape, data_shape: Shape, *, rngs: nnx.Rngs):
        self.hidden = Layers(latent_size, widths, rngs=rngs)
        init = nnx.initializers.orthogonal(GAIN)
        self.output = nnx.Linear(widths[-1], math.prod(data_shape), kernel_init=init, rngs=rngs)
        self.data_shape = data_shape

    def __call__(self, z: jax.Array) -> jax.Array:
        return self.output(self.hidden(z)).reshape(-1, *self.data_shape)


class Discriminator(nnx.Module):
    """Points ``[B, *data_shape]`` to logits ``[B]``; high means real."""

    def __init__(self, widths: Shape, data_shape: Shape, *, rngs: nnx.Rngs):
        self.hidden = Layers(math.prod(data_shape), widths, rngs=rngs)
        self.logit = nnx.Linear(widths[-1], 1, kernel_init=nnx.initializers.orthogonal(GAIN), rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        del key  # nothing is random
        features = self.hidden(x.reshape(len(x), -1))
        return DiscriminatorOutput(self.logit(features)[:, 0], features)


def generator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Generator:
    """Build the generator, for points."""
    del bounded, data_mean
    return Generator(config.latent_size, config.generator_widths, data_shape, rngs=rngs)


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build the discriminator, for points."""
    del bounded, data_mean
    return Discriminator(config.discriminator_widths, data_shape, rngs=rngs)


NETWORKS = Architecture(generator, {"scorer": discriminator})
