"""Normalization of single images between that of layers and that of instances (Kim et al. 2020, §3.1.1)."""

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.layers.parts import NORM_EPSILON

ADAPTIVE_RHO = 0.9  # at the start, in the authors' code; that of the other one is 0


def layer_instance_normalized(x: jax.Array, rho: jax.Array) -> jax.Array:
    """Return ``ρ`` times the instance-normalized plus ``1 - ρ`` times the layer-normalized maps ``[B, H, W, C]``.

    Instance normalization gives each channel of each image mean 0 and variance 1 (Ulyanov et al. 2016), layer
    normalization all channels of each image together (Ba et al. 2016). The statistics of the layer are made of those of
    its channels, so that maps are gone through no more often.

    Args:
        x: maps.
        rho: ρ ``[C]`` in [0, 1].
    """
    wide = x.astype(jnp.float32)  # sums over an image need more than the bits of bfloat16
    mean = jnp.mean(wide, axis=(1, 2), keepdims=True)
    centered = wide - mean
    variance = jnp.mean(centered**2, axis=(1, 2), keepdims=True)
    layer_mean = jnp.mean(mean, axis=-1, keepdims=True)
    layer_variance = jnp.mean(variance + (mean - layer_mean) ** 2, axis=-1, keepdims=True)
    share = rho.astype(jnp.float32)[None, None, None]
    instance = share * jax.lax.rsqrt(variance + NORM_EPSILON)
    layer = (1.0 - share) * jax.lax.rsqrt(layer_variance + NORM_EPSILON)
    return (centered * (instance + layer) + (mean - layer_mean) * layer).astype(x.dtype)


class LayerInstanceNorm(nnx.Module):
    """Normalize maps ``[B, H, W, C]`` with a learned ρ for each channel, then scale and shift: LIN."""

    def __init__(self, channels: int):
        self.rho = nnx.Param(jnp.zeros(channels))
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, x: jax.Array) -> jax.Array:
        scale, bias = (one[...][None, None, None] for one in (self.scale, self.bias))
        return layer_instance_normalized(x, self.rho[...]) * scale + bias


class AdaptiveLayerInstanceNorm(nnx.Module):
    """The same, scaled and shifted by ``[B, C]`` that the image decides: AdaLIN."""

    def __init__(self, channels: int):
        self.rho = nnx.Param(jnp.full(channels, ADAPTIVE_RHO))

    def __call__(self, x: jax.Array, scale: jax.Array, bias: jax.Array) -> jax.Array:
        return layer_instance_normalized(x, self.rho[...]) * scale[:, None, None] + bias[:, None, None]
