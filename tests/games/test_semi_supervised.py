"""The game with few labels: its loss against a softmax over K + 1 classes, and what reaches D."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import UsageError
from gancli.games.semi_supervised import SemiSupervised, discriminator_gradients
from gancli.training.domain import Batch, Domain
from tests.playing import IMAGES, LABELS, SMALL, assert_close, assert_equal, begin, run

PLACES = np.array([0, 1, 2, 3, 4, 5], np.int32)
ON_DEVICE = jax.tree.map(jnp.asarray, {"data": Batch(IMAGES, LABELS), "labeled": Batch(IMAGES[PLACES], LABELS[PLACES])})
UNIT = jnp.asarray(IMAGES / np.float32(255))
GRADIENTS = jax.jit(discriminator_gradients, static_argnums=0)
PLAIN: dict[str, Any] = {"input_dropout": 0.0, "hidden_dropout": (0.0,), "momentum": 0.0}


def few(**changes: Any) -> tuple[SemiSupervised, Any]:
    """Lay out and begin the game on twenty images of three classes, of which six are labeled."""
    options = {"game": "semi-supervised", "loss": "feature-matching", "discriminator_init_range": 0.5}
    config = dataclasses.replace(SMALL, **options | changes)
    domains = (
        Domain("data", (4, 4, 1), True, 20, (1, 8)),
        Domain("labeled", (4, 4, 1), True, 6, (8,), class_counts=(2, 2, 2)),
    )
    game = SemiSupervised.build(config, domains)
    return game, begin(game, IMAGES)


def found(game: SemiSupervised, state: Any, x: jax.Array) -> Any:
    return game.scores.score(state.params["discriminator"], x)


def class_logits(game: Any, params: Any, x: jax.Array) -> jax.Array:
    return game.scores.score(params, x).logits


def test_the_probability_of_real_is_that_of_a_softmax_with_one_more_class():
    game, state = few()
    seen = found(game, state, UNIT)
    assert seen.logits.shape == (20, 3)
    padded = jnp.concatenate([seen.logits, jnp.zeros((20, 1))], axis=1)
    softmax = jax.nn.softmax(padded, axis=1)
    np.testing.assert_allclose(jax.nn.sigmoid(seen.outputs), softmax[:, :3].sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(jax.nn.sigmoid(-seen.outputs), softmax[:, 3], rtol=1e-5)
    within = softmax[:, :3] / softmax[:, :3].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(jax.nn.softmax(seen.logits, axis=1), within, rtol=1e-5)


def test_ds_gradient_is_that_of_a_softmax_over_data_classes_and_samples():
    """Against K + 1 classes written out: labels among K, images as not the last one, samples as the last one."""
    game, state = few(**PLAIN)
    discriminator = state.params["discriminator"]
    known, real, fake = Batch(UNIT[:6], jnp.asarray(LABELS[:6])), UNIT[6:14], UNIT[::-1][:8] ** 2

    def log_softmax(params, x):
        logits = class_logits(game, params, x)
        return jax.nn.log_softmax(jnp.concatenate([logits, jnp.zeros((len(x), 1))], axis=1), axis=1)

    def direct(params):
        among = log_softmax(params, known.examples)
        kept = among[:, :3] - jax.nn.logsumexp(among[:, :3], axis=1, keepdims=True)  # given that it is data
        labels = -jnp.mean(kept[jnp.arange(6), known.labels])
        not_last = jax.nn.logsumexp(log_softmax(params, real)[:, :3], axis=1)
        return labels - 0.5 * (jnp.mean(not_last) + jnp.mean(log_softmax(params, fake)[:, 3]))

    gradients, measured = GRADIENTS(game, discriminator, known, real, fake, jax.random.key(0))
    assert_close(gradients, jax.jit(jax.grad(direct))(discriminator), atol=1e-5)
    value = float(measured.label_loss + 0.5 * measured.loss)
    assert value == pytest.approx(float(direct(discriminator)), rel=1e-5)
    right = found(game, state, known.examples).logits.argmax(axis=1) == known.labels
    assert float(measured.label_error) == pytest.approx(1 - float(right.mean()))


@pytest.mark.parametrize("loss", ["feature-matching", "non-saturating"])
def test_g_descends_its_loss_against_the_updated_d(loss):
    game, state = few(**PLAIN, loss=loss)
    batches = {
        "data": Batch(UNIT[None, :8], jnp.zeros((1, 8), jnp.int32)),
        "labeled": Batch(UNIT[:8], jnp.asarray(LABELS[:8])),
    }
    after, measured = jax.jit(SemiSupervised.step, static_argnums=0)(game, state, batches)
    keys = [jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), turn)) for turn in (0, 1)]
    latents = [game.draws.latents(key[0], 8) for key in keys]
    generator = state.params["generator"]
    fake = game.draws.generate(generator, latents[0])
    slopes, _ = GRADIENTS(game, state.params["discriminator"], batches["labeled"], UNIT[:8], fake, keys[0][1])
    expected = jax.tree.map(lambda p, g: p - 0.05 * g, state.params["discriminator"], slopes)
    assert_close(after.params["discriminator"], expected, atol=1e-5)

    def objective(params):
        seen = [game.scores.score(expected, x) for x in (UNIT[:8], game.draws.generate(params, latents[1]))]
        if loss == "feature-matching":
            return jnp.sum((seen[0].features.mean(axis=0) - seen[1].features.mean(axis=0)) ** 2)
        return jnp.mean(jax.nn.softplus(-seen[1].outputs))

    g_slopes = jax.jit(jax.grad(objective))(generator)
    assert_close(after.params["generator"], jax.tree.map(lambda p, g: p - 0.1 * g, generator, g_slopes), atol=1e-5)
    assert float(measured["generator_loss"]) == pytest.approx(float(objective(generator)), rel=1e-4)


def test_alone_d_learns_from_labels_and_neither_images_nor_samples_reach_it():
    game, state = few(**PLAIN, alone=True)
    step = partial(jax.jit(SemiSupervised.step, static_argnums=0), game)
    known = Batch(UNIT[:8], jnp.asarray(LABELS[:8]))
    others = [Batch(x[None], jnp.zeros((1, 8), jnp.int32)) for x in (UNIT[:8], UNIT[12:])]
    (one, measured), (other, _) = (step(state, {"data": batch, "labeled": known}) for batch in others)
    assert_equal(one, other)
    assert_equal(one.params["generator"], state.params["generator"])
    assert set(measured) == {"label_loss", "label_error", "discriminator_gradient_norm"}

    def cross_entropy(params):
        logits = class_logits(game, params, known.examples)
        return -jnp.mean(jax.nn.log_softmax(logits, axis=1)[jnp.arange(8), known.labels])

    discriminator = state.params["discriminator"]
    expected = jax.tree.map(lambda p, g: p - 0.05 * g, discriminator, jax.jit(jax.grad(cross_entropy))(discriminator))
    assert_close(one.params["discriminator"], expected, atol=1e-5)
    changed = state._replace(
        params=state.params | {"generator": jax.tree.map(lambda leaf: leaf + 1, state.params["generator"])}
    )
    third, _ = step(changed, {"data": others[0], "labeled": known})
    assert_equal(third.params["discriminator"], one.params["discriminator"])


@pytest.mark.parametrize("changes", [{}, {"alone": True}, {"loss": "non-saturating", "instance_noise": 0.1}], ids=str)
def test_where_chunks_are_cut_does_not_show(changes):
    game, first = few(**changes)
    whole, _ = run(game, jax.tree.map(jnp.copy, first), 0, 10, ON_DEVICE)
    half, _ = run(game, first, 0, 4, ON_DEVICE)
    both, report = run(game, half, 4, 10, ON_DEVICE)
    assert_equal(whole, both)
    assert all(np.isfinite(values[:6]).all() for values in report.values())
    assert set(both.averages) == {"generator", "discriminator"}


def test_it_tells_what_d_makes_of_labels_and_of_samples():
    game, _ = few()
    measured = {"label_loss": 0.5, "label_error": 0.25, "discriminator_loss": 1.0, "generator_loss": 2.0}
    measured |= {"d_real": 0.75, "d_fake": 0.25}
    told = "labels 0.500 (25.0% wrong)"
    assert game.told(measured) == f"{told}  loss D 1.000 G 2.000  D(real) 0.75 D(fake) 0.25"
    assert game.derived(measured)["jsd_bound"] == pytest.approx(np.log(2) - 0.5)
    assert game.concluded(measured).keys() == {"bound"}
    alone, _ = few(alone=True)
    assert alone.told(measured) == told
    assert alone.derived({"label_loss": 0.5}) == alone.concluded({"label_loss": 0.5}) == {}


def test_any_model_can_be_the_classifier():
    changes: dict[str, Any] = {"model": "dcgan", "base_channels": 2, "generator_init_range": None}
    config = dataclasses.replace(SMALL, game="semi-supervised", loss="feature-matching", **changes)
    domains = (
        Domain("data", (8, 8, 1), True, 20, (1, 8)),
        Domain("labeled", (8, 8, 1), True, 6, (8,), class_counts=(2, 2, 2)),
    )
    game = SemiSupervised.build(config, domains)
    state = begin(game)
    seen = found(game, state, jnp.zeros((5, 8, 8, 1)))
    assert seen.logits.shape == (5, 3)
    np.testing.assert_allclose(seen.outputs, jax.nn.logsumexp(seen.logits, axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": "hinge"},
            "--game semi-supervised needs a loss by the logits or the features of D whose D minimizes the "
            "cross-entropy (minimax, non-saturating, kl, feature-matching); --loss hinge does not. "
            "Take --loss feature-matching.",
        ),
        ({"k": 2}, "--k 2 does nothing in the game 'semi-supervised'. Leave it out."),
        ({"penalty": ("r1",)}, "--penalty r1 does nothing in the game 'semi-supervised'. Leave it out."),
        (
            {"conditional": True},
            "--conditional needs the classes of all images, and --game semi-supervised has those of few. "
            "Leave one of them out.",
        ),
    ],
)
def test_games_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(UsageError) as error:
        few(**changes)
    assert str(error.value) == message
