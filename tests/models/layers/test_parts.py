"""Layers against loops in NumPy and against XLA's own operations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.models.layers.parts import (
    MaxoutConvolution,
    max_pool,
    per_layer,
    pooled_length,
)


def uniform(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, shape), jnp.float32)


@pytest.mark.parametrize(("length", "size", "stride"), [(33, 4, 2), (15, 4, 2), (9, 2, 2), (5, 5, 1), (3, 4, 2)])
def test_pooling_covers_the_whole_image(length, size, stride):
    x = uniform(2, length, length, 3)
    starts = range(0, pooled_length(length, size, stride) * stride, stride)
    expected = np.stack(
        [
            np.stack([x[:, top : top + size, left : left + size].max(axis=(1, 2)) for left in starts], axis=1)
            for top in starts
        ],
        axis=1,
    )
    assert starts[-1] + size >= length
    np.testing.assert_array_equal(max_pool(x, size, stride), expected)


def test_the_gradient_of_pooling_goes_to_the_largest():
    x = uniform(1, 4, 4, 1)
    gradient = jax.grad(lambda x: max_pool(x, 2, 2).sum())(x)
    assert int((gradient == 1).sum()) == 4
    assert float((gradient * x).sum()) == pytest.approx(float(max_pool(x, 2, 2).sum()))


@pytest.mark.parametrize(("size", "padding"), [(3, 1), (3, 0), (3, 2), (4, 3), (1, 0), (5, 7)])
def test_a_maxout_convolution_is_the_largest_of_its_pieces(size, padding):
    layer = MaxoutConvolution(3, 4, 2, size=size, padding=padding, rngs=nnx.Rngs(0))
    x = uniform(2, 6, 6, 3)
    kernel = layer.convolution.kernel[...]
    pieces = [
        jax.lax.conv_general_dilated(
            x, part, (1, 1), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        for part in (kernel[..., :4], kernel[..., 4:])
    ]
    np.testing.assert_allclose(layer(x), jnp.maximum(*pieces), atol=1e-6)


def test_one_value_is_that_of_all_layers():
    assert per_layer((0.5,), 3, "--x") == (0.5, 0.5, 0.5)
    assert per_layer((1, 2), 2, "--x") == (1, 2)
    with pytest.raises(UsageError, match=r"^--x must have one value, or 3, one for each layer, got 2\.$"):
        per_layer((1, 2), 3, "--x")
