"""The step against hand-written references, and the chunk against the step."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gancli.data.shuffle import permute
from gancli.errors import UsageError
from gancli.games.adversarial import generator_gradients, simultaneous_gradients
from gancli.imaging.contrast import Contrast
from gancli.losses.catalog import PENALTIES
from gancli.losses.penalties import squared_gradient_norms
from gancli.recipes.resolve import resolve
from gancli.salts import PENALTY
from gancli.training.chunk import train_chunk
from gancli.training.feed import cursors, next_batches, order_key
from tests.conftest import first_of
from tests.playing import (
    IMAGES,
    LABELS,
    MMD,
    ON_DEVICE,
    SMALL,
    assert_close,
    assert_equal,
    begin,
    play,
    run,
    small,
    step,
)

UNIT = jnp.asarray(IMAGES / np.float32(255))


SLOW = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}  # with more, ten steps end at infinity
VARIANTS = [
    {},
    {"updates": "simultaneous", "k": 3, "ema_decay": 0.0},
    {"loss": "minimax", "optimizer": "adam", "instance_noise": 0.3, "prior": "spherical", "k": 2}
    | {"augment": ("color", "translation", "cutout")},
    {"updates": "simultaneous", "final_momentum": 0.7, "momentum_epochs": 5, "learning_rate_divisor": 1.01},
    SLOW | {"loss": "wasserstein", "penalty": ("gradient-penalty",), "k": 2, "instance_noise": 0.1},
    SLOW | {"loss": "hinge", "penalty": ("spectral-norm",), "updates": "simultaneous"},
    SLOW | {"loss": "relativistic", "penalty": ("r1", "r2"), "packing": 2},
    SLOW | {"loss": "energy", "pulling_away": 0.1, "penalty": ("clip",), "clip_limit": 0.1},
    SLOW | {"loss": "feature-matching", "updates": "simultaneous"},
    MMD,
]


def copied(state: Any) -> Any:
    """Return a state with buffers of its own: a chunk reuses those that it is given."""
    return jax.tree.map(jnp.copy, state)


@pytest.mark.parametrize("changes", first_of(VARIANTS, 3), ids=str)
def test_where_chunks_are_cut_does_not_show(changes):
    """Ten steps in one dispatch, in two, and one by one: the same state, bit for bit."""
    game, first = small(**changes)
    whole, report = run(game, copied(first), 0, 10)
    assert all(np.isfinite(values).all() for values in report.values())
    half, report = run(game, copied(first), 0, 4)
    assert all(np.isnan(values[4:]).all() for values in report.values())
    both, _ = run(game, half, 4, 10)
    assert_equal(whole, both)
    for number in range(10):
        first, _ = run(game, first, number, number + 1)
    assert_equal(whole, first)


@pytest.mark.parametrize("changes", first_of(VARIANTS, 3), ids=str)
def test_a_chunk_is_a_step_many_times(changes):
    game, first = small(**changes)
    state = first
    for number in range(3):
        batches = next_batches(game, state.key, ON_DEVICE, cursors(game, number), 0)
        state, _ = step(game, state, *batches["data"])
        assert int(state.step) == number  # the chunk counts
        state = state._replace(step=state.step + 1)
    together, _ = run(game, first, 0, 3)
    assert set(state.params) == {player.name for player in game.players}
    assert_close(together.params, state.params, atol=1e-5)
    assert_close(together.averages, state.averages, atol=1e-5)


def test_batches_are_the_rows_that_the_order_says_in_the_models_range():
    game, state = small(k=2)
    batch = next_batches(game, state.key, ON_DEVICE, cursors(game, 0), 1)["data"]
    places = jnp.arange(16, 32)
    rows = permute(places % 20, places // 20, order_key(state.key, 0), 20)
    np.testing.assert_allclose(batch.examples, UNIT[rows].reshape(2, 8, 4, 4, 1), atol=1e-6)
    np.testing.assert_array_equal(batch.labels, LABELS[rows].reshape(2, 8))


def test_the_discriminator_meets_normalized_images():
    contrast = Contrast.fit(3.0, IMAGES)
    game = play(SMALL, (4, 4, 1), len(IMAGES), contrast=contrast)
    met = next_batches(game, jax.random.key(0), ON_DEVICE, cursors(game, 0), 0)["data"].examples[0]
    rows = permute(jnp.arange(8), jnp.zeros(8, jnp.int32), order_key(jax.random.key(0), 0), 20)
    np.testing.assert_allclose(met, contrast.apply(IMAGES / np.float32(255))[rows], atol=1e-5)
    state = begin(game, IMAGES)
    np.testing.assert_array_equal(
        state.params["generator"]["output"]["bias"], 0
    )  # linear, around the mean of what it draws
    state, report = train_chunk(game, state, ON_DEVICE, cursors(game, 0), jnp.int32(2), capacity=2)
    assert np.isfinite(report["generator_loss"]).all()
    shown = game.domains[0].show(
        game.draws.generate(state.params["generator"], game.draws.latents(jax.random.key(0), 3))
    )
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1


def test_nothing_compiles_after_the_first_chunk():
    game, state = small(seed=77)
    state, _ = run(game, state, 0, 10)
    chunk: Any = train_chunk
    before = chunk._cache_size()
    state, _ = run(game, state, 10, 33)
    assert chunk._cache_size() == before


def test_a_chunk_does_not_wait_for_the_host():
    game, state = small()
    arguments = jax.device_put((ON_DEVICE, cursors(game, 0), jnp.int32(5)))
    train_chunk(game, state, *arguments, capacity=10)
    game, state = small()
    with jax.transfer_guard("disallow"):
        train_chunk(game, state, *arguments, capacity=10)


def test_the_states_buffers_are_reused():
    game, state = small()
    old = state.params["generator"]
    run(game, state, 0, 1)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(old))


def test_a_simultaneous_step_is_gradient_descent_on_the_papers_losses():
    """Against a step written out by hand: same fakes, same parameters, dropout off, plain gradient descent."""
    game, state = small(updates="simultaneous", input_dropout=0.0, hidden_dropout=(0.0,), momentum=0.0, loss="minimax")
    real = UNIT[:8][None]
    latent_key, _ = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), 0))
    z = game.draws.latents(latent_key, 8)

    def value(generator, discriminator):
        real_logits = game.scores.discriminate(discriminator, real[0])
        fake_logits = game.scores.discriminate(discriminator, game.draws.generate(generator, z))
        return jnp.mean(jax.nn.log_sigmoid(real_logits)) + jnp.mean(jax.nn.log_sigmoid(-fake_logits))

    generator, discriminator = state.params["generator"], state.params["discriminator"]
    v, (g_slope, d_slope) = jax.jit(jax.value_and_grad(value, argnums=(0, 1)))(generator, discriminator)
    expected_g = jax.tree.map(lambda p, g: p - 0.1 * g, generator, g_slope)  # G descends V
    expected_d = jax.tree.map(lambda p, g: p + 0.05 * g, discriminator, d_slope)  # D ascends V
    after, measured = step(game, state, real)
    assert_close(after.params["generator"], expected_g, atol=1e-6)
    assert_close(after.params["discriminator"], expected_d, atol=1e-6)
    assert float(measured["discriminator_loss"]) == pytest.approx(-float(v), abs=1e-5)
    assert float(measured["generator_gradient_norm"]) == pytest.approx(float(optax.tree.norm(g_slope)), rel=1e-4)
    assert float(measured["discriminator_gradient_norm"]) == pytest.approx(float(optax.tree.norm(d_slope)), rel=1e-4)


def test_an_alternating_step_meets_the_updated_discriminator_with_fresh_latents():
    game, state = small(input_dropout=0.0, hidden_dropout=(0.0,), momentum=0.0, loss="minimax")
    real = UNIT[:8][None]
    after, _ = step(game, state, real)
    latent_key, _ = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), 1))  # the second draw
    z = game.draws.latents(latent_key, 8)

    def loss(generator):
        outputs = game.scores.discriminate(after.params["discriminator"], game.draws.generate(generator, z))
        return jnp.mean(jax.nn.log_sigmoid(-outputs))

    generator = state.params["generator"]
    expected = jax.tree.map(lambda p, g: p - 0.1 * g, generator, jax.jit(jax.grad(loss))(generator))
    assert_close(after.params["generator"], expected, atol=1e-6)


SIMPLE: dict[str, Any] = {"input_dropout": 0.0, "hidden_dropout": (0.0,), "momentum": 0.0}


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "wasserstein", "penalty": ("gradient-penalty", "r2"), "penalty_weight": 3.0},
        {"loss": "relativistic", "penalty": ("r1", "r2"), "packing": 2},
        {"loss": "energy", "margin": 2.0, "pulling_away": 0.3},
        {"loss": "feature-matching"},
    ],
    ids=str,
)
def test_a_step_is_gradient_descent_on_the_losses_and_penalties_as_they_stand(changes, updates):
    """Against both players' objectives written out: plain gradient descent, no dropout, no noise."""
    game, state = small(updates=updates, **SIMPLE | changes)
    real = UNIT[:8]
    step_key = jax.random.fold_in(state.key, 0)
    keys = [jax.random.split(jax.random.fold_in(step_key, draw)) for draw in (0, 1)]
    latents = [game.draws.latents(key[0], 8) for key in keys]
    _, penalty_key = jax.random.split(jax.random.fold_in(keys[0][1], PENALTY))
    generator, discriminator = state.params["generator"], state.params["discriminator"]

    def d_objective(params):
        fake = game.scores.pack(game.draws.generate(generator, latents[0]))
        packs = game.scores.pack(real)
        outputs = [game.scores.score(params, x).outputs for x in (packs, fake)]
        slopes = partial(squared_gradient_norms, lambda x: game.scores.score(params, x).outputs)
        penalties = [PENALTIES[name].function for name in game.config.penalty]
        total = sum(one(slopes, packs, fake, penalty_key) for one in penalties if one)
        return game.discriminator_loss(*outputs) + game.config.penalty_weight * total

    d_slope = jax.jit(jax.grad(d_objective))(discriminator)
    expected_d = jax.tree.map(lambda p, g: p - 0.05 * g, discriminator, d_slope)
    opponent, z = (discriminator, latents[0]) if updates == "simultaneous" else (expected_d, latents[1])

    def g_objective(params):
        fake = game.draws.generate(params, z)
        seen = [game.scores.score(opponent, game.scores.pack(x)) for x in (real, fake)]
        return game.generator_loss(seen[0], seen[1], real, fake)

    expected_g = jax.tree.map(lambda p, g: p - 0.1 * g, generator, jax.jit(jax.grad(g_objective))(generator))
    after, _ = step(game, state, real[None])
    assert_close(after.params, {"generator": expected_g, "discriminator": expected_d}, atol=1e-5)


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_penalties_have_the_weight_of_their_step(updates):
    held = SIMPLE | {"loss": "relativistic", "penalty": ("r1", "r2"), "updates": updates, "num_steps": 5}
    constant, state = small(**held, penalty_weight=2.0)
    moving, _ = small(**held, penalty_weight=3.0, final_penalty=1 / 3, schedule="linear")
    for at, ratio in ((0, 1.5), (2, 1.0), (4, 0.5)):
        (expected, told), (found, measured) = (
            step(game, state._replace(step=jnp.int32(at)), UNIT[None, :8]) for game in (constant, moving)
        )
        np.testing.assert_allclose(measured["penalty"], ratio * told["penalty"], rtol=1e-5)
        if ratio == 1.0:
            assert_close(found.params, expected.params, atol=1e-6)
        else:
            assert measured["discriminator_gradient_norm"] != told["discriminator_gradient_norm"]


@pytest.mark.parametrize(("side", "weight"), [(8, 0.05), (32, 0.05), (64, 0.8), (256, 204.8)])
def test_a_weight_that_is_not_said_goes_by_the_size_of_the_images(side, weight):
    config = resolve("cifar10", None, {"model": "dcgan", "base_channels": 2})
    assert play(config, (side, side, 3), 100).config.penalty_weight == pytest.approx(weight)
    said = resolve("cifar10", None, {"model": "dcgan", "base_channels": 2, "penalty_weight": 3.0})
    assert play(said, (side, side, 3), 100).config.penalty_weight == 3.0


def test_clipped_weights_stay_within_their_limit_and_normalized_ones_keep_their_slope():
    game, state = small(loss="wasserstein", penalty=("clip",), clip_limit=0.02)
    state, _ = run(game, state, 0, 5)
    assert all(float(jnp.abs(leaf).max()) <= 0.02 for leaf in jax.tree.leaves(state.params["discriminator"]))
    game, state = small(loss="wasserstein", penalty=("spectral-norm",))
    state, _ = run(game, state, 0, 50)
    x, y = jax.random.uniform(jax.random.key(0), (2, 200, 4, 4, 1))
    outputs = [game.scores.discriminate(state.params["discriminator"], points) for points in (x, y)]
    distances = jnp.sqrt(jnp.sum((x - y) ** 2, axis=(1, 2, 3)))
    assert float(jnp.max(jnp.abs(outputs[0] - outputs[1]) / distances)) <= 1.001


def test_a_pack_holds_different_examples_and_a_lone_one_meets_its_copies():
    game, state = small(packing=2)
    x = jnp.arange(8 * 16, dtype=jnp.float32).reshape(8, 4, 4, 1)
    packs = game.scores.pack(x)
    assert packs.shape == (4, 4, 4, 2)
    np.testing.assert_array_equal(packs[1, ..., 0], x[1, ..., 0])
    np.testing.assert_array_equal(packs[1, ..., 1], x[5, ..., 0])
    twice = game.scores.score(state.params["discriminator"], jnp.concatenate([x, x], axis=-1)).outputs
    np.testing.assert_array_equal(game.scores.discriminate(state.params["discriminator"], x), twice)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"penalty": ("r3",)}, "--penalty must all be one of r1, r2, gradient-penalty, clip, spectral-norm, got 'r3'."),
        ({"penalty": ("r1", "r1")}, "--penalty names one twice: r1,r1."),
        (
            {"loss": "wasserstein"},
            "--loss wasserstein needs a bounded slope: --penalty gradient-penalty, clip, spectral-norm.",
        ),
        (
            {"penalty": ("clip", "spectral-norm")},
            "--penalty clip,spectral-norm: each sets the slope in its own way; take one (r1 and r2 go with any).",
        ),
        (
            {"loss": "mmd"},
            "--game adversarial needs a loss with a discriminator, and --loss mmd has none. Take --game matching.",
        ),
        (
            {"packing": 8, "pulling_away": 0.1},
            "--pulling-away compares codes: --batch-size must be at least twice --packing, got 8 and 8.",
        ),
        ({"packing": 3}, "--batch-size must be a multiple of --packing, got 8 and 3."),
        (
            {"loss": "perceptual", "dataset": "kmnist"},
            "--loss perceptual needs a data set with a built-in classifier (mnist, stacked_mnist, cifar10, digits), "
            "got 'kmnist'.",
        ),
        (
            {"loss": "energy"} | {"model": "maxout-conv", "generator_widths": (6, 8), "deconv_size": 2},
            "--model maxout-conv has no autoencoder for a discriminator, which the loss needs. Use: mlp.",
        ),
    ],
)
def test_games_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(UsageError) as error:
        small(**{"deconv_stride": 2} | changes)
    assert str(error.value) == message


def test_k_discriminator_updates_see_k_batches_and_the_generator_moves_once():
    game, state = small(k=3, batch_size=6, **SIMPLE)
    real = UNIT[:18].reshape(3, 6, 4, 4, 1)
    after, _ = step(game, state, real)
    step_key, discriminator = jax.random.fold_in(state.key, 0), state.params["discriminator"]

    @jax.jit
    def slope(params, batch, latents):
        fake = game.draws.generate(state.params["generator"], latents)

        def loss(params):
            outputs = [game.scores.discriminate(params, x) for x in (batch, fake)]
            return game.discriminator_loss(*outputs)

        return jax.grad(loss)(params)

    for number in range(3):
        latent_key, _ = jax.random.split(jax.random.fold_in(step_key, number))
        slopes = slope(discriminator, real[number], game.draws.latents(latent_key, 6))
        discriminator = jax.tree.map(lambda p, g: p - 0.05 * g, discriminator, slopes)
    assert_close(after.params["discriminator"], discriminator, atol=1e-6)


def test_mirrored_images_are_half_of_them_and_the_same_wherever_a_chunk_begins():
    game, state = small(mirror=True)
    plain, _ = small()

    compiled = jax.jit(next_batches, static_argnums=0)

    def batches(game, start, index):
        return np.asarray(compiled(game, state.key, ON_DEVICE, cursors(game, start), index)["data"].examples)[0]

    turned = []
    for number in range(25):
        met, straight = batches(game, 0, number), batches(plain, 0, number)
        flips = (met != straight).any((1, 2, 3))
        np.testing.assert_array_equal(met[flips], straight[flips][:, :, ::-1])
        np.testing.assert_array_equal(met, batches(game, number, 0))
        turned += flips.tolist()
    assert 70 < sum(turned) < 130  # of 200: 4.2 standard deviations


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"loss": "minimax"}, "D(real) 0.75 D(fake) 0.25"),
        ({"loss": "hinge"}, "score(real) 0.75 score(fake) 0.25"),
        ({"loss": "relativistic"}, "score(real) 0.75 score(fake) 0.25"),
        ({"loss": "wasserstein", "penalty": ("clip",)}, "score(real) 0.75 score(fake) 0.25"),
        ({"loss": "least-squares"}, "score(real) 0.75 score(fake) 0.25"),
        ({"loss": "energy"}, "energy(real) 0.75 energy(fake) 0.25"),
    ],
)
def test_only_probabilities_are_shown_as_d(changes, text):
    game, _ = small(**changes)
    measured = {"discriminator_loss": 1.0, "generator_loss": 2.0, "d_real": 0.75, "d_fake": 0.25}
    assert game.told(measured) == f"loss D 1.000 G 2.000  {text}"


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_the_generator_learns_from_the_best_samples_alone(updates):
    held: dict[str, Any] = {"updates": updates, "num_steps": 3, "schedule": "linear", "top_k": 0.5}
    held |= {"input_dropout": 0.0, "hidden_dropout": (0.0,)}
    game, state = small(**held)
    whole, _ = small(**held | {"top_k": 1.0})
    generator, discriminator = state.params["generator"], state.params["discriminator"]
    latents, key = game.draws.latents(jax.random.key(1), 8), jax.random.key(2)
    outputs = game.scores.score(discriminator, game.draws.generate(generator, latents)).outputs

    def gradients(game, latents, at):
        if updates == "simultaneous":
            found = simultaneous_gradients(game, generator, discriminator, latents, UNIT[: len(latents)], key, None, at)
            return found[2]
        return generator_gradients(game, generator, discriminator, latents, UNIT[: len(latents)], key, step=at)[0]

    for at, count in ((0, 8), (1, 6), (2, 4)):
        best = latents[jnp.argsort(-outputs)[:count]]
        assert_close(gradients(game, latents, at), gradients(whole, best, at), rtol=1e-4, atol=1e-7)


def test_the_best_samples_are_chosen_by_outputs_alone():
    for changes, other in (({"loss": "feature-matching"}, "--loss feature-matching"), ({"unroll": 2}, "--unroll 2")):
        with pytest.raises(UsageError) as caught:
            small(top_k=0.5, **changes)
        assert str(caught.value) == (
            f"--top-k 0.5 chooses samples by D's outputs alone, and {other} does not. Leave one of them out."
        )
