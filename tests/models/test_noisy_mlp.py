"""The dense networks with noise between layers: their first sums, their noise, what samples depend on."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.models.noisy_mlp import INIT, NOISE, RECTIFIED_MEAN, RECTIFIED_VARIANCE, Discriminator, Generator

SHAPE = (10, 10, 1)
NOISY = 0.3
MEAN = np.random.default_rng(0).uniform(0, 1, SHAPE)


def scorer() -> Discriminator:
    return Discriminator(SHAPE, (60, 50, 40), MEAN, bounded=True, input_noise=NOISY, init=INIT, rngs=nnx.Rngs(0))


def drawer(**options) -> Generator:
    return Generator(5, (20, 10), SHAPE, MEAN, bounded=True, init=INIT, rngs=nnx.Rngs(0), **options)


def test_a_rectified_normal_variable_has_these_moments():
    a = np.linspace(-10, 10, 200_001)
    weights = np.exp(-(a**2) / 2) / np.exp(-(a**2) / 2).sum()
    rectified = np.maximum(a, 0)
    mean = (weights * rectified).sum()
    np.testing.assert_allclose(
        [mean, (weights * rectified**2).sum() - mean**2], [RECTIFIED_MEAN, RECTIFIED_VARIANCE], rtol=1e-6
    )


def test_sums_of_every_layer_begin_with_mean_zero_and_variance_one():
    network, keys = scorer(), jax.random.split(jax.random.key(0), 9)
    x = jax.random.bernoulli(keys[0], np.tile(MEAN.reshape(1, -1), (4000, 1))).astype(jnp.float32)
    x = x + NOISY * jax.random.normal(keys[1], x.shape)
    for key, layer in zip(keys[2:], network.layers, strict=False):
        sums = layer(x)
        assert abs(float(sums.mean())) < 0.05
        assert abs(float(sums.std(axis=0).mean()) - 1) < 0.05
        x = jax.nn.relu(sums) + NOISE * jax.random.normal(key, sums.shape)
    assert abs(float(network.logit(x).std()) - 1) < 0.1


def test_noise_comes_with_a_key_and_is_the_keys_own():
    network, x = scorer(), jnp.full((3, *SHAPE), 0.5)
    plain, again = network(x), network(x)
    np.testing.assert_array_equal(plain.outputs, again.outputs)
    assert plain.features.shape == (3, 40)
    noisy = [network(x, jax.random.key(seed)).outputs for seed in (0, 0, 1)]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    assert len({float(outputs[0]) for outputs in (plain.outputs, *noisy[1:])}) == 3
    assert len(set(np.asarray(noisy[0]).tolist())) == 3  # equal images have noise of their own


def test_the_last_layer_of_the_generator_draws_the_mean_image_where_nothing_comes_in():
    network = drawer()
    weights = network.output.direction[...]
    expected = jax.nn.sigmoid(jax.scipy.special.logit(jnp.clip(jnp.asarray(MEAN, jnp.float32), 1e-3, 1 - 1e-3)))
    np.testing.assert_allclose(jax.nn.sigmoid(network.output(jnp.zeros((1, 10))))[0], expected.reshape(-1), rtol=1e-5)
    x = jax.random.normal(jax.random.key(0), (1, 10))
    unit = weights / jnp.linalg.norm(weights, axis=0, keepdims=True)
    np.testing.assert_allclose(network.output(x) - network.output.bias[...][None], x @ unit, rtol=1e-4, atol=1e-5)


def test_samples_are_independent_of_one_another_by_standing_statistics():
    network, z = drawer(), jax.random.normal(jax.random.key(1), (50, 5))
    standing = network.statistics(z)
    assert [one.shape for one in standing] == [(2, 20), (2, 10)]
    np.testing.assert_allclose(network(z, standing), network(z), atol=1e-6)
    np.testing.assert_allclose(network(z[:1], standing), network(z, standing)[:1], atol=1e-6)
    x = network(z)
    assert x.shape == (50, *SHAPE)
    assert 0 < float(x.min()) < float(x.max()) < 1
