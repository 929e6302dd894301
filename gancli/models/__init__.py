"""Network architectures, one file each, by the name used on the command line."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.errors import UsageError
from gancli.models import dcgan, maxout_conv, mlp, resnet
from gancli.models.layers.parts import DiscriminatorOutput
from gancli.registry import Registry

Builder = Callable[..., nnx.Module]  # (config, data_shape, bounded, data_mean, rngs) to a network


class Nobody(nnx.Module):
    """The discriminator of a game without one: it has no weights and is undecided about everything."""

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        del key
        return DiscriminatorOutput(jnp.zeros(len(x)), jnp.zeros((len(x), 0)))


def nobody(*_: object) -> Nobody:
    """Build no discriminator."""
    return Nobody()


@dataclass(frozen=True)
class Architecture:
    """A family of networks: a generator, and discriminators by what an objective may need one to be."""

    generator: Builder
    discriminators: dict[str, Builder]
    convolves: bool

    def discriminator(self, kind: str, name: str) -> Builder:
        """Return what builds a ``scorer``, an ``autoencoder`` or ``nobody``.

        Raises:
            UsageError: the family, called ``name``, has none of that kind.
        """
        if kind == "nobody":
            return nobody
        if kind not in self.discriminators:
            able = ", ".join(other for other, family in MODELS.items() if kind in family.discriminators)
            raise UsageError(f"--model {name} has no {kind} for a discriminator, which the loss needs. Use: {able}.")
        return self.discriminators[kind]


MODELS: Registry[Architecture] = Registry(
    "model",
    {
        "mlp": Architecture(
            mlp.generator, {"scorer": mlp.discriminator, "autoencoder": mlp.autoencoder}, convolves=False
        ),
        "maxout-conv": Architecture(maxout_conv.generator, {"scorer": maxout_conv.discriminator}, convolves=True),
        "dcgan": Architecture(dcgan.generator, {"scorer": dcgan.discriminator}, convolves=True),
        "resnet": Architecture(resnet.generator, {"scorer": resnet.discriminator}, convolves=True),
    },
)
