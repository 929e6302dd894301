"""The discriminator of a game without one."""

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.layers.parts import DiscriminatorOutput


class Nobody(nnx.Module):
    """The discriminator of a game without one: it has no weights and is undecided about everything."""

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        del key
        return DiscriminatorOutput(jnp.zeros(len(x)), jnp.zeros((len(x), 0)))


def nobody(*_: object) -> Nobody:
    """Build no discriminator."""
    return Nobody()
