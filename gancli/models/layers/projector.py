"""Networks that bring features of several layers to vectors that can be compared (Park et al. 2020, §3.2)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.layers.parts import Init

WIDTH = 256  # of both layers, and of the vectors
EPSILON = 1e-6  # beside a squared length, which may be 0


class Projector(nnx.Module):
    """Features ``[B, S, C_l]`` of several layers to vectors ``[B, S, 256]`` of length 1, by two dense layers each."""

    def __init__(self, channels: Sequence[int], *, init: Init, rngs: nnx.Rngs):
        self.heads = nnx.List(
            [
                nnx.List([nnx.Linear(i, WIDTH, kernel_init=init, rngs=rngs) for i in (count, WIDTH)])
                for count in channels
            ]
        )

    def __call__(self, features: Sequence[jax.Array]) -> tuple[jax.Array, ...]:
        found = []
        for (first, second), x in zip(self.heads, features, strict=True):
            x = second(nnx.relu(first(x)))
            found.append(x * jax.lax.rsqrt(jnp.sum(x**2, axis=-1, keepdims=True) + EPSILON))
        return tuple(found)
