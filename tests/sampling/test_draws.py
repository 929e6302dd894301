"""Samples do not depend on how many are drawn; D's outputs do not depend on what stands beside an example."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import UsageError
from gancli.games.adversarial import Adversarial
from gancli.games.pair import Pair
from gancli.sampling import draws
from gancli.sampling.draws import beliefs, discriminator_outputs, draw, draw_every_class, draw_latents
from gancli.training.domain import Domain
from tests.playing import MMD, SMALL, begin, play, small


def pair(**changes):
    game, state = small(**changes)
    return Pair.of(game, state.params)


@pytest.fixture(scope="module")
def images():
    return pair()


@pytest.fixture
def blocks_of_four(monkeypatch):
    monkeypatch.setattr(draws, "BLOCK", 4)


def test_the_first_samples_are_the_same_however_many_are_drawn(images, blocks_of_four):
    whole = draw(images, 10, seed=3)
    assert (whole.samples.shape, whole.latents.shape, whole.columns) == ((10, 4, 4, 1), (10, 3), None)
    assert (whole.samples.min() >= 0, whole.samples.max() <= 1) == (True, True)
    for count in (1, 4, 5, 9):
        part = draw(images, count, seed=3)
        np.testing.assert_array_equal(part.samples, whole.samples[:count])
        np.testing.assert_array_equal(part.latents, whole.latents[:count])
    assert not np.array_equal(draw(images, 10, seed=4).latents, whole.latents)


def test_a_batch_normalized_generator_draws_each_sample_by_itself(blocks_of_four):
    game = play(dataclasses.replace(SMALL, model="dcgan", base_channels=4), (8, 8, 1), 20)
    normalized = Pair.of(game, begin(game).params)
    whole = draw(normalized, 6, seed=0).samples
    np.testing.assert_array_equal(draw(normalized, 5, seed=0).samples, whole[:5])
    reversed_latents = draw(normalized, 6, seed=0).latents[::-1].copy()
    np.testing.assert_allclose(draws.generate(normalized, reversed_latents)[::-1], whole, atol=1e-6)


def test_every_class_in_turn_stands_in_columns():
    domain = Domain("data", (4, 4, 1), True, 20, (1, 8), None, (10, 6, 4))
    game = Adversarial.build(dataclasses.replace(SMALL, conditional=True), (domain,))
    conditional = Pair.of(game, begin(game).params)
    drawing = draw_every_class(conditional, 7, seed=0)
    assert drawing.columns == 3
    np.testing.assert_array_equal(drawing.latents[:, 3:].argmax(axis=1), [0, 1, 2, 0, 1, 2, 0])
    one = draw_latents(conditional.draws, 5, 0, labels=2)
    np.testing.assert_array_equal(one[:, 3:], [[0, 0, 1]] * 5)
    np.testing.assert_array_equal(one[:, :3], drawing.latents[:5, :3])


def test_a_class_without_examples_is_never_drawn():
    domain = Domain("data", (4, 4, 1), True, 20, (1, 8), None, (10, 0, 10))
    game = Adversarial.build(dataclasses.replace(SMALL, conditional=True), (domain,))
    conditional = Pair.of(game, begin(game).params)
    drawing = draw_every_class(conditional, 5, seed=0)
    assert drawing.columns == 2
    np.testing.assert_array_equal(drawing.latents[:, 3:].argmax(axis=1), [0, 2, 0, 2, 0])
    with jax.debug_nans(True):  # the logarithm of a share of 0 is no number less
        drawn = draw_latents(conditional.draws, 2000, 0)[:, 3:].sum(axis=0)
    assert drawn[1] == 0
    assert drawn.min() == 0 < 900 < drawn[0] < 1100


@pytest.mark.parametrize(("count", "seed", "message"), [(0, 0, "-n must be at least 1, got 0"), (1, -1, "--seed")])
def test_no_samples_and_a_negative_seed_are_refused(images, count, seed, message):
    with pytest.raises(UsageError, match=message):
        draw(images, count, seed)


def known(found: np.ndarray | None) -> np.ndarray:
    assert found is not None
    return found


def test_outputs_of_d_come_block_by_block(images, blocks_of_four):
    x = np.random.default_rng(0).random((9, 4, 4, 1), np.float32)
    outputs = known(discriminator_outputs(images, x))
    assert outputs.shape == (9,)
    for place in (0, 4, 8):
        alone = known(discriminator_outputs(images, x[place : place + 1]))
        np.testing.assert_allclose(alone[0], outputs[place], rtol=1e-5)
    np.testing.assert_allclose(known(beliefs(images, x)), 1 / (1 + np.exp(-outputs.astype(np.float64))), rtol=1e-5)


def test_scores_without_a_probability_are_shown_from_least_to_most():
    critic = pair(loss="wasserstein", penalty=("clip",))
    x = np.random.default_rng(0).random((9, 4, 4, 1), np.float32)
    found, outputs = known(beliefs(critic, x)), known(discriminator_outputs(critic, x))
    assert (found.min(), found.max()) == (0, 1)
    np.testing.assert_array_equal(np.argsort(found), np.argsort(outputs))
    same = Pair(critic.draws, critic.generator, critic.scores, jax.tree.map(jnp.zeros_like, critic.discriminator))
    assert np.isfinite(known(beliefs(same, x))).all()


def test_without_a_discriminator_there_are_no_outputs():
    alone, x = pair(**MMD), np.zeros((2, 4, 4, 1), np.float32)
    assert discriminator_outputs(alone, x) is None
    assert beliefs(alone, x) is None
