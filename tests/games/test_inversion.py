"""An encoder for a fixed generator: against closed forms."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.games.inversion import FRESH, Fit, encoder_for, explained_variance, first_weights, refine, train_encoder
from gancli.games.pair import Pair
from tests.playing import SMALL, begin, play, small

LINEAR = Fit(steps=600, batch_size=256, learning_rate=0.05, widths=())


def linear_generator(matrix, prior="gaussian"):
    """Return the pair of a game whose G maps z to x = z A."""
    size, dimensions = matrix.shape
    config = dataclasses.replace(SMALL, latent_size=size, generator_widths=(), prior=prior)
    game = play(config, (dimensions,), 100, is_images=False)
    output = {"output": {"kernel": jnp.asarray(matrix), "bias": jnp.zeros(dimensions)}}
    return Pair.of(game, {"generator": begin(game).params["generator"] | output})


def trained(pair, fit=LINEAR):
    encodes, start = encoder_for(pair.draws, None, fit), first_weights(pair.draws, None, fit)
    return encodes, train_encoder(pair, encodes, start, fit)


@pytest.mark.parametrize("matrix", [[[2.0], [1.0]], [[1.0], [0.0]], [[1.0, 0.0], [0.5, 1.0], [0.0, -1.0]]])
def test_the_optimum_is_the_posterior_mean_of_the_linear_gaussian_model(matrix):
    """z ~ N(0, I), x = z A: then E[z | x] = x (AᵀA)⁻¹Aᵀ, and it explains rank(A) of the Z units of variance."""
    a = np.array(matrix, np.float32)
    pair = linear_generator(a)
    encodes, encoder = trained(pair)
    posterior = np.linalg.inv(a.T @ a) @ a.T
    np.testing.assert_allclose(encoder["mean"]["kernel"], posterior, atol=0.01)
    np.testing.assert_allclose(encoder["mean"]["bias"], 0.0, atol=0.01)
    share = explained_variance(pair, encodes, encoder, LINEAR)
    # Of n samples, a mean of squares of Gaussians has the standard error √(2/n) or less.
    assert abs(share - a.shape[1] / a.shape[0]) < 5 * (2 / FRESH) ** 0.5


@pytest.mark.parametrize("prior", ["gaussian", "uniform", "spherical"])
def test_an_invertible_generator_gives_every_latent_back(prior):
    pair = linear_generator(np.array([[1.0, 0.5], [-0.3, 2.0]], np.float32), prior)
    fit = dataclasses.replace(LINEAR, widths=() if prior == "gaussian" else (64,), learning_rate=0.01, steps=1500)
    encodes, encoder = trained(pair, fit)
    assert explained_variance(pair, encodes, encoder, fit) > (0.9999 if prior == "gaussian" else 0.99)


def test_training_is_the_same_in_any_number_of_calls_and_depends_on_the_seed():
    pair = linear_generator(np.array([[2.0], [1.0]], np.float32))
    short = dataclasses.replace(LINEAR, steps=150)
    one, other = (trained(pair, short)[1] for _ in range(2))
    jax.tree.map(np.testing.assert_array_equal, one, other)
    reseeded = trained(pair, dataclasses.replace(short, seed=1))[1]
    assert not np.array_equal(one["mean"]["kernel"], reseeded["mean"]["kernel"])


def test_what_is_hidden_does_not_count():
    pair = linear_generator(np.array([[1.0, 0.5], [-0.3, 2.0]], np.float32))
    z = pair.draws.latents(jax.random.key(1), 20)
    x = pair.draws.generate(pair.generator, z)
    observed = jnp.array([[1.0, 0.0]])
    found = refine(pair, jnp.zeros_like(z), x + jnp.array([[0.0, 9.0]]), 300, None, observed)
    drawn = pair.draws.generate(pair.generator, found)
    np.testing.assert_allclose(drawn[:, 0], x[:, 0], atol=0.01)
    # The second coordinate is 9 away from what descent was given, and did not pull.
    assert float(jnp.abs(drawn[:, 1] - (x[:, 1] + 9.0)).min()) > 1.0


@pytest.mark.parametrize(
    "changes",
    [{"game": "infogan", "codes": ("3", "u"), "prior": "spherical"}, {"prior": "mixture", "components": 3}],
    ids=["codes", "mixture"],
)
def test_refining_leaves_what_stands_beside_latents(changes):
    game, state = small(**changes)
    pair, size = Pair.of(game, state.params), game.config.latent_size
    start, wanted = (pair.draws.latents(jax.random.key(seed), 5) for seed in (1, 2))
    wanted = wanted.at[:, size:].set(start[:, size:])
    x = pair.draws.generate(pair.generator, wanted)
    found = refine(pair, start, x, 50, None)
    np.testing.assert_array_equal(found[:, size:], start[:, size:])
    before, after = (np.sum((pair.draws.generate(pair.generator, one) - x) ** 2, axis=1) for one in (start, found))
    assert (after < before).all()


@pytest.mark.parametrize("prior", ["gaussian", "uniform", "spherical"])
def test_refining_comes_nearer_and_stays_where_latents_lie(prior):
    pair = linear_generator(np.array([[1.0, 0.5], [-0.3, 2.0]], np.float32), prior)
    z = pair.draws.latents(jax.random.key(1), 20)
    x = pair.draws.generate(pair.generator, z)
    start = jnp.clip(z + 0.2 * jax.random.normal(jax.random.key(2), z.shape), -1.7, 1.7)
    found = refine(pair, start, x, 300, None)
    assert float(jnp.abs(pair.draws.generate(pair.generator, found) - x).max()) < 0.05
    np.testing.assert_allclose(found, z, atol=0.05)
    assert prior != "uniform" or float(jnp.abs(found).max()) <= 3**0.5
    alone = refine(pair, start[:1], x[:1], 300, None)
    np.testing.assert_allclose(alone, found[:1], atol=1e-5)
    assert prior != "spherical" or np.allclose(jnp.linalg.norm(found, axis=1), 2**0.5, atol=1e-5)
