"""Latents from a mixture of Gaussians that the generator learns (Gurumurthy et al. 2017, DeLiGAN)."""

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.layers.parts import Normalized

REACH, WIDTH = 1.0, 0.2  # of means on both sides of zero, and of widths, at the start (the authors' code)


class MixtureGenerator(nnx.Module):
    """Noise and a component side by side, ``[B, Z + N]``, to samples ``[B, *data_shape]``.

    The network inside starts from ``z = μ_i + σ_i ε``, where ε is the noise and i the component, one-hot (Gurumurthy
    et al. 2017, §3, equation 2). Means and widths ``[N, Z]`` are learned with the rest of the generator.
    """

    def __init__(self, inside: nnx.Module, latent_size: int, components: int, *, rngs: nnx.Rngs):
        self.inside = inside
        shape = (components, latent_size)
        self.means = nnx.Param(jax.random.uniform(rngs.params(), shape, minval=-REACH, maxval=REACH))
        self.widths = nnx.Param(jnp.full(shape, WIDTH))
        self.latent_size = latent_size

    def __call__(self, inputs: jax.Array, *standing: list[jax.Array]) -> jax.Array:
        return self.inside(self._mixed(inputs), *standing)

    def statistics(self, inputs: jax.Array) -> list[jax.Array]:
        """Return the statistics of the network inside; of one without batch normalization there are none."""
        return self.inside.statistics(self._mixed(inputs)) if isinstance(self.inside, Normalized) else []

    def _mixed(self, inputs: jax.Array) -> jax.Array:
        noise, component = jnp.split(inputs, [self.latent_size], axis=1)
        return component @ self.means[...] + (component @ self.widths[...]) * noise
