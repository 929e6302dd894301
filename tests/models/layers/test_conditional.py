"""Networks that are told the class, against the formulas."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.config import TrainConfig
from gancli.data.load import Dataset
from gancli.errors import UsageError
from gancli.games.decoder import check_decoder
from gancli.losses.catalog import PENALTIES
from gancli.losses.penalties import squared_gradient_norms
from tests.playing import assert_close, begin, play, step

COUNTS = (30, 0, 10)
CONFIG = TrainConfig(
    dataset="x",
    conditional=True,
    batch_size=4,
    latent_size=3,
    generator_widths=(5,),
    discriminator_widths=(6,),
    maxout_pieces=2,
    input_dropout=0.0,
    hidden_dropout=(0.0,),
    optimizer="sgd",
    generator_learning_rate=0.1,
    discriminator_learning_rate=0.05,
    momentum=0.0,
)


def build(**changes):
    config = dataclasses.replace(CONFIG, **changes)
    counts = COUNTS if config.conditional else ()
    game = play(config, (8, 8, 1), sum(COUNTS), class_counts=counts)
    return game, begin(game, np.full((1, 8, 8, 1), 128, np.uint8))


def test_what_is_drawn_stands_beside_classes_as_frequent_as_among_the_data():
    game, _ = build()
    drawn = np.asarray(game.draws.latents(jax.random.key(0), 4000))
    assert drawn.shape == (4000, 3 + 3)
    classes = drawn[:, 3:]
    np.testing.assert_array_equal(classes.sum(axis=1), 1)
    np.testing.assert_array_equal(np.unique(classes), [0, 1])
    assert classes[:, 1].sum() == 0
    assert abs(classes[:, 0].mean() - 0.75) < 4 * (0.75 * 0.25 / 4000) ** 0.5
    given = jax.nn.one_hot(jnp.array([2, 1]), 3)
    np.testing.assert_array_equal(game.draws.latents(jax.random.key(1), 2, given)[:, 3:], given)


def test_the_generator_maps_latents_and_a_vector_of_the_class():
    """Written out in NumPy, for a class and for half of two."""
    game, state = build()
    g = jax.tree.map(np.float64, state.params["generator"])
    inputs = np.array([[0.3, -1.0, 0.5, 0, 0, 1], [1.0, 0.2, -0.1, 0.5, 0.5, 0]])
    x = np.concatenate([inputs[:, :3], inputs[:, 3:] @ g["embedding"]], axis=1)
    assert x.shape == (2, 6)
    layer, output = g["inside"]["hidden"]["layers"][0], g["inside"]["output"]
    logits = np.maximum(x @ layer["kernel"] + layer["bias"], 0) @ output["kernel"] + output["bias"]
    found = game.draws.generate(state.params["generator"], jnp.asarray(inputs, jnp.float32))
    np.testing.assert_allclose(found.reshape(2, -1), 1 / (1 + np.exp(-logits)), atol=1e-6)


@pytest.mark.parametrize("model", ["mlp", "dcgan", "resnet"])
def test_the_discriminator_adds_the_projection_of_its_features_on_the_class(model):
    game, state = build(model=model, base_channels=2)
    x = jax.random.uniform(jax.random.key(0), (4, 8, 8, 1))
    classes = jax.nn.one_hot(jnp.array([0, 2, 1, 2]), 3)
    found = game.scores.score(state.params["discriminator"], x, classes=classes)
    plain = play(dataclasses.replace(game.config, conditional=False), (8, 8, 1), 40)
    alone = plain.scores.score(state.params["discriminator"]["inside"], x)
    np.testing.assert_allclose(found.features, alone.features, atol=1e-6)
    vectors = np.asarray(state.params["discriminator"]["projection"]["kernel"])[[0, 2, 1, 2]]
    expected = alone.outputs + (vectors * np.asarray(alone.features)).sum(axis=1)
    np.testing.assert_allclose(found.outputs, expected, atol=1e-5)


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
@pytest.mark.parametrize("changes", [{}, {"loss": "relativistic", "penalty": ("r1", "r2")}], ids=str)
def test_samples_are_judged_as_the_classes_of_the_batch_beside_them(changes, updates):
    """A step of plain gradient descent, against both objectives written out."""
    game, state = build(updates=updates, **changes)
    real = jax.random.uniform(jax.random.key(5), (4, 8, 8, 1))
    labels = jnp.array([2, 0, 0, 2])
    classes = jax.nn.one_hot(labels, 3)
    step_key = jax.random.fold_in(state.key, 0)
    keys = [jax.random.split(jax.random.fold_in(step_key, draw)) for draw in (0, 1)]
    latents = [game.draws.latents(key[0], 4, classes) for key in keys]

    def d_objective(params):
        fake = game.draws.generate(state.params["generator"], latents[0])
        outputs = [game.scores.score(params, x, classes=classes).outputs for x in (real, fake)]
        slopes = partial(squared_gradient_norms, lambda x: game.scores.score(params, x, classes=classes).outputs)
        penalties = [PENALTIES[name].function for name in game.config.penalty]
        total = sum(one(slopes, real, fake, jax.random.key(0)) for one in penalties if one)  # nothing is random
        return game.discriminator_loss(*outputs) + game.config.penalty_weight * total

    generator, discriminator = state.params["generator"], state.params["discriminator"]
    d_slope = jax.jit(jax.grad(d_objective))(discriminator)
    expected_d = jax.tree.map(lambda p, g: p - 0.05 * g, discriminator, d_slope)
    opponent, z = (discriminator, latents[0]) if updates == "simultaneous" else (expected_d, latents[1])

    def g_objective(params):
        fake = game.draws.generate(params, z)
        seen = [game.scores.score(opponent, x, classes=classes) for x in (real, fake)]
        return game.generator_loss(seen[0], seen[1], real, fake)

    expected_g = jax.tree.map(lambda p, g: p - 0.1 * g, generator, jax.jit(jax.grad(g_objective))(generator))
    after, _ = step(game, state, real[None], labels[None])
    assert_close(after.params, {"generator": expected_g, "discriminator": expected_d}, atol=1e-5)
    embedding = after.params["generator"]["embedding"] - generator["embedding"]
    assert (np.abs(embedding).sum(axis=1) > 0).tolist() == [True, False, True]  # the class that was not there stays


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(
            (game | {"loss": loss}, f"--conditional needs a loss that goes by the scores of D; --loss {loss} does not.")
            for game, loss in (({}, "energy"), ({"game": "matching"}, "mmd"), ({}, "feature-matching"))
        ),
        ({"packing": 2}, "--conditional scores examples one by one, each by its class; got --packing 2."),
    ],
)
def test_games_that_cannot_go_by_a_class_are_refused(changes, message):
    with pytest.raises(UsageError) as error:
        build(**changes)
    assert str(error.value) == message


def test_a_decoder_is_told_of_no_class():
    config = dataclasses.replace(CONFIG, decoder_steps=5, generator_activations=("sigmoid",))
    with pytest.raises(UsageError) as error:
        check_decoder(config)
    assert str(error.value) == "--decoder-steps and --conditional exclude each other: a decoder has no classes."


def test_classes_must_be_known_and_differ():
    images = np.zeros((3, 8, 8, 1), np.uint8)

    def counts(labels, name="faces"):
        return Dataset(name, "train", images, np.array(labels, np.int32), ("a", "b", "c")).class_counts()

    assert counts([2, 0, 2]) == {"a": 1, "b": 0, "c": 2}
    with pytest.raises(UsageError) as error:
        counts([0, -1, 1])
    assert str(error.value) == "the train examples of 'faces' have no classes."
    with pytest.raises(UsageError) as error:
        counts([1, 1, 1])
    assert str(error.value) == "the train examples of 'faces' are of one class."
    with pytest.raises(UsageError) as error:
        counts([1, 1, 1], "./faces")
    assert str(error.value) == (
        "the train examples of './faces' are of one class. "
        "Put the images of each class into a folder of its own, or list them in labels.csv."
    )
