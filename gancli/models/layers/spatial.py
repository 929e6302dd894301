"""Layers of networks from images to images, ``[B, H, W, C]``."""

import jax
import jax.numpy as jnp

from gancli.models.layers.parts import NORM_EPSILON


def reflected(x: jax.Array, pixels: int) -> jax.Array:
    """Return images with this many pixels more on each side, mirrored at the outermost one, which stands once."""
    return jnp.pad(x, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")


def instance_normalized(x: jax.Array) -> jax.Array:
    """Return every channel of every image with mean 0 and variance 1 (Ulyanov et al. 2016), without scale and shift."""
    wide = x.astype(jnp.float32)  # sums over an image need more than the bits of bfloat16
    centered = wide - jnp.mean(wide, axis=(1, 2), keepdims=True)
    variance = jnp.mean(centered**2, axis=(1, 2), keepdims=True)
    return (centered * jax.lax.rsqrt(variance + NORM_EPSILON)).astype(x.dtype)


def doubled(x: jax.Array) -> jax.Array:
    """Return ``[B, 2 H, 2 W, C]``: every pixel of ``[B, H, W, C]`` four times."""
    batch, height, width, channels = x.shape
    wide = jnp.broadcast_to(x[:, :, None, :, None], (batch, height, 2, width, 2, channels))
    return wide.reshape(batch, 2 * height, 2 * width, channels)


def halved(x: jax.Array) -> jax.Array:
    """Return ``[B, H / 2, W / 2, C]``: the means of 2 x 2 pixels."""
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
