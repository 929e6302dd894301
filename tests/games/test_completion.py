"""The game of completion: one generator for every question, several answers to each."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.data.synthetic import mixture
from gancli.errors import UsageError
from gancli.games.completion import discriminator_gradients, generator_gradients
from gancli.games.pair import Pair
from gancli.games.prediction import Regression, first_weights, predict, train_predictor
from gancli.imaging.pixels import to_unit
from gancli.sampling.completions import complete
from gancli.training.domain import Batch
from gancli.training.state import split_state
from tests.conftest import first_of
from tests.playing import IMAGES, ON_DEVICE, SMALL, assert_close, assert_equal, begin, play, run, small, step

COMPLETION = {"game": "completion", "packing": 2, "input_dropout": 0.0, "hidden_dropout": (0.0,)}
GENERATOR, DISCRIMINATOR = "generator", "discriminator"


def completing(**changes):
    return small(**COMPLETION | changes)


def drawn(game, state, index=0):
    """Return examples, latents and the key of an update of the first step."""
    x = jnp.asarray(IMAGES[:8] / np.float32(255))
    latent_key, key = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), index))
    return x, game.draws.latents(latent_key, game.config.packing * 8), key


def test_two_players_of_which_g_has_an_average():
    _, state = completing()
    assert set(split_state(state)) == {"generator", "generator.average", "discriminator", "training"}


@pytest.mark.parametrize("packing", [1, 2, 4])
def test_packs_have_the_example_in_one_place_and_answers_in_all_others(packing):
    game, state = completing(packing=packing)
    x = jnp.concatenate([jnp.asarray(IMAGES[:8] / np.float32(255))] * 50)
    latents = game.draws.latents(jax.random.key(3), packing * len(x))
    real, fake = game.packs(state.params[GENERATOR], x, latents, jax.random.key(4))
    assert real.shape == fake.shape == (len(x), 4, 4, packing + 1)
    mask = np.asarray(real[..., -1:])
    np.testing.assert_array_equal(mask, fake[..., -1:])
    for pack in (real, fake):  # what is observed stays exactly
        np.testing.assert_array_equal(pack[..., :-1] * mask, np.broadcast_to(x * mask, pack[..., :-1].shape))
    same = (np.asarray(real[..., :-1]) == np.asarray(x)).all(axis=(1, 2))
    hidden = (mask == 0).any(axis=(1, 2, 3))
    assert (same[hidden].sum(axis=1) == 1).all()
    shares = same[hidden].mean(axis=0)
    np.testing.assert_allclose(shares, 1 / packing, atol=5 * (0.25 / hidden.sum()) ** 0.5)
    others = np.where(same[:, None, None], np.asarray(fake[..., :-1]), np.asarray(real[..., :-1]))
    np.testing.assert_array_equal(others[hidden], np.asarray(fake[..., :-1])[hidden])


def test_a_step_is_gradient_descent_on_each_players_loss():
    game, state = completing(momentum=0.0, updates="simultaneous")
    x, latents, key = drawn(game, state)
    players = state.params[GENERATOR], state.params[DISCRIMINATOR]
    of_d, _ = discriminator_gradients(game, *players, x, latents, key)
    of_g, _ = generator_gradients(game, *players, x, latents, key)
    after, measured = step(game, state, x[None])
    for name, gradients, rate in ((DISCRIMINATOR, of_d, 0.05), (GENERATOR, of_g, 0.1)):
        wanted = jax.tree.map(lambda p, g, rate=rate: p - rate * g, state.params[name], gradients)
        assert_close(after.params[name], wanted, atol=1e-6)
    assert set(measured) >= {"generator_loss", "discriminator_loss", "d_real", "d_fake", "generator_gradient_norm"}


@pytest.mark.parametrize(
    "changes",
    first_of(
        [
            {},
            {"k": 2, "packing": 1},
            {"updates": "simultaneous", "penalty": ("r1",), "penalty_weight": 0.1},
            {"updates": "extragradient"},
            {"instance_noise": 0.1, "masks": ("block", "center")},
            {"microbatch": 4},
        ],
        2,
    ),
    ids=str,
)
def test_it_resumes_bit_for_bit(changes):
    game, state = completing(**changes)
    whole, report = run(game, begin(game, IMAGES), 0, 8)
    half, _ = run(game, state, 0, 3)
    again, _ = run(game, half, 3, 8)
    assert_equal(again, whole)
    assert all(np.isfinite(values[:5]).all() for values in report.values())
    moved = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), whole.params, begin(game, IMAGES).params)
    assert min(max(jax.tree.leaves(moved[name])) for name in moved) > 0


def test_micro_batches_give_the_gradient_of_the_batch():
    outcomes = []
    for microbatch in (0, 4):
        game, state = completing(microbatch=microbatch)
        outcomes.append(run(game, state, 0, 2)[0].params)
    assert_close(*outcomes, atol=1e-5)


def test_convolutional_networks_play_it_too():
    config = dataclasses.replace(SMALL, game="completion", packing=2, model="dcgan", base_channels=4, batch_norm=False)
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), np.uint8)
    game = play(config, (8, 8, 3), len(images))
    data = {"data": Batch(jnp.asarray(images), jnp.zeros(len(images), jnp.int32))}
    state, report = run(game, begin(game, images), 0, 2, data)
    assert all(np.isfinite(values[:2]).all() for values in report.values())
    observed = np.zeros((2, 8, 8, 1), np.float32)
    observed[0, :4] = 1
    answers = complete(Pair.of(game, state.params), images[:2], observed, 3, seed=0)
    assert answers.shape == (2, 3, 8, 8, 3)
    np.testing.assert_array_equal(answers[0, :, :4], np.broadcast_to(to_unit(images[0, :4]), (3, 4, 8, 3)))
    other = complete(Pair.of(game, state.params), 255 - images[:1], observed[:1], 3, seed=0)
    assert np.abs(other[0, :, 4:] - answers[0, :, 4:]).max() > 0  # it reads what is observed
    assert set(ON_DEVICE) == set(data)


def linear():
    """Return a game on points of five dimensions whose generator is one linear map of latents and questions."""
    options = COMPLETION | {"generator_widths": (), "latent_size": 5, "prior": "gaussian"}
    game = play(dataclasses.replace(SMALL, **options), (5,), 100, is_images=False)
    return game, begin(game)


def test_of_a_linear_generator_every_conditional_of_a_gaussian_is_the_known_one():
    density, (game, state), count = mixture("gaussian_5d"), linear(), 4000
    point = density.sample(1, seed=5)[0]
    subsets = list(itertools.chain.from_iterable(itertools.combinations(range(5), size) for size in range(5)))
    assert len(subsets) == 31
    for seen in subsets:
        observed = np.isin(np.arange(5), seen)
        _, (mean,), covariance = density.conditional(point[0], observed)
        # Latents by the root of the covariance, what is observed by regression, nothing of the mask.
        cross, within = density.covariance[~observed][:, observed], density.covariance[observed][:, observed]
        kernel = np.zeros((15, 5))
        hidden = np.flatnonzero(~observed)
        kernel[np.ix_(np.arange(len(hidden)), hidden)] = np.linalg.cholesky(covariance).T
        kernel[np.ix_(5 + np.flatnonzero(observed), hidden)] = np.linalg.solve(within, cross.T)
        output = {"kernel": jnp.asarray(kernel, jnp.float32), "bias": jnp.zeros(5)}
        generator = state.params[GENERATOR] | {"inside": {"output": output, "hidden": {"layers": {}}}}
        pair = Pair.of(game, state.params | {GENERATOR: generator})
        (answers,) = complete(pair, point, observed[None].astype(np.float32), count, seed=1)
        np.testing.assert_array_equal(answers[:, observed], np.tile(point[0, observed], (count, 1)))
        apart = answers[:, ~observed].mean(axis=0) - mean
        assert apart @ np.linalg.solve(covariance, apart) * count < len(hidden) + 5 * (2 * len(hidden)) ** 0.5 + 5
        found = np.atleast_2d(np.cov(answers[:, ~observed].T))
        scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
        assert np.abs((found - covariance) / scale).max() < 5 * (2 / count) ** 0.5


def test_least_squares_finds_the_conditional_mean_of_a_gaussian():
    density, (game, _) = mixture("gaussian_5d"), linear()
    config = dataclasses.replace(game.config, masks=("left",), generator_widths=(32,), batch_size=64)
    game = play(config, (5,), 100, is_images=False)
    points, _ = density.sample(5000, seed=0)
    weights = train_predictor(game.draws, first_weights(game, np.zeros(5), 0), points, Regression(steps=1500))
    observed = np.tile([0.0, 0.0, 0.0, 1.0, 1.0], (200, 1)).astype(np.float32)
    asked, _ = density.sample(200, seed=2)
    found = np.asarray(predict(game.draws, weights, jnp.asarray(asked), jnp.asarray(observed)))
    np.testing.assert_array_equal(found[:, 3:], asked[:, 3:])
    wanted = np.stack([density.conditional(point, observed[0] > 0)[1][0] for point in asked])
    assert np.sqrt(np.mean((found[:, :3] - wanted) ** 2)) < 0.1  # the conditional deviations are above 0.4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": "energy"},
            "--game completion needs a loss that compares outputs of D, which scores answers; --loss energy does not. "
            "Take another --loss, such as non-saturating.",
        ),
        ({"masks": ()}, "--masks must name at least one: half, block, pixels, left, right, top, bottom, center."),
        (
            {"masks": ("half", "blok")},
            "unknown mask 'blok'. Did you mean 'block'? Known: half, block, pixels, left, right, top, bottom, center.",
        ),
        (
            {"conditional": True, "packing": 1},
            "--game completion and --conditional exclude each other: questions have no classes.",
        ),
        (
            {"pulling_away": 0.1},
            "--game completion and --pulling-away exclude each other. Leave --pulling-away out.",
        ),
        (
            {"model": "dcgan"},
            "--game completion and --batch-norm exclude each other: an answer must not depend on other questions. "
            "Take --no-batch-norm.",
        ),
    ],
)
def test_games_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(UsageError) as error:
        completing(**changes)
    assert str(error.value) == message
