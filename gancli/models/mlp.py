"""The fully connected networks of Goodfellow et al. 2014 (§5 and their published configuration).

A rectifier generator and a maxout discriminator with dropout. Samples and data have any shape ``[B, *data_shape]``:
images ``(H, W, C)`` in [0, 1] or points ``(D,)`` anywhere.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig

Shape = tuple[int, ...]


def uniform_init(half_range: float | None) -> jax.nn.initializers.Initializer:
    """Return an initialiser on ±``half_range``, or He's uniform one (variance 2 / fan-in) when that is None."""
    if half_range is None:
        return nnx.initializers.he_uniform()

    def init(key: jax.Array, shape: Any, dtype: Any = jnp.float32, out_sharding: Any = None) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -half_range, half_range)

    return init


def dropout(x: jax.Array, rate: float, key: jax.Array) -> jax.Array:
    """Set each component of ``x`` to zero with probability ``rate`` and scale the rest to keep the mean.

    Eight random bits a component are cheaper than a float and a comparison; the rate is rounded to 1/256 and the
    scale uses the rounded one, so the mean is kept exactly (Srivastava et al. 2014, inverted form).
    """
    kept_of_256 = round((1.0 - rate) * 256)
    keep = jax.random.bits(key, x.shape, jnp.uint8) < jnp.uint8(kept_of_256)
    return jnp.where(keep, x * (256 / kept_of_256), 0.0)


class Maxout(nnx.Module):
    """``[B, in_features]`` to ``[B, units]``: each the largest of ``pieces`` linear functions (Goodfellow et al. 2013).

    The pieces lie beside each other, not the units: on a CPU the gradient of a maximum over neighbouring numbers is
    several times slower.
    """

    def __init__(self, in_features: int, units: int, pieces: int, init_range: float | None = None, *, rngs: nnx.Rngs):
        self.linear = nnx.Linear(in_features, units * pieces, kernel_init=uniform_init(init_range), rngs=rngs)
        self.units = units
        self.pieces = pieces

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.linear(x).reshape(-1, self.pieces, self.units).max(axis=1)


class Generator(nnx.Module):
    """Latents ``[B, latent_size]`` to samples ``[B, *data_shape]``: ReLU layers, then a sigmoid or a linear one.

    With ``bounded`` the output is a sigmoid in (0, 1) whose bias starts at the logit of ``data_mean`` (the mean
    training pixel, ``data_shape``), so that the first samples look like the average image; else it is linear and the
    bias starts at ``data_mean``.
    """

    def __init__(
        self,
        latent_size: int,
        data_shape: Shape,
        widths: Shape,
        data_mean: np.ndarray,
        *,
        bounded: bool,
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        sizes = (latent_size, *widths)
        init = uniform_init(init_range)
        self.hidden = nnx.List(
            [nnx.Linear(i, o, kernel_init=init, rngs=rngs) for i, o in zip(sizes, widths, strict=False)]
        )
        self.output = nnx.Linear(sizes[-1], math.prod(data_shape), kernel_init=init, rngs=rngs)
        start = data_mean.reshape(-1).astype(np.float32)
        if bounded:
            start = np.clip(start, 1e-3, 1 - 1e-3)  # pixels that are always 0 have no finite logit
            start = np.log(start) - np.log1p(-start)
        self.output.bias = nnx.Param(jnp.asarray(start))
        self.data_shape = data_shape
        self.bounded = bounded

    def __call__(self, z: jax.Array) -> jax.Array:
        for layer in self.hidden:
            z = nnx.relu(layer(z))
        x = self.output(z)
        x = nnx.sigmoid(x) if self.bounded else x
        return x.reshape(-1, *self.data_shape)


class Discriminator(nnx.Module):
    """Data or samples ``[B, *data_shape]`` to logits ``[B]``; high means real. Maxout layers, dropout before each.

    With a key, inputs are dropped at ``input_dropout`` and hidden units at ``hidden_dropout``; without one (scoring,
    plotting) nothing is dropped.
    """

    def __init__(
        self,
        data_shape: Shape,
        widths: Shape,
        pieces: int,
        *,
        input_dropout: float,
        hidden_dropout: float,
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        sizes = (math.prod(data_shape), *widths)
        self.hidden = nnx.List(
            [Maxout(i, o, pieces, init_range, rngs=rngs) for i, o in zip(sizes, widths, strict=False)]
        )
        self.logit = nnx.Linear(sizes[-1], 1, kernel_init=uniform_init(init_range), rngs=rngs)
        self.rates = (input_dropout,) + (hidden_dropout,) * len(widths)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> jax.Array:
        x = x.reshape(x.shape[0], -1)
        for index, (layer, rate) in enumerate(zip((*self.hidden, self.logit), self.rates, strict=True)):
            if key is not None and rate > 0:
                x = dropout(x, rate, jax.random.fold_in(key, index))
            x = layer(x)
        return x[:, 0]


def networks(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> tuple[Generator, Discriminator]:
    """Build both networks as configured, for examples of ``data_shape``."""
    generator = Generator(
        config.latent_size,
        data_shape,
        config.generator_widths,
        data_mean,
        bounded=bounded,
        init_range=config.generator_init_range,
        rngs=rngs,
    )
    discriminator = Discriminator(
        data_shape,
        config.discriminator_widths,
        config.maxout_pieces,
        input_dropout=config.input_dropout,
        hidden_dropout=config.hidden_dropout,
        init_range=config.discriminator_init_range,
        rngs=rngs,
    )
    return generator, discriminator
