"""Convolutions against loops in NumPy and against XLA's own derivatives."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.compute import convolution
from gancli.compute.convolution import (
    LAYOUT,
    Convolution,
    Geometry,
    TransposedConvolution,
    convolve,
    correlate,
    transpose,
)

GEOMETRIES = [
    Geometry(8, 6, 4, 2, 1),
    Geometry(9, 7, 3, 1, 1),
    Geometry(32, 32, 5, 3, 0),
    Geometry(9, 10, 4, 3, 1),  # of which the last row belongs to no patch
    Geometry(5, 5, 1, 1, 0),
    Geometry(4, 5, 5, 1, 4),  # maps larger than images
    Geometry(2, 3, 4, 2, 1),  # kernels larger than both
]
SMALL = [Geometry(4, 4, 4, 2, 1), Geometry(2, 2, 3, 1, 1), Geometry(4, 4, 5, 1, 2), Geometry(1, 2, 3, 1, 1)]


def uniform(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, shape), jnp.float32)


def sides(geometry):
    return [
        (side + 2 * geometry.padding - geometry.size) // geometry.stride + 1
        for side in (geometry.height, geometry.width)
    ]


def operands(geometry):
    x = uniform(2, geometry.height, geometry.width, 3)
    kernel = uniform(geometry.size, geometry.size, 3, 5, seed=1)
    return x, kernel, uniform(2, *sides(geometry), 5, seed=2)


def plain(x, kernel, geometry):
    """XLA's own, which it differentiates itself."""
    around, stride = [(geometry.padding, geometry.padding)] * 2, (geometry.stride, geometry.stride)
    return jax.lax.conv_general_dilated(x, kernel, stride, around, dimension_numbers=LAYOUT)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_convolution_is_a_sum_over_patches(geometry):
    x, kernel, y = operands(geometry)
    padding, size, stride = geometry.padding, geometry.size, geometry.stride
    padded = np.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    expected = np.zeros(y.shape)
    for row, column in np.ndindex(*y.shape[1:3]):
        patch = padded[:, row * stride : row * stride + size, column * stride : column * stride + size]
        expected[:, row, column] = np.einsum("buvc,uvco->bo", patch, kernel)
    np.testing.assert_allclose(convolve(x, kernel, geometry), expected, atol=1e-5)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_three_products_are_one_number(geometry):
    x, kernel, y = operands(geometry)
    number = float(jnp.vdot(convolve(x, kernel, geometry), y))
    assert float(jnp.vdot(x, transpose(y, kernel, geometry))) == pytest.approx(number, abs=1e-4)
    assert float(jnp.vdot(kernel, correlate(x, y, geometry))) == pytest.approx(number, abs=1e-4)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_a_gradient_part_by_part_is_that_of_all_images(dtype, monkeypatch):
    geometry, rng = Geometry(8, 8, 3, 1, 1), np.random.default_rng(0)
    x, y = (jnp.asarray(rng.integers(-2, 3, (12, 8, 8, channels)), dtype) for channels in (5, 3))  # sums are exact
    whole = correlate(x, y, geometry)
    lengths = []
    for images in (12, 6, 4, 3, 1):
        monkeypatch.setattr(convolution, "CACHED", images * 8 * 8 * 3)
        parts = jax.jit(lambda x, y: correlate(x, y, geometry))
        lengths += re.findall(r"length=(\d+)", str(parts.trace(x, y).jaxpr))
        np.testing.assert_array_equal(parts(x, y), whole)
        assert parts(x, y).dtype == dtype
    assert lengths == ["2", "3", "3", "3"]  # of four images at least


@pytest.mark.parametrize("geometry", [Geometry(8, 7, 3, 1, 1), Geometry(6, 6, 5, 1, 2), Geometry(4, 4, 1, 1, 0)])
def test_of_maps_with_few_channels_and_images_either_may_move(geometry, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = (
        jnp.asarray(rng.integers(-2, 3, (8, geometry.height, geometry.width, channels)), jnp.float32)
        for channels in (4, 2)
    )
    kernel = correlate(x, y, geometry)
    monkeypatch.setattr(convolution, "FEW", 3)
    turned = jax.jit(lambda x, y: correlate(x, y, geometry))
    assert " rev[" in str(turned.trace(x, y).jaxpr)
    np.testing.assert_array_equal(turned(x, y), kernel)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_derivatives_to_the_third_order_are_those_of_xla(geometry):
    x, kernel, _ = operands(geometry)

    def bent(product, x, kernel):
        return jnp.mean(jnp.tanh(product(x, kernel, geometry)))

    def slope(product, x, kernel):
        return jnp.sum(jax.grad(bent, argnums=1)(product, x, kernel) ** 2)

    def slope_of_slope(product, x, kernel):
        return jnp.sum(jax.grad(slope, argnums=2)(product, x, kernel) ** 2)

    for function in (bent, slope, slope_of_slope):
        ours, theirs = (jax.jit(jax.grad(function, argnums=(1, 2)), static_argnums=0) for _ in range(2))
        for found, expected in zip(ours(convolve, x, kernel), theirs(plain, x, kernel), strict=True):
            scale = float(jnp.abs(expected).max())
            np.testing.assert_allclose(found, expected, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(5, 3, 0), (4, 2, 1), (3, 3, 0), (2, 3, 0), (1, 1, 0), (7, 2, 2)]
)
def test_a_transposed_convolution_adds_a_kernel_for_every_pixel(size, stride, padding):
    layer = TransposedConvolution(
        5, 2, size=size, stride=stride, padding=padding, init=nnx.initializers.normal(1.0), rngs=nnx.Rngs(0)
    )
    x, kernel = uniform(2, 4, 3, 5), layer.kernel[...]
    expected = np.zeros((2, 3 * stride + size, 2 * stride + size, 2))
    for row, column in np.ndindex(4, 3):
        place = np.s_[:, row * stride : row * stride + size, column * stride : column * stride + size]
        expected[place] += np.einsum("bc,uvco->buvo", x[:, row, column], kernel)
    inside = slice(padding, -padding or None)
    np.testing.assert_allclose(layer(x), expected[:, inside, inside], atol=1e-5)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_products_are_the_same_on_an_accelerator(geometry, monkeypatch):
    x, kernel, y = operands(geometry)
    here = transpose(y, kernel, geometry), correlate(x, y, geometry)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    there = transpose(y, kernel, geometry), correlate(x, y, geometry)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("product", [convolve, transpose, correlate])
@pytest.mark.parametrize(
    "geometry", [Geometry(8, 8, 4, 2, 1), Geometry(9, 7, 3, 1, 1), Geometry(8, 8, 5, 1, 4), *SMALL]
)
def test_products_are_laid_out_for_the_fast_kernels_of_a_cpu(geometry, product):
    """XLA brings convolutions to this layout on its own, but not inside of loops, nor where images are small."""
    x, kernel, y = operands(geometry)
    one, other = {convolve: (x, kernel), transpose: (y, kernel), correlate: (x, y)}[product]

    @jax.jit
    def loop(one, other):
        first = product(one, other, geometry)
        return jax.lax.fori_loop(0, 3, lambda _, total: total + product(one + total.sum(), other, geometry), first)

    labels = re.findall(r"dim_labels=\w+->\w+", str(loop.lower(one, other).compile().as_text()))
    assert len(labels) > 1
    assert set(labels) == {"dim_labels=b01f_01io->b01f"}


def test_layers_add_a_bias():
    down = Convolution(2, 3, size=4, stride=2, padding=1, init=nnx.initializers.zeros, rngs=nnx.Rngs(0))
    up = TransposedConvolution(2, 3, size=4, stride=2, padding=1, init=nnx.initializers.zeros, rngs=nnx.Rngs(0))
    for layer, side in ((down, 2), (up, 8)):
        assert layer.bias is not None
        layer.bias[...] = jnp.array([1.0, 2.0, 3.0])
        found = layer(jnp.ones((1, 4, 4, 2)))
        np.testing.assert_array_equal(found, jnp.broadcast_to(jnp.array([1, 2, 3]), (1, side, side, 3)))
