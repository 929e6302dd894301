"""A model of your own: ``gancli train ring --model examples/my_models.py:residual``."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.models.layers.parts import DiscriminatorOutput

WIDTH = 128


class Residual(nnx.Module):
    """Vectors ``[B, inputs]`` to ``[B, outputs]``: two hidden layers, the second added to the first."""

    def __init__(self, inputs: int, outputs: int, *, rngs: nnx.Rngs):
        self.first = nnx.Linear(inputs, WIDTH, rngs=rngs)
        self.second = nnx.Linear(WIDTH, WIDTH, rngs=rngs)
        self.last = nnx.Linear(WIDTH, outputs, rngs=rngs)

    def features(self, x: jax.Array) -> jax.Array:
        """Return the hidden units ``[B, WIDTH]``."""
        h = nnx.silu(self.first(x))
        return h + nnx.silu(self.second(h))

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.last(self.features(x))


class Generator(nnx.Module):
    """Latents ``[B, Z]`` to examples ``[B, *data_shape]``, in [0, 1] where they are bounded."""

    def __init__(self, latent_size: int, data_shape: tuple[int, ...], *, bounded: bool, rngs: nnx.Rngs):
        self.network = Residual(latent_size, math.prod(data_shape), rngs=rngs)
        self.data_shape, self.bounded = data_shape, bounded

    def __call__(self, z: jax.Array) -> jax.Array:
        x = self.network(z).reshape(-1, *self.data_shape)
        return 0.5 * (jnp.tanh(x) + 1.0) if self.bounded else x


class Discriminator(nnx.Module):
    """Examples ``[B, *data_shape]`` to outputs ``[B]``, of which higher means more real, and features."""

    def __init__(self, data_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.network = Residual(math.prod(data_shape), 1, rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        del key  # of dropout, which this network has none of
        features = self.network.features(x.reshape(len(x), -1))
        return DiscriminatorOutput(self.network.last(features)[:, 0], features)


# Builders take the configuration, the shape of one example, whether values lie in [0, 1], the mean example, and the
# source of random numbers.
def generator(
    config: TrainConfig, data_shape: tuple[int, ...], bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Generator:
    """Build the generator."""
    del data_mean
    return Generator(config.latent_size, data_shape, bounded=bounded, rngs=rngs)


def discriminator(
    config: TrainConfig, data_shape: tuple[int, ...], bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build the discriminator."""
    del config, bounded, data_mean
    return Discriminator(data_shape, rngs=rngs)


# A pair of builders is enough. A gancli.models.catalog.Architecture also says whether the networks convolve.
residual = (generator, discriminator)
