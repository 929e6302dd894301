"""The first linear layer of a generator, found by what is applied first."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.games.first_layer import first_kernel
from gancli.games.pair import Pair
from gancli.latents.directions import factorized
from gancli.recipes.resolve import resolve
from tests.games.test_inversion import linear_generator
from tests.playing import begin, play, small


def pair_of(game, state):
    return Pair.of(game, {"generator": state.params["generator"]})


def test_of_a_linear_generator_the_axes_are_its_singular_vectors():
    matrix = np.array([[2.0, 0.0, 1.0], [0.5, -1.0, 0.0]], np.float32)
    pair = linear_generator(matrix)
    kernel = first_kernel(pair)
    np.testing.assert_array_equal(kernel, matrix)
    left, values, _ = np.linalg.svd(matrix)
    axes = factorized(kernel)
    np.testing.assert_allclose(np.abs(axes @ left), np.eye(2), atol=1e-6)
    x = pair.draws.generate(pair.generator, jnp.asarray(axes, jnp.float32))
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), values, rtol=1e-5)


def test_where_all_layers_have_one_size_it_is_the_one_that_is_applied_first():
    game, state = small(generator_widths=(3, 3))
    layers = state.params["generator"]["hidden"]["layers"]
    np.testing.assert_array_equal(first_kernel(pair_of(game, state)), layers[0]["kernel"])
    assert not np.array_equal(layers[0]["kernel"], layers[1]["kernel"])


def test_of_a_class_conditional_generator_it_has_the_rows_of_the_latents():
    config = dataclasses.replace(resolve("digits", None, {}), conditional=True, latent_size=3, generator_widths=(6,))
    game = play(config, (4, 4, 1), 20, class_counts=(15, 5))
    state = begin(game)
    kernel = state.params["generator"]["inside"]["hidden"]["layers"][0]["kernel"]
    assert kernel.shape == (6, 6)
    np.testing.assert_array_equal(first_kernel(pair_of(game, state)), kernel[:3])


@pytest.mark.parametrize("model", ["dcgan", "resnet"])
def test_of_convolutional_generators_it_is_the_dense_layer(model):
    config = dataclasses.replace(resolve("mnist", None, {"model": model}), latent_size=5, base_channels=2)
    game = play(config, (8, 8, 1), 20)
    state = begin(game)
    np.testing.assert_array_equal(first_kernel(pair_of(game, state)), state.params["generator"]["dense"]["kernel"])


def test_a_generator_without_one_is_refused():
    class Shift(nnx.Module):
        def __init__(self):
            self.by = nnx.Param(jnp.ones(3))

        def __call__(self, z):
            return z + self.by[...][None]

    pair = linear_generator(np.eye(3, dtype=np.float32))
    graph, params = nnx.split(Shift())
    draws = dataclasses.replace(pair.draws, player=dataclasses.replace(pair.draws.player, graph=graph))
    with pytest.raises(UsageError, match=r"^--model mlp does not begin with a linear layer"):
        first_kernel(Pair(draws, nnx.to_pure_dict(params)))
