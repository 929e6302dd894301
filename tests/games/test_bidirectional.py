"""The bidirectional game: an encoder beside the generator, and a discriminator of pairs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import UsageError
from gancli.games.bidirectional import discriminator_gradients, makers_gradients
from gancli.losses.catalog import LOSSES
from gancli.training.domain import Batch
from gancli.training.state import split_state
from tests.conftest import first_of
from tests.playing import IMAGES, ON_DEVICE, SMALL, assert_close, assert_equal, begin, play, run, small, step

BIDIRECTIONAL = {"game": "bidirectional", "encoder_widths": (7,), "input_dropout": 0.0, "hidden_dropout": (0.0,)}
ALI = BIDIRECTIONAL | {"encoder": "stochastic", "prior": "gaussian"}
COMPARING = [
    name
    for name, loss in LOSSES.items()
    if loss.discriminator is not None and loss.network == "scorer" and loss.compares == "outputs"
]


def pairing(**changes):
    return small(**BIDIRECTIONAL | changes)


def linear(scale: float = 2.0):
    """Return a game on points of the line, G: z -> scale z + 1, and its state, in which E is G's inverse."""
    config = dataclasses.replace(
        SMALL, **BIDIRECTIONAL | {"encoder_widths": (), "generator_widths": (), "latent_size": 1, "prior": "gaussian"}
    )
    game = play(config, (1,), 100, is_images=False)
    state = begin(game)
    inverse = {"mean": {"kernel": jnp.full((1, 1), 1 / scale), "bias": jnp.full(1, -1 / scale)}}
    encoder = jax.tree.map(lambda leaf: leaf, state.params["encoder"]) | inverse
    generator = {"output": {"kernel": jnp.full((1, 1), scale), "bias": jnp.ones(1)}}
    params = {"generator": state.params["generator"] | generator, "encoder": encoder}
    return game, state._replace(params=state.params | params)


def test_three_players_each_with_an_item_in_the_checkpoint():
    game, state = pairing()
    assert [player.name for player in game.players] == ["generator", "encoder", "discriminator"]
    items = {"generator", "generator.average", "encoder", "encoder.average", "discriminator", "training"}
    assert set(split_state(state)) == items


@pytest.mark.parametrize("name", COMPARING)
def test_the_encoder_has_the_generators_half_seen_from_the_other_side(name):
    penalty = ("gradient-penalty",) if name == "wasserstein" else ()
    game, _ = pairing(loss=name, penalty=penalty)
    middle = game.objective.threshold or 0.0
    outputs = middle + jnp.array([0.2, -0.4, 0.3]), middle + jnp.array([-0.3, 0.4, 0.1])
    g_loss, e_loss = game.makers_losses(*outputs)
    real, fake = (2 * middle - one for one in outputs)
    np.testing.assert_allclose(e_loss, game.makers_losses(fake, real)[0], rtol=1e-6)
    np.testing.assert_allclose(g_loss, LOSSES[name].generator(*outputs), rtol=1e-6)
    # G raises outputs on its pairs, E lowers those on its own.
    assert (jax.grad(lambda fake: game.makers_losses(outputs[0], fake)[0])(outputs[1]) < 0).all()
    assert (jax.grad(lambda real: game.makers_losses(real, outputs[1])[1])(outputs[0]) > 0).all()


def test_equal_pairs_leave_d_with_two_log_two_and_no_gradient_for_any_of_its_logits():
    game, state = linear()
    z = jax.random.normal(jax.random.key(1), (64, 1))
    x = game.draws.generate(state.params["generator"], z)
    pairs = game.pairs(state.params, x, z, jax.random.key(2))
    np.testing.assert_allclose(*pairs, atol=1e-6)  # (x, E(x)) are (G(z), z)
    _, measured = discriminator_gradients(game, state.params, state.params["discriminator"], x, z, jax.random.key(3))
    assert float(measured["discriminator_loss"]) >= 2 * np.log(2)  # Jensen: no D does better
    undecided = jax.tree.map(jnp.zeros_like, state.params["discriminator"])
    gradients, measured = discriminator_gradients(game, state.params, undecided, x, z, jax.random.key(3))
    np.testing.assert_allclose(measured["discriminator_loss"], 2 * np.log(2), rtol=1e-6)
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(gradients)) < 1e-7


def test_a_step_is_gradient_descent_on_each_players_loss():
    game, state = pairing(momentum=0.0, updates="simultaneous")
    x = jnp.asarray(IMAGES[:8] / np.float32(255))
    latent_key, key = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), 0))
    latents = game.draws.latents(latent_key, 8)
    params = state.params
    of_d, _ = discriminator_gradients(game, params, params["discriminator"], x, latents, key)
    of_makers, _ = makers_gradients(
        game, {name: params[name] for name in ("generator", "encoder")}, params["discriminator"], x, latents, key
    )
    after, measured = step(game, state, x[None])
    for name, gradients, rate in (
        ("discriminator", of_d, 0.05),
        ("generator", of_makers["generator"], 0.1),
        ("encoder", of_makers["encoder"], 0.1),
    ):
        wanted = jax.tree.map(lambda p, g, rate=rate: p - rate * g, params[name], gradients)
        assert_close(after.params[name], wanted, atol=1e-6)
    assert set(measured) >= {"generator_loss", "encoder_loss", "discriminator_loss", "encoder_gradient_norm"}


@pytest.mark.parametrize(
    "changes",
    first_of(
        [
            {},
            {"k": 2},
            {"updates": "simultaneous", "penalty": ("r1",), "penalty_weight": 0.1},
            {"updates": "extragradient"},
            {"updates": "optimistic"},
            {"packing": 2, "instance_noise": 0.1, "augment": ("translation",)},
            ALI,
            {"microbatch": 4},
        ],
        2,
    ),
    ids=str,
)
def test_it_resumes_bit_for_bit(changes):
    game, state = pairing(**changes)
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
        game, state = pairing(microbatch=microbatch)
        outcomes.append(run(game, state, 0, 2)[0].params)
    assert_close(*outcomes, atol=1e-5)


def test_a_stochastic_encoder_draws_from_the_gaussian_that_it_names():
    game, state = pairing(**ALI)
    head = state.params["encoder"]["log_variance"]
    known = jnp.log(jnp.array([0.25, 1.0, 4.0]))
    encoder = state.params["encoder"] | {"log_variance": {"kernel": head["kernel"], "bias": known}}
    x = jnp.repeat(jnp.asarray(IMAGES[:1] / np.float32(255)), 4000, axis=0)
    found = game.encodes.encode(encoder, x[:1])
    drawn = np.asarray(game.inferred(encoder, x, jax.random.key(0)))
    deviations = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(found.log_variance[0], known, rtol=1e-6)
    assert (np.abs(drawn.mean(axis=0) - found.mean[0]) < 5 * deviations / 4000**0.5).all()
    np.testing.assert_allclose(drawn.std(axis=0), deviations, rtol=5 / 8000**0.5)


@pytest.mark.parametrize(("prior", "least", "most"), [("uniform", 0.0, 3**0.5), ("spherical", 3**0.5, 3**0.5)])
def test_latents_lie_where_those_of_the_prior_do(prior, least, most):
    game, state = pairing(prior=prior)
    z = game.encodes.encode(state.params["encoder"], 50 * jnp.asarray(IMAGES / np.float32(255))).mean
    sizes = jnp.abs(z) if prior == "uniform" else jnp.linalg.norm(z, axis=1)
    assert float(sizes.min()) >= least - 1e-5
    assert float(sizes.max()) <= most + 1e-5


@pytest.mark.parametrize("packing", [1, 2])
def test_convolutional_networks_play_it_too(packing):
    config = dataclasses.replace(SMALL, game="bidirectional", model="dcgan", base_channels=4, packing=packing)
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), np.uint8)
    game = play(config, (8, 8, 1), len(images))
    data = {"data": Batch(jnp.asarray(images), jnp.zeros(len(images), jnp.int32))}
    _, report = run(game, begin(game, images), 0, 2, data)
    assert all(np.isfinite(values[:2]).all() for values in report.values())
    assert set(ON_DEVICE) == set(data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": "energy"},
            "--game bidirectional needs a loss that compares outputs of D, which scores pairs; --loss energy does not. "
            "Take another --loss, such as non-saturating.",
        ),
        (
            {"conditional": True},
            "--game bidirectional and --conditional exclude each other: pairs have no classes.",
        ),
        (
            {"pulling_away": 0.1},
            "--game bidirectional and --pulling-away exclude each other. Leave --pulling-away out.",
        ),
        (
            {"encoder": "stochastic", "prior": "uniform"},
            "--encoder stochastic draws latents from Gaussians, and --prior is uniform. Take --prior gaussian.",
        ),
    ],
)
def test_games_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(UsageError) as error:
        pairing(**changes)
    assert str(error.value) == message
