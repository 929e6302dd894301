"""Convolutions in tiles against the plain sums. Of small whole numbers both are exact."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli import winograd

SIDES = [(4, 4), (8, 6), (7, 5), (1, 1), (2, 3)]  # odd ones leave half a tile


def whole_numbers(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).integers(-4, 5, shape), jnp.float32)


def plain(x, kernel):
    """The sum over patches, in float64."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))  # [B, H, W, C, 3, 3]
    return np.einsum("bhwcuv,uvco->bhwo", patches, kernel)


@pytest.mark.parametrize("sides", SIDES)
def test_maps_in_tiles_are_sums_over_patches(sides):
    x, kernel = whole_numbers(2, *sides, 3), whole_numbers(3, 3, 3, 5, seed=1)
    np.testing.assert_array_equal(winograd.convolve(x, winograd.spread(kernel)), plain(x, kernel))


@pytest.mark.parametrize("sides", SIDES)
def test_along_the_other_channels_the_kernel_is_transposed(sides):
    y, kernel = whole_numbers(2, *sides, 5), whole_numbers(3, 3, 3, 5, seed=1)
    found = winograd.convolve(y, winograd.spread(kernel), 1)
    np.testing.assert_array_equal(found, plain(y, kernel.swapaxes(2, 3)))


@pytest.mark.parametrize("sides", SIDES)
def test_gathered_products_are_the_gradient_of_the_kernel(sides):
    x, y = whole_numbers(2, *sides, 3), whole_numbers(2, *sides, 5, seed=1)
    basis = np.eye(9 * 3 * 5).reshape(-1, 3, 3, 3, 5)
    expected = np.array([(plain(x, one) * y).sum() for one in basis]).reshape(3, 3, 3, 5)
    np.testing.assert_array_equal(winograd.gathered(winograd.correlate(x, y)), expected)


def test_it_rounds_no_worse_than_the_plain_sum():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(4, 16, 16, 64)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(3, 3, 64, 64)), jnp.float32)
    exact = plain(x, kernel)
    ours = winograd.convolve(x, winograd.spread(kernel))
    theirs = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    error, usual = (np.sqrt(np.mean((np.asarray(found) - exact) ** 2)) for found in (ours, theirs))
    assert error < 2 * usual
    assert error < 1e-6 * np.abs(exact).max()


def test_numbers_near_the_largest_of_float32_stay_finite():
    x = jnp.full((1, 4, 4, 2), 1e37)
    found = winograd.convolve(x, winograd.spread(jnp.full((3, 3, 2, 2), 0.01)))
    np.testing.assert_allclose(found[0, 1, 1], 1.8e36, rtol=1e-6)
