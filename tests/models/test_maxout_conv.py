"""The convolutional networks: their geometry as published, and what does not fit."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.models.maxout_conv import discriminator, generator
from gancli.recipes.resolve import resolve

SMALL = dataclasses.replace(
    resolve("cifar10", "goodfellow2014-cifar10-conv", {}),
    latent_size=4,
    generator_widths=(6, 300),
    conv_channels=(2, 3, 4),
    discriminator_widths=(5,),
)


def build(shape=(32, 32, 3), bounded=False, **changes):
    config, rngs = dataclasses.replace(SMALL, **changes), nnx.Rngs(0)
    parts = (config, shape, bounded, np.zeros(shape), rngs)
    return generator(*parts), discriminator(*parts)


def test_the_published_geometry():
    generator, discriminator = build()
    assert generator.side == 10
    assert generator.output.kernel.shape == (5, 5, 3, 3)
    x = generator(jnp.ones((2, 4)))
    assert x.shape == (2, 32, 32, 3)
    assert discriminator(x).outputs.shape == (2,)
    # 32 + 2*4 - 8 + 1 = 33, pooled 4 by 2 to 16; 16 + 2*3 - 8 + 1 = 15 to 7; 7 + 2*3 - 5 + 1 = 9 to 5
    assert discriminator.dense.hidden.layers[0].linear.kernel.shape == (5 * 5 * 4, 5 * 5)
    assert discriminator.rates == (0.2, 0.5, 0.5)
    assert (*discriminator.dense.hidden.rates, discriminator.dense.last_rate) == (0.5, 0.5)


def test_bounded_images_stay_in_the_unit_interval():
    generator, _ = build(bounded=True)
    x = generator(1e4 * jax.random.normal(jax.random.key(0), (20, 4)))
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1


def test_dropout_needs_a_key():
    _, discriminator = build()
    x = jax.random.normal(jax.random.key(0), (2, 32, 32, 3))
    np.testing.assert_array_equal(discriminator(x).outputs, discriminator(x).outputs)
    assert not np.array_equal(discriminator(x, jax.random.key(0)).outputs, discriminator(x).outputs)


@pytest.mark.parametrize(
    ("shape", "changes", "message"),
    [
        ((2,), {}, "--model maxout-conv needs square images, got examples of shape (2,)."),
        (
            (32, 32, 3),
            {"generator_widths": (6, 150)},
            "--generator-widths must end in a multiple of 10x10 = 100 for a transposed convolution of 5 with "
            "stride 3, got 150.",
        ),
        (
            (28, 28, 1),
            {},
            "--deconv-size 5 with --deconv-stride 3 makes no images 28 pixels high: height minus size must be a "
            "multiple of the stride.",
        ),
        ((32, 32, 3), {"conv_sizes": (8, 8)}, "--conv-sizes must have one value, or 3, one for each layer, got 2."),
        (
            (32, 32, 3),
            {"conv_sizes": (8, 30, 5)},
            "--conv-sizes: 30 does not fit 16 pixels with a margin of 3 each way.",
        ),
        ((32, 32, 3), {"pool_strides": (5,)}, "--pool-strides must be at most --pool-sizes, got 5 for 4."),
        (
            (32, 32, 3),
            {"conv_channels": ()},
            "--model maxout-conv needs --generator-widths and --conv-channels, at least one of each.",
        ),
    ],
)
def test_what_does_not_fit_is_said(shape, changes, message):
    with pytest.raises(UsageError) as error:
        build(shape, **changes)
    assert str(error.value) == message
