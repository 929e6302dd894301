"""How a generator draws, how a discriminator scores, and who plays."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import UsageError
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Pair
from gancli.training.catalog import Pace
from gancli.training.domain import Domain
from tests.playing import MMD, SMALL, small
from tests.toy import Toy


def test_latents_are_those_of_the_prior():
    game, _ = small(prior="uniform")
    latents = np.asarray(game.draws.latents(jax.random.key(0), 4000))
    assert latents.shape == (4000, game.draws.input_size) == (4000, 3)
    most = 3**0.5  # of unit variance
    assert -most <= latents.min() < -0.99 * most
    assert 0.99 * most < latents.max() <= most
    assert abs(latents.mean()) < 5 / latents.size**0.5  # standard errors


def test_classes_are_drawn_as_often_as_the_data_has_them_or_are_the_given_ones():
    domain = Domain("data", (4, 4, 1), True, 20, (1, 8), None, (15, 5, 0))
    game = type(small()[0]).build(dataclasses.replace(SMALL, conditional=True), (domain,))
    drawn = np.asarray(game.draws.latents(jax.random.key(0), 4000))[:, 3:]
    assert drawn.shape == (4000, 3)
    np.testing.assert_array_equal(drawn.sum(axis=1), 1)
    np.testing.assert_allclose(drawn.mean(axis=0), [0.75, 0.25, 0], atol=0.035)  # five standard errors
    wanted = jax.nn.one_hot(jnp.array([2, 0]), 3)
    np.testing.assert_array_equal(game.draws.latents(jax.random.key(0), 2, wanted)[:, 3:], wanted)


def test_packs_lie_side_by_side_by_channel_and_discriminate_copies_one_example():
    game, state = small(packing=2)
    x = jnp.arange(4 * 16, dtype=jnp.float32).reshape(4, 4, 4, 1)
    packs = game.scores.pack(x)
    assert packs.shape == (2, 4, 4, 2)
    np.testing.assert_array_equal(packs[0, ..., 0], x[0, ..., 0])
    np.testing.assert_array_equal(packs[0, ..., 1], x[2, ..., 0])
    twice = game.scores.score(state.params[DISCRIMINATOR], jnp.concatenate([x, x], axis=-1)).outputs
    np.testing.assert_array_equal(game.scores.discriminate(state.params[DISCRIMINATOR], x), twice)


def test_a_discriminator_sees_noise_of_the_configured_spread_and_nothing_else():
    game, _ = small(instance_noise=0.3)
    x = jnp.full((500, 4, 4, 1), 0.5)
    noise = np.asarray(game.scores.seen(x, jax.random.key(1)) - x)
    assert abs(noise.mean()) < 5 * 0.3 / noise.size**0.5
    assert noise.std() == pytest.approx(0.3, rel=5 / (2 * noise.size) ** 0.5)
    plain, _ = small()
    assert plain.scores.seen(x, jax.random.key(1)) is x


def test_the_players_of_a_pair_and_what_they_are():
    game, state = small(penalty=("spectral-norm",), ema_decay=0.9)
    generator, discriminator = game.players
    assert (generator.name, generator.averaged, generator.bounds) == (GENERATOR, True, ())
    assert (discriminator.name, discriminator.averaged, discriminator.bounds) == (
        DISCRIMINATOR,
        False,
        ("spectral-norm",),
    )
    assert (generator.learning_rate, discriminator.learning_rate) == (0.1, 0.05)
    assert generator.pace == discriminator.pace == Pace(2, game.config.num_steps)  # of 20 images, 8 a step
    pair = Pair.of(game, state.params)
    assert (pair.scores, pair.domain) == (game.scores, game.domains[0])
    assert Pair.of(game, {GENERATOR: state.params[GENERATOR]}).scores is None


def test_the_matching_game_has_a_generator_alone():
    game, state = small(**MMD)
    assert [player.name for player in game.players] == [GENERATOR]
    pair = Pair.of(game, state.params)
    assert pair.scores is pair.discriminator is None


def test_a_game_that_draws_no_samples_is_no_pair():
    toy = Toy.build(SMALL, (Domain("points", (2,), False, 12, (8,)),))
    with pytest.raises(UsageError, match="draws no samples"):
        Pair.of(toy, {})
