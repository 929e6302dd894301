import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.models.layers.parts import Maxout, dropout, uniform_init
from gancli.models.mlp import Discriminator, Generator, HiddenLayers, autoencoder


def rngs():
    return nnx.Rngs(0)


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 3), (2,), (1,)])
@pytest.mark.parametrize("bounded", [True, False])
def test_shapes_for_every_kind_of_data(shape, bounded):
    mean = np.full(shape, 0.3)
    generator = Generator(HiddenLayers(5, (7, 6), rngs=rngs()), shape, mean, bounded=bounded, rngs=rngs())
    x = generator(jnp.ones((4, 5)))
    assert x.shape == (4, *shape)
    discriminator = Discriminator(shape, (6, 4), 3, input_dropout=0.2, hidden_dropout=(0.5,), rngs=rngs())
    assert discriminator(x).outputs.shape == (4,)
    assert discriminator(x, jax.random.key(0)).features.shape == (4, 4)


@pytest.mark.parametrize("bounded", [True, False])
def test_the_first_samples_look_like_the_mean_example(bounded):
    mean = np.linspace(0, 1, 16).reshape(4, 4, 1)
    generator = Generator(HiddenLayers(5, (7,), rngs=rngs()), (4, 4, 1), mean, bounded=bounded, rngs=rngs())
    np.testing.assert_allclose(generator(jnp.zeros((1, 5)))[0], mean, atol=2e-3)


def test_bounded_samples_stay_in_the_unit_interval():
    generator = Generator(HiddenLayers(5, (7,), rngs=rngs()), (3,), np.full(3, 0.5), bounded=True, rngs=rngs())
    x = generator(1e3 * jax.random.normal(jax.random.key(0), (100, 5)))
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1


def test_maxout_is_the_largest_of_its_pieces():
    layer = Maxout(3, 4, 5, rngs=rngs())
    x = jax.random.normal(jax.random.key(0), (6, 3))
    weights = nnx.to_pure_dict(nnx.state(layer))["linear"]
    kernel, bias = np.asarray(weights["kernel"]), np.asarray(weights["bias"])
    pieces = (np.asarray(x) @ kernel + bias).reshape(6, 5, 4)
    np.testing.assert_allclose(layer(x), pieces.max(axis=1), atol=1e-6)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    x = dropout(jnp.ones(200_000), rate, jax.random.key(0))
    assert float((x == 0).mean()) == pytest.approx(rate, abs=0.005)
    assert float(x.mean()) == pytest.approx(1.0, abs=0.01)
    assert len(np.unique(x)) == 2


def test_without_a_key_nothing_is_dropped():
    discriminator = Discriminator((4,), (3,), 2, input_dropout=0.5, hidden_dropout=(0.5,), rngs=rngs())
    x = jnp.ones((2, 4))
    np.testing.assert_array_equal(discriminator(x).outputs, discriminator(x).outputs)
    dropped = [discriminator(x, jax.random.key(0)).outputs for _ in range(2)]
    assert not np.array_equal(dropped[0], discriminator(x).outputs)
    np.testing.assert_array_equal(dropped[0], dropped[1])


def test_logits_are_linear_in_the_features():
    discriminator = Discriminator((4,), (3, 2), 2, input_dropout=0.0, hidden_dropout=(0.0,), rngs=rngs())
    outputs, features = discriminator(jax.random.normal(jax.random.key(0), (5, 4)))
    np.testing.assert_allclose(outputs, discriminator.logit(features)[:, 0], rtol=1e-6)


@pytest.mark.parametrize(("shape", "bounded"), [((4, 4, 1), True), ((2,), False)])
def test_an_autoencoder_judges_by_its_error(shape, bounded):
    config = TrainConfig(dataset="digits", discriminator_widths=(6, 3), maxout_pieces=2)
    network = autoencoder(config, shape, bounded, np.full(shape, 0.4), rngs())
    x = jax.random.uniform(jax.random.key(0), (5, *shape))
    outputs, code = network(x)
    assert code.shape == (5, 3)
    rebuilt = network.decoder(code)
    np.testing.assert_allclose(outputs, -((rebuilt - x) ** 2).reshape(5, -1).sum(axis=1), rtol=1e-5)
    assert not bounded or (float(rebuilt.min()) >= 0 and float(rebuilt.max()) <= 1)
    with pytest.raises(UsageError) as error:
        autoencoder(dataclasses.replace(config, discriminator_widths=()), shape, bounded, np.zeros(shape), rngs())
    assert str(error.value) == "an autoencoder needs at least one of --discriminator-widths, that of its code."


def test_initial_weights_fill_their_range():
    weights = uniform_init(0.05)(jax.random.key(0), (100, 100), jnp.float32)
    assert -0.05 <= float(weights.min()) < -0.049
    assert 0.049 < float(weights.max()) <= 0.05
    he = uniform_init(None)(jax.random.key(0), (100, 400), jnp.float32)
    assert float(he.var()) == pytest.approx(2 / 100, rel=0.05)
