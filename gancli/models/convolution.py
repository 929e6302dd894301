"""A convolution, its transpose and its kernel's gradient: three products of which each is the others' derivative.

For images ``x`` ``[B, H, W, C]``, maps ``y`` ``[B, h, w, O]`` and kernels ``k`` ``[K, K, C, O]``, the number
``<convolve(x, k), y> = <x, transpose(y, k)> = <k, correlate(x, y)>`` is linear in all three. So the derivatives of each
product, to any order, are the other two. Left to itself, XLA differentiates a transposed convolution, and a gradient,
into convolutions that a CPU computes an order of magnitude slower (docs/PERFORMANCE.md).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

LAYOUT = ("NHWC", "HWIO", "NHWC")


class Geometry(NamedTuple):
    """How a kernel moves over an image; of the image, since several sizes lead to maps of one size."""

    height: int  # of the image; pixels
    width: int
    size: int  # of the kernel
    stride: int
    padding: int  # pixels of zeros on each side of the image


def _convolve(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Return the maps ``[B, h, w, O]`` of images and a kernel."""
    around = (geometry.padding, geometry.padding)
    stride = (geometry.stride, geometry.stride)
    return jax.lax.conv_general_dilated(x, kernel, stride, (around, around), dimension_numbers=LAYOUT)


def _transpose(y: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Return the images ``[B, H, W, C]``: the sum of kernels, weighted by the pixels of maps, ``stride`` apart."""
    shape = (y.shape[0], geometry.height, geometry.width, kernel.shape[2])
    back = jax.linear_transpose(lambda x: _convolve(x, kernel, geometry), jax.ShapeDtypeStruct(shape, y.dtype))
    return back(y)[0]


def _correlate(x: jax.Array, y: jax.Array, geometry: Geometry) -> jax.Array:
    """Return the kernel ``[K, K, C, O]``: the sum over images of their patches times the pixels of maps."""
    shape = (geometry.size, geometry.size, x.shape[-1], y.shape[-1])
    back = jax.linear_transpose(lambda kernel: _convolve(x, kernel, geometry), jax.ShapeDtypeStruct(shape, x.dtype))
    return back(y)[0]


convolve = jax.custom_vjp(_convolve, nondiff_argnums=(2,))
transpose = jax.custom_vjp(_transpose, nondiff_argnums=(2,))
correlate = jax.custom_vjp(_correlate, nondiff_argnums=(2,))
convolve.defvjp(
    lambda x, kernel, geometry: (convolve(x, kernel, geometry), (x, kernel)),
    lambda geometry, kept, y: (transpose(y, kept[1], geometry), correlate(kept[0], y, geometry)),
)
transpose.defvjp(
    lambda y, kernel, geometry: (transpose(y, kernel, geometry), (y, kernel)),
    lambda geometry, kept, x: (convolve(x, kept[1], geometry), correlate(x, kept[0], geometry)),
)
correlate.defvjp(
    lambda x, y, geometry: (correlate(x, y, geometry), (x, y)),
    lambda geometry, kept, kernel: (transpose(kept[1], kernel, geometry), convolve(kept[0], kernel, geometry)),
)


class _Layer(nnx.Module):
    """A kernel ``[size, size, in_channels, channels]`` that moves, and a bias for each channel."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        size: int,
        stride: int = 1,
        padding: int = 0,
        init: jax.nn.initializers.Initializer,
        rngs: nnx.Rngs,
    ):
        self.kernel = nnx.Param(init(rngs.params(), (size, size, in_channels, channels), jnp.float32))
        self.bias = nnx.Param(jnp.zeros(channels))
        self.size, self.stride, self.padding = size, stride, padding

    def _geometry(self, height: int, width: int) -> Geometry:
        return Geometry(height, width, self.size, self.stride, self.padding)


class Convolution(_Layer):
    """``[B, H, W, in_channels]`` to ``[B, h, w, channels]``, ``h = (H + 2 padding - size) // stride + 1``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return convolve(x, self.kernel[...], self._geometry(*x.shape[1:3])) + self.bias[None, None, None]


class TransposedConvolution(_Layer):
    """``[B, h, w, in_channels]`` to ``[B, H, W, channels]``, ``H = (h - 1) stride + size - 2 padding``.

    Every input pixel adds its multiple of the kernel to the output, ``stride`` pixels apart, of which ``padding``
    pixels are cut off on each side: "deconvolution" in Goodfellow et al. 2014.
    """

    def __call__(self, y: jax.Array) -> jax.Array:
        height, width = ((side - 1) * self.stride + self.size - 2 * self.padding for side in y.shape[1:3])
        kernel = self.kernel[...].swapaxes(2, 3)
        return transpose(y, kernel, self._geometry(height, width)) + self.bias[None, None, None]
