"""A convolution, its transpose and its kernel's gradient: three products of which each is the others' derivative.

For images ``x`` ``[B, H, W, C]``, maps ``y`` ``[B, h, w, O]`` and kernels ``k`` ``[K, K, C, O]``, the number
``<convolve(x, k), y> = <x, transpose(y, k)> = <k, correlate(x, y)>`` is linear in all three. So the derivatives of each
product, to any order, are the other two. Left to itself, XLA differentiates a transposed convolution, and a gradient,
into convolutions that a CPU computes an order of magnitude slower, and inside of a loop any gradient two orders
(docs/lab/performance.md): there its fast kernels serve only what is laid out as images, kernels and maps are.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.compute.mesh import added_up

LAYOUT = ("NHWC", "HWIO", "NHWC")
CACHED = 2**17  # numbers: 512 KiB, half of what a core's second cache holds
FEW = 16  # channels, that cost a kernel's gradient as much as more of them
DEEP = 4  # images, of which a kernel's gradient is gathered at least at a time: it is a product over images
NONE = (0, 0, 0)  # zeros before, behind and between images, or channels
Sides = Sequence[tuple[int, int]]  # for height and width: pixels before and behind


class Geometry(NamedTuple):
    """How a kernel moves over an image; of the image, since several sizes lead to maps of one size."""

    height: int  # of the image; pixels
    width: int
    size: int  # of the kernel
    stride: int
    padding: int  # pixels of zeros on each side of the image


def _slide(
    images: jax.Array, kernel: jax.Array, around: Sides, *, stride: int = 1, spread: int = 1, gaps: int = 1
) -> jax.Array:
    """Move a kernel over images that have zeros ``around``, pixels ``spread`` apart, and the kernel's with ``gaps``."""
    sides = images.shape[1:3]  # of a program for any size they are no numbers
    small = all(isinstance(side, int) for side in sides) and math.prod(sides) < math.prod(kernel.shape[:2])
    if small and jax.default_backend() == "cpu":  # where XLA would take the kernel for the image, which is slow
        zeros = [NONE, *((*side, spread - 1) for side in around), NONE]
        images = jax.lax.optimization_barrier(jax.lax.pad(images, jnp.zeros((), images.dtype), zeros))
        around, spread = [(0, 0)] * 2, 1
    return jax.lax.conv_general_dilated(
        images,
        kernel,
        (stride, stride),
        around,
        lhs_dilation=(spread, spread),
        rhs_dilation=(gaps, gaps),
        dimension_numbers=LAYOUT,
    )


def _convolve(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Return the maps ``[B, h, w, O]`` of images and a kernel."""
    return _slide(x, kernel, [(geometry.padding, geometry.padding)] * 2, stride=geometry.stride)


def _transpose(y: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Return the images ``[B, H, W, C]``: the sum of kernels, weighted by the pixels of maps, ``stride`` apart."""
    if jax.default_backend() != "cpu":  # whose libraries know the gradient of a convolution when they see it
        shape = (y.shape[0], geometry.height, geometry.width, kernel.shape[2])
        back = jax.linear_transpose(lambda x: _convolve(x, kernel, geometry), jax.ShapeDtypeStruct(shape, y.dtype))
        return back(y)[0]
    turned = kernel[::-1, ::-1]
    before = geometry.size - 1 - geometry.padding
    around = [
        (before, side + geometry.padding - 1 - (count - 1) * geometry.stride)
        for side, count in zip((geometry.height, geometry.width), y.shape[1:3], strict=True)
    ]
    return _slide(y, turned.swapaxes(2, 3), around, spread=geometry.stride)


def _correlate(x: jax.Array, y: jax.Array, geometry: Geometry) -> jax.Array:
    """Return the kernel ``[K, K, C, O]``: the sum over images of their patches times the pixels of maps."""
    if jax.default_backend() != "cpu":
        shape = (geometry.size, geometry.size, x.shape[-1], y.shape[-1])
        back = jax.linear_transpose(lambda kernel: _convolve(x, kernel, geometry), jax.ShapeDtypeStruct(shape, x.dtype))
        return back(y)[0]
    summed = added_up(partial(_correlate_own, geometry=geometry), x, y)
    return summed.astype(x.dtype)


def _correlate_own(x: jax.Array, y: jax.Array, geometry: Geometry) -> jax.Array:
    """Return what the images of one device add to the gradient: some images at a time, whose maps stay in a cache.

    For every few rows of the kernel all maps are gone through, at the cost of many channels whatever they have. So
    where they have few, images that are as large take their place: their pixels lie on the other side of the maps'.
    """
    run = partial(_correlate_part, geometry=geometry)
    alike = geometry.stride == 1 and 2 * geometry.padding == geometry.size - 1
    if alike and y.shape[-1] < FEW <= x.shape[-1]:
        return _sum_of_parts(run, _count_parts(x), y, x)[::-1, ::-1].swapaxes(2, 3)
    return _sum_of_parts(run, _count_parts(y), x, y)


def _sum_of_parts(run: Callable[..., Any], count: int, *arrays: jax.Array) -> Any:
    """Return ``run(*arrays)``, a sum over images or several of them, in float32 if by parts."""
    if count == 1:
        return run(*arrays)

    def add(total: Any, part: list[jax.Array]) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, run(*part)), None

    parts = [_in_parts(array, count) for array in arrays]
    sums = jax.eval_shape(run, *(part[0] for part in parts))
    return jax.lax.scan(add, jax.tree.map(lambda one: jnp.zeros(one.shape, jnp.float32), sums), parts)[0]


def _count_parts(images: jax.Array) -> int:
    """Return how many equal parts images come in, of ``DEEP`` images at least, for each to stay in a cache."""
    rows = len(images)
    counts = [count for count in range(1, rows // DEEP + 1) if rows % count == 0] or [1]
    return next((count for count in counts if images.size // count <= CACHED), counts[-1])


def _in_parts(images: jax.Array, count: int) -> jax.Array:
    return images.reshape(count, -1, *images.shape[1:])


def _correlate_part(x: jax.Array, y: jax.Array, geometry: Geometry) -> jax.Array:
    around = [
        (geometry.padding, (count - 1) * geometry.stride + geometry.size - side - geometry.padding)
        for side, count in zip(x.shape[1:3], y.shape[1:3], strict=True)
    ]
    # Channels as if they were images, images as if they were channels, and maps as a kernel with gaps.
    found = _slide(x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3), around, gaps=geometry.stride)
    return found.transpose(1, 2, 0, 3)


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
    """A kernel ``[size, size, in_channels, channels]`` that moves, and by default a bias for each channel."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        size: int,
        stride: int = 1,
        padding: int = 0,
        init: jax.nn.initializers.Initializer,
        bias: bool = True,
        rngs: nnx.Rngs,
    ):
        self.kernel = nnx.Param(init(rngs.params(), (size, size, in_channels, channels), jnp.float32))
        self.bias = nnx.Param(jnp.zeros(channels)) if bias else None
        self.size, self.stride, self.padding = size, stride, padding

    def _geometry(self, height: int, width: int) -> Geometry:
        return Geometry(height, width, self.size, self.stride, self.padding)

    def _biased(self, x: jax.Array) -> jax.Array:
        return x if self.bias is None else x + self.bias[None, None, None]


class Convolution(_Layer):
    """``[B, H, W, in_channels]`` to ``[B, h, w, channels]``, ``h = (H + 2 padding - size) // stride + 1``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return self._biased(convolve(x, self.kernel[...], self._geometry(*x.shape[1:3])))


class TransposedConvolution(_Layer):
    """``[B, h, w, in_channels]`` to ``[B, H, W, channels]``, ``H = (h - 1) stride + size - 2 padding``.

    Every input pixel adds its multiple of the kernel to the output, ``stride`` pixels apart, of which ``padding``
    pixels are cut off on each side: "deconvolution" in Goodfellow et al. 2014.
    """

    def __call__(self, y: jax.Array) -> jax.Array:
        height, width = ((side - 1) * self.stride + self.size - 2 * self.padding for side in y.shape[1:3])
        kernel = self.kernel[...].swapaxes(2, 3)
        return self._biased(transpose(y, kernel, self._geometry(height, width)))
