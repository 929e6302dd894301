"""Attention by class activation maps (Zhou et al. 2016; Kim et al. 2020, §3.1): where a network looks."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.layers.parts import Init


class Attended(NamedTuple):
    """What a translator with attention makes of images."""

    images: jax.Array  # [B, H, W, C], the translations
    logits: jax.Array  # [B, 2], "this is an image of the source": by the mean and by the maximum of maps
    heat: jax.Array  # [B, h, w], the attention; on no scale, higher is more


class ActivationMaps(nnx.Module):
    """Maps ``[B, h, w, C]`` to maps ``[B, h, w, C]``, and to the logits ``[B, 2]`` of what makes them important.

    A linear classifier of the maps' means and another one of their maxima each give a logit. Maps times the weights of
    either, side by side, are mixed to as many as there were. Weighing and mixing are one product, of which the matrix
    is made first.
    """

    def __init__(self, channels: int, *, init: Init, rngs: nnx.Rngs):
        self.means, self.maxima = (
            nnx.Linear(channels, 1, use_bias=False, kernel_init=init, rngs=rngs) for _ in range(2)
        )
        # Named otherwise than a kernel: spectral normalization leaves it as it is, as in the authors' code. The weights
        # of the classifiers make maps small, and something has to make them large again.
        self.mixing = nnx.Param(init(rngs.params(), (2 * channels, channels), jnp.float32))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        logits = [self.means(jnp.mean(x, axis=(1, 2))), self.maxima(jnp.max(x, axis=(1, 2)))]
        weights = jnp.concatenate([self.means.kernel[...], self.maxima.kernel[...]])
        first, second = jnp.split(weights * self.mixing[...], 2)
        return x @ (first + second) + self.bias[...][None, None, None], jnp.concatenate(logits, axis=1)
