"""The game with codes: what samples tell of them is what both players gain by."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import UsageError
from gancli.games.infogan import discriminator_gradients, generator_gradients
from gancli.training.state import split_state
from tests.conftest import first_of
from tests.playing import IMAGES, ON_DEVICE, assert_close, assert_equal, run, small, step

CODES = {"game": "infogan", "codes": ("3", "u"), "input_dropout": 0.0, "hidden_dropout": (0.0,)}
X = jnp.asarray(IMAGES[:8] / np.float32(255))


def coded(**changes):
    return small(**CODES | changes)


def test_codes_stand_beside_the_latents():
    game, state = coded()
    latents = np.asarray(game.draws.latents(jax.random.key(0), 500))
    assert latents.shape == (500, game.draws.input_size) == (500, 3 + 4)
    np.testing.assert_array_equal(np.sort(latents[:, 3:6]), np.tile([0, 0, 1], (500, 1)))
    assert np.abs(latents[:, 6]).max() <= 1
    assert len(np.unique(latents[:, :3].round(5))) > 1000
    plain, _ = small()  # the same latents as of a game without codes
    np.testing.assert_array_equal(latents[:, :3], plain.draws.latents(jax.random.key(0), 500))
    assert game.draws.generate(state.params["generator"], jnp.asarray(latents[:4])).shape == (4, 4, 4, 1)
    found = game.scores.score(state.params["discriminator"], X)
    assert (found.outputs.shape, found.codes.shape) == ((8,), (8, 4))


def test_two_players_of_whom_d_holds_what_reads_the_codes():
    _, state = coded()
    assert set(split_state(state)) == {"generator", "generator.average", "discriminator", "training"}
    assert {"hidden", "codes"} <= set(state.params["discriminator"])


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_a_step_is_gradient_descent_on_each_players_loss_less_the_information(updates):
    game, state = coded(updates=updates, momentum=0.0, information_weight=0.7)
    step_key = jax.random.fold_in(state.key, 0)
    keys = [jax.random.split(jax.random.fold_in(step_key, draw)) for draw in (0, 1)]
    latents = [game.draws.latents(key[0], 8) for key in keys]
    generator, discriminator = state.params["generator"], state.params["discriminator"]

    def likelihood(found, z):
        """Return E log Q(c | x), written down once more."""
        category = jnp.log(jnp.exp(found.codes[:, :3]) / jnp.exp(found.codes[:, :3]).sum(axis=1, keepdims=True))
        return jnp.mean((category * z[:, 3:6]).sum(axis=1) - (z[:, 6] - found.codes[:, 3]) ** 2 / 2)

    def d_objective(params):
        fake = game.draws.generate(generator, latents[0])
        seen = [game.scores.score(params, x) for x in (X, fake)]
        loss = jnp.mean(jax.nn.softplus(-seen[0].outputs)) + jnp.mean(jax.nn.softplus(seen[1].outputs))
        return loss - 0.7 * likelihood(seen[1], latents[0])

    expected_d = jax.tree.map(lambda p, g: p - 0.05 * g, discriminator, jax.jit(jax.grad(d_objective))(discriminator))
    opponent, z = (discriminator, latents[0]) if updates == "simultaneous" else (expected_d, latents[1])

    def g_objective(params):
        seen = game.scores.score(opponent, game.draws.generate(params, z))
        return jnp.mean(jax.nn.softplus(-seen.outputs)) - 0.7 * likelihood(seen, z)

    expected_g = jax.tree.map(lambda p, g: p - 0.1 * g, generator, jax.jit(jax.grad(g_objective))(generator))
    after, measured = step(game, state, X[None])
    assert_close(after.params, {"generator": expected_g, "discriminator": expected_d}, atol=1e-5)
    assert measured["category_information"] <= np.log(3)
    assert set(measured) >= {"code_information", "discriminator_loss", "generator_loss", "penalty", "d_real"}


def test_without_weight_codes_change_nothing_for_the_game():
    game, state = coded(information_weight=1e-12)
    z = game.draws.latents(jax.random.key(1), 8)
    args = state.params["generator"], state.params["discriminator"], z, X, jax.random.key(2)
    gradients, loss = generator_gradients(game, *args)
    assert float(loss) > 0
    fake = game.draws.generate(state.params["generator"], z)
    of_d, _ = discriminator_gradients(game, state.params["discriminator"], X, fake, z, jax.random.key(2))
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(of_d["codes"])) < 1e-9
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(gradients)) > 1e-6


def test_a_game_learns_to_tell_its_codes():
    game, state = coded(optimizer="adam", generator_learning_rate=1e-2, discriminator_learning_rate=1e-2)
    _, report = run(game, state, 0, 200)
    assert np.mean(report["category_information"]) > 0.5 * np.log(3)


@pytest.mark.parametrize(
    "changes",
    first_of(
        [
            {},
            {"k": 2},
            {"updates": "extragradient"},
            {"loss": "hinge", "penalty": ("r1",), "penalty_weight": 0.1, "instance_noise": 0.1},
            {"microbatch": 4, "remat": True, "precision": "bf16"},
        ],
        2,
    ),
)
def test_a_resumed_game_equals_an_unbroken_one(changes):
    game, state = coded(**changes)
    whole, _ = run(game, jax.tree.map(jnp.copy, state), 0, 6, ON_DEVICE)
    half, _ = run(game, state, 0, 3, ON_DEVICE)
    assert_equal(run(game, half, 3, 6, ON_DEVICE)[0], whole)


def test_what_is_told_and_concluded():
    game, _ = coded()
    measured = dict.fromkeys(("discriminator_loss", "generator_loss", "d_real", "d_fake"), 0.5)
    measured |= {"category_information": 1.0, "code_information": -0.2}
    assert game.told(measured).endswith("information 1.00 + -0.20")
    assert game.concluded(measured)["information"] == (
        "categories at least 1.000 of 1.099 nats, continuous codes at least 0.000 nats"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": "energy"},
            "--game infogan needs a loss that compares outputs of D, on whose features codes are read; --loss energy "
            "does not. Take another --loss, such as non-saturating.",
        ),
        (
            {"conditional": True},
            "--game infogan and --conditional exclude each other: codes stand in the place of classes.",
        ),
        ({"packing": 2}, "--game infogan reads the codes of samples one by one; got --packing 2."),
        (
            {"pulling_away": 0.1},
            "--game infogan and --pulling-away exclude each other. Leave --pulling-away out.",
        ),
    ],
)
def test_what_does_not_go_with_codes_is_refused(changes, message):
    with pytest.raises(UsageError) as caught:
        coded(**changes)
    assert str(caught.value) == message


def test_a_seed_decides_everything():
    (game, state), (other, _) = coded(), coded()
    assert hash(game) == hash(other)
    assert game == other
    assert game != dataclasses.replace(game, codes=other.codes, config=coded(codes=("2", "u"))[0].config)
    assert_equal(coded()[1], state)
