"""The networks after Radford et al. 2016: their geometry, their normalization, and what does not fit."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.models.dcgan import discriminator, generator
from gancli.models.layers.parts import BatchNorm, BatchStats
from gancli.recipes.resolve import resolve

SMALL = dataclasses.replace(resolve("mnist", None, {"model": "dcgan"}), latent_size=6, base_channels=4)


def build(shape, bounded=True, **changes):
    config, rngs = dataclasses.replace(SMALL, **changes), nnx.Rngs(0)
    parts = (config, shape, bounded, np.zeros(shape), rngs)
    return generator(*parts), discriminator(*parts)


def latents(count):
    return jax.random.normal(jax.random.key(1), (count, 6))


@pytest.mark.parametrize(
    ("shape", "smallest", "channels"),
    [
        ((28, 28, 1), (7, 7), [4, 8]),
        ((32, 32, 3), (4, 4), [4, 8, 16]),
        ((8, 8, 1), (4, 4), [4]),
        ((12, 20, 4), (6, 10), [4]),
        ((64, 32, 3), (8, 4), [4, 8, 16]),
        ((256, 256, 3), (4, 4), [4, 8, 16, 32, 32, 32]),
    ],
)
def test_each_layer_doubles_or_halves(shape, smallest, channels):
    networks = nnx.eval_shape(lambda: build(shape))
    up, down = networks
    assert up.first == (*smallest, channels[-1])
    assert [layer.kernel.shape for layer in down.layers] == [
        (4, 4, i, o) for i, o in zip([shape[-1], *channels], channels, strict=False)
    ]
    assert [layer.kernel.shape for layer in up.layers] == [
        (4, 4, i, o) for i, o in zip(channels[::-1], [*channels[-2::-1], shape[-1]], strict=True)
    ]
    x = jax.eval_shape(lambda z: build(shape)[0](z), jnp.zeros((3, 6)))
    assert x.shape == (3, *shape)
    judged = jax.eval_shape(lambda x: build(shape)[1](x), x)
    assert judged.outputs.shape == (3,)
    assert judged.features.shape == (3, smallest[0] * smallest[1] * channels[-1])


def test_the_default_network_for_mnist_has_the_size_of_the_field():
    """Dense 7x7x128, then 64 maps, then the image; and its mirror."""
    config = resolve("mnist", None, {"model": "dcgan"})
    up = nnx.eval_shape(lambda: generator(config, (28, 28, 1), True, np.zeros(()), nnx.Rngs(0)))
    assert up.dense.kernel.shape == (128, 7 * 7 * 128)
    assert [layer.kernel.shape for layer in up.layers] == [(4, 4, 128, 64), (4, 4, 64, 1)]


def test_bounded_images_stay_in_the_unit_interval_and_others_do_not():
    z = latents(8)
    up, _ = build((8, 8, 1), generator_init_range=2.0)
    x = up(z)
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1
    free, _ = build((8, 8, 1), bounded=False, generator_init_range=2.0)
    np.testing.assert_allclose(0.5 * (jnp.tanh(free(z)) + 1), x, atol=1e-6)
    assert float(jnp.abs(free(z)).max()) > 1


def test_samples_are_independent_of_one_another_by_standing_statistics_alone():
    up, _ = build((8, 8, 1))
    standing = up.statistics(latents(50))
    together, alone = up(latents(5), standing), up(latents(5)[:1], standing)
    np.testing.assert_allclose(together[:1], alone, atol=1e-6)
    np.testing.assert_allclose(up(latents(50), standing), up(latents(50)), atol=1e-6)
    assert float(jnp.abs(up(latents(5))[:1] - up(latents(6))[:1]).max()) > 1e-4


def test_batch_norm_against_float64():
    layer = BatchNorm(3)
    layer.scale[...], layer.bias[...] = jnp.array([1.0, 2.0, 0.5]), jnp.array([0.0, -1.0, 3.0])
    x = np.random.default_rng(0).normal([0.0, 100.0, -3.0], [1.0, 5.0, 0.01], (8, 5, 4, 3))
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    ledger = BatchStats()
    found = layer(jnp.asarray(x, jnp.float32), ledger)
    (statistics,) = ledger.used
    expected = (x - mean) / np.sqrt(variance + 1e-5) * np.array([1.0, 2.0, 0.5]) + np.array([0.0, -1.0, 3.0])
    np.testing.assert_allclose(found, expected, atol=2e-4)
    np.testing.assert_allclose(statistics, [mean, variance], rtol=1e-4, atol=1e-6)


def test_batch_norm_of_a_constant_channel_is_its_bias():
    layer = BatchNorm(1)
    layer.bias[...] = jnp.array([0.25])
    ledger = BatchStats()
    found = layer(jnp.full((4, 1), 1e4), ledger)
    np.testing.assert_array_equal(found, 0.25)
    np.testing.assert_array_equal(ledger.used, [[[1e4], [0.0]]])
    slope = jax.grad(lambda x: layer(x, BatchStats()).sum())(jnp.full((4, 1), 1e4))
    assert np.isfinite(slope).all()


def test_dropout_needs_a_key():
    _, down = build((8, 8, 1), hidden_dropout=(0.5,), input_dropout=0.2)
    x = jax.random.uniform(jax.random.key(0), (2, 8, 8, 1))
    np.testing.assert_array_equal(down(x).outputs, down(x).outputs)
    assert not np.array_equal(down(x, jax.random.key(0)).outputs, down(x).outputs)


def test_the_discriminator_sees_black_and_white_alike():
    """Its first layer meets -1 and 1: an image and its negative differ in sign alone."""
    _, down = build((8, 8, 1))
    x = jax.random.uniform(jax.random.key(0), (2, 8, 8, 1))
    first = down.layers[0]
    np.testing.assert_allclose(first(2 * x - 1), -first(2 * (1 - x) - 1), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2,), "--model dcgan needs images, got examples of shape (2,)."),
        (
            (30, 32, 1),
            "--model dcgan needs images whose sides are multiples of 4 from 8 to 256 pixels, got 30x32. "
            "Nearest: 28x32 or 32x32.",
        ),
        (
            (4, 512, 3),
            "--model dcgan needs images whose sides are multiples of 4 from 8 to 256 pixels, got 4x512. "
            "Nearest: 8x256.",
        ),
        (
            (29, 31, 3),
            "--model dcgan needs images whose sides are multiples of 4 from 8 to 256 pixels, got 29x31. "
            "Nearest: 28x28 or 32x32.",
        ),
    ],
)
def test_other_sizes_are_refused_and_the_nearest_said(shape, message):
    with pytest.raises(UsageError) as error:
        build(shape)
    assert str(error.value) == message
