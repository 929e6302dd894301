"""The step against hand-written references, and the chunk against the step."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gancli.config import TrainConfig
from gancli.data.shuffle import permute
from gancli.errors import UsageError
from gancli.games.adversarial import PENALTY, Batch, Cursor, _next_batches, train_chunk, train_step
from gancli.games.pair import GAN
from gancli.imaging.contrast import Contrast
from gancli.losses.penalties import squared_gradient_norms

CONFIG = TrainConfig(
    dataset="digits",
    batch_size=8,
    latent_size=3,
    generator_widths=(6,),
    discriminator_widths=(5,),
    maxout_pieces=2,
    log_every=10,
    optimizer="sgd",
    generator_learning_rate=0.1,
    discriminator_learning_rate=0.05,
    momentum=0.5,
)
DATA = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), np.uint8)
LABELS = np.arange(20, dtype=np.int32) % 3
BATCH = jax.tree.map(jnp.asarray, Batch(DATA, LABELS))


def build(**changes):
    gan = GAN.build(dataclasses.replace(CONFIG, **changes), (4, 4, 1), True, len(DATA))
    return gan, gan.init(DATA.mean(0) / 255)


def labeled(real):
    return Batch(real, jnp.zeros(real.shape[:2], jnp.int32))


def run(gan, state, start, stop, capacity=10):
    report: Any = None
    while start < stop:
        size = min(capacity, stop - start)
        state, report = train_chunk(gan, state, BATCH, Cursor.at(start, gan), jnp.int32(size), capacity=capacity)
        start += size
    return state, report


def assert_equal(one, other):
    jax.tree.map(
        lambda a, b: (
            np.testing.assert_array_equal(jax.random.key_data(a), jax.random.key_data(b))
            if jnp.issubdtype(a.dtype, jax.dtypes.prng_key)
            else np.testing.assert_array_equal(a, b)
        ),
        one,
        other,
    )


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
    {"loss": "mmd"},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_where_chunks_are_cut_does_not_show(changes):
    """Ten steps in one dispatch, in two, and one by one: the same state, bit for bit."""
    gan, state = build(**changes)
    whole, report = run(gan, state, 0, 10)
    assert all(np.isfinite(values).all() for values in report)
    half, report = run(gan, gan.init(DATA.mean(0) / 255), 0, 4)
    assert all(np.isnan(values[4:]).all() for values in report)
    both, _ = run(gan, half, 4, 10)
    assert_equal(whole, both)
    state = gan.init(DATA.mean(0) / 255)
    for step in range(10):
        state, _ = run(gan, state, step, step + 1)
    assert_equal(whole, state)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_a_chunk_is_train_step_many_times(changes):
    gan, state = build(**changes)
    order_key = jax.random.fold_in(state.key, 2**32 - 1)
    step, rows_per_step = jax.jit(train_step, static_argnums=0), gan.config.k * 8
    for index in range(3):
        places = index * rows_per_step + jnp.arange(rows_per_step)
        rows = permute(places % 20, places // 20, order_key, 20)
        real = jnp.asarray(DATA / np.float32(255))[rows].reshape(gan.config.k, 8, 4, 4, 1)
        state, _ = step(gan, state, Batch(real, jnp.asarray(LABELS)[rows].reshape(gan.config.k, 8)))
    together, _ = run(gan, gan.init(DATA.mean(0) / 255), 0, 3)
    for name in ("generator", "discriminator", "ema"):
        one, other = getattr(state, name), getattr(together, name)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), one, other)


def test_the_discriminator_meets_normalized_images():
    contrast = Contrast.fit(3.0, DATA)
    gan = GAN.build(CONFIG, (4, 4, 1), True, len(DATA), contrast)
    np.testing.assert_allclose(gan.to_model(jnp.asarray(DATA)), contrast.apply(DATA / np.float32(255)), atol=1e-5)
    state = gan.init(DATA.mean(0) / 255)
    np.testing.assert_array_equal(state.generator["output"]["bias"], 0)  # linear, around the mean of what it draws
    state, report = train_chunk(gan, state, BATCH, Cursor.at(0, gan), jnp.int32(2), capacity=2)
    assert np.isfinite(report.generator_loss).all()
    shown = gan.show(gan.generate(state.generator, gan.draw_latents(jax.random.key(0), 3)))
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_columns_stay_within_their_limit_while_training(updates):
    gan, state = build(max_column_norm=0.2, updates=updates)
    state, _ = run(gan, state, 0, 4)
    for network in (state.generator, state.discriminator):
        for path, leaf in jax.tree_util.tree_leaves_with_path(network):
            if "kernel" in jax.tree_util.keystr(path):
                assert float(jnp.linalg.norm(leaf, axis=0).max()) <= 0.2 + 1e-6


def test_nothing_compiles_after_the_first_chunk():
    gan, state = build(seed=77)
    state, _ = run(gan, state, 0, 10)
    chunk: Any = train_chunk
    before = chunk._cache_size()
    state, _ = run(gan, state, 10, 33)
    assert chunk._cache_size() == before


def test_a_chunk_does_not_wait_for_the_host():
    gan, state = build()
    arguments = jax.device_put((BATCH, Cursor.at(0, gan), jnp.int32(5)))
    train_chunk(gan, state, *arguments, capacity=10)
    gan, state = build()
    with jax.transfer_guard("disallow"):
        train_chunk(gan, state, *arguments, capacity=10)


def test_the_states_buffers_are_reused():
    gan, state = build()
    old = state.generator
    run(gan, state, 0, 1)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(old))


def test_a_simultaneous_step_is_gradient_descent_on_the_papers_losses():
    """Against a step written out by hand: same fakes, same parameters, dropout off, plain gradient descent."""
    gan, state = build(updates="simultaneous", input_dropout=0.0, hidden_dropout=(0.0,), momentum=0.0, loss="minimax")
    real = jnp.asarray(DATA[:8] / np.float32(255))[None]
    latent_key, _ = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), 0))
    z = gan.draw_latents(latent_key, 8)

    def value(generator, discriminator):
        real_logits = gan.discriminate(discriminator, real[0])
        fake_logits = gan.discriminate(discriminator, gan.generate(generator, z))
        return jnp.mean(jax.nn.log_sigmoid(real_logits)) + jnp.mean(jax.nn.log_sigmoid(-fake_logits))

    v, (g_slope, d_slope) = jax.value_and_grad(value, argnums=(0, 1))(state.generator, state.discriminator)
    expected_g = jax.tree.map(lambda p, g: p - 0.1 * g, state.generator, g_slope)  # G descends V
    expected_d = jax.tree.map(lambda p, g: p + 0.05 * g, state.discriminator, d_slope)  # D ascends V
    after, measured = jax.jit(train_step, static_argnums=0)(gan, state, labeled(real))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after.generator, expected_g)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after.discriminator, expected_d)
    assert float(measured.discriminator_loss) == pytest.approx(-float(v), abs=1e-5)
    assert float(measured.generator_gradient_norm) == pytest.approx(float(optax.tree.norm(g_slope)), rel=1e-4)
    assert float(measured.discriminator_gradient_norm) == pytest.approx(float(optax.tree.norm(d_slope)), rel=1e-4)


def test_an_alternating_step_meets_the_updated_discriminator_with_fresh_latents():
    gan, state = build(input_dropout=0.0, hidden_dropout=(0.0,), momentum=0.0, loss="minimax")
    real = jnp.asarray(DATA[:8] / np.float32(255))[None]
    after, _ = jax.jit(train_step, static_argnums=0)(gan, state, labeled(real))
    latent_key, _ = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), 1))  # the second draw
    z = gan.draw_latents(latent_key, 8)

    def loss(generator):
        return jnp.mean(jax.nn.log_sigmoid(-gan.discriminate(after.discriminator, gan.generate(generator, z))))

    expected = jax.tree.map(lambda p, g: p - 0.1 * g, state.generator, jax.grad(loss)(state.generator))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after.generator, expected)


SIMPLE: dict[str, Any] = {"input_dropout": 0.0, "hidden_dropout": (0.0,), "momentum": 0.0}


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "wasserstein", "penalty": ("gradient-penalty", "r2"), "penalty_weight": 3.0},
        {"loss": "relativistic", "penalty": ("r1", "r2"), "packing": 2},
        {"loss": "energy", "margin": 2.0, "pulling_away": 0.3},
        {"loss": "feature-matching"},
        {"loss": "mmd"},
    ],
    ids=str,
)
def test_a_step_is_gradient_descent_on_the_losses_and_penalties_as_they_stand(changes, updates):
    """Against both players' objectives written out: plain gradient descent, no dropout, no noise."""
    gan, state = build(updates=updates, **SIMPLE | changes)
    real = jnp.asarray(DATA[:8] / np.float32(255))
    step_key = jax.random.fold_in(state.key, 0)
    keys = [jax.random.split(jax.random.fold_in(step_key, draw)) for draw in (0, 1)]
    latents = [gan.draw_latents(key[0], 8) for key in keys]
    discriminator = state.discriminator
    if gan.objective.discriminator is not None:

        def d_objective(params):
            fake = gan.pack(gan.generate(state.generator, latents[0]))
            packs = gan.pack(real)
            outputs = [gan.judge(params, x).outputs for x in (packs, fake)]
            _, penalty_key = jax.random.split(jax.random.fold_in(keys[0][1], PENALTY))
            slopes = partial(squared_gradient_norms, lambda x: gan.judge(params, x).outputs)
            return gan.discriminator_loss(*outputs) + gan.penalty(slopes, packs, fake, penalty_key)

        slopes = jax.grad(d_objective)(discriminator)
        discriminator = jax.tree.map(lambda p, g: p - 0.05 * g, discriminator, slopes)
    together = updates == "simultaneous" and gan.objective.discriminator is not None
    opponent, z = (state.discriminator, latents[0]) if together else (discriminator, latents[1])

    def g_objective(params):
        fake = gan.generate(params, z)
        seen = [gan.judge(opponent, gan.pack(x)) for x in (real, fake)]
        return gan.generator_loss(seen[0], seen[1], real, fake)

    expected = jax.tree.map(lambda p, g: p - 0.1 * g, state.generator, jax.grad(g_objective)(state.generator))
    after, _ = jax.jit(train_step, static_argnums=0)(gan, state, labeled(real[None]))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), after.discriminator, discriminator)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), after.generator, expected)


def test_clipped_weights_stay_within_their_limit_and_normalized_ones_keep_their_slope():
    gan, state = build(loss="wasserstein", penalty=("clip",), clip_limit=0.02)
    state, _ = run(gan, state, 0, 5)
    assert all(float(jnp.abs(leaf).max()) <= 0.02 for leaf in jax.tree.leaves(state.discriminator))
    gan, state = build(loss="wasserstein", penalty=("spectral-norm",))
    state, _ = run(gan, state, 0, 50)
    x, y = jax.random.uniform(jax.random.key(0), (2, 200, 4, 4, 1))
    outputs = [gan.discriminate(state.discriminator, points) for points in (x, y)]
    distances = jnp.sqrt(jnp.sum((x - y) ** 2, axis=(1, 2, 3)))
    assert float(jnp.max(jnp.abs(outputs[0] - outputs[1]) / distances)) <= 1.001


def test_a_pack_holds_different_examples_and_a_lone_one_meets_its_copies():
    gan, state = build(packing=2)
    x = jnp.arange(8 * 16, dtype=jnp.float32).reshape(8, 4, 4, 1)
    packs = gan.pack(x)
    assert packs.shape == (4, 4, 4, 2)
    np.testing.assert_array_equal(packs[1, ..., 0], x[1, ..., 0])
    np.testing.assert_array_equal(packs[1, ..., 1], x[5, ..., 0])
    twice = gan.judge(state.discriminator, jnp.concatenate([x, x], axis=-1)).outputs
    np.testing.assert_array_equal(gan.discriminate(state.discriminator, x), twice)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"penalty": ("r3",)}, "unknown penalty 'r3'. Known: r1, r2, gradient-penalty, clip, spectral-norm."),
        ({"penalty": ("r1", "r1")}, "--penalty names one twice: r1,r1."),
        (
            {"loss": "wasserstein"},
            "--loss wasserstein needs a bounded slope: --penalty gradient-penalty, clip, spectral-norm.",
        ),
        (
            {"penalty": ("clip", "spectral-norm")},
            "--penalty clip,spectral-norm: each sets the slope in its own way; take one (r1 and r2 go with any).",
        ),
        ({"loss": "mmd", "k": 2}, "--k 2 is for a discriminator, and --loss mmd has none."),
        ({"loss": "mmd", "penalty": ("r1",)}, "--penalty r1 is for a discriminator, and --loss mmd has none."),
        (
            {"loss": "mmd", "instance_noise": 0.1},
            "--instance-noise 0.1 is for a discriminator, and --loss mmd has none.",
        ),
        ({"loss": "mmd", "batch_size": 1}, "--loss mmd needs a --batch-size of at least 2, got 1."),
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
        build(**{"deconv_stride": 2} | changes)
    assert str(error.value) == message


def test_k_discriminator_updates_see_k_batches_and_the_generator_moves_once():
    gan, state = build(k=3, input_dropout=0.0, hidden_dropout=(0.0,), momentum=0.0)
    real = jnp.asarray(DATA[:18].reshape(3, 6, 4, 4, 1) / np.float32(255))
    gan = dataclasses.replace(gan, config=dataclasses.replace(gan.config, batch_size=6))
    after, _ = jax.jit(train_step, static_argnums=0)(gan, state, labeled(real))
    step_key, discriminator = jax.random.fold_in(state.key, 0), state.discriminator
    for update in range(3):
        latent_key, _ = jax.random.split(jax.random.fold_in(step_key, update))
        fake = gan.generate(state.generator, gan.draw_latents(latent_key, 6))

        def loss(params, fake=fake, batch=real[update]):
            return gan.discriminator_loss(gan.discriminate(params, batch), gan.discriminate(params, fake))

        discriminator = jax.tree.map(lambda p, g: p - 0.05 * g, discriminator, jax.grad(loss)(discriminator))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after.discriminator, discriminator)


def test_an_epoch_shows_every_example_once():
    gan, state = build(batch_size=5, k=2)
    order_key = jax.random.fold_in(state.key, 2**32 - 1)
    seen = []
    for step in range(2):
        cursor = Cursor.at(step, gan)
        places = int(cursor.offset) + np.arange(10)
        seen += list(permute(jnp.asarray(places), jnp.full(10, int(cursor.epoch)), order_key, 20))
    assert sorted(map(int, seen)) == list(range(20))
    assert tuple(map(int, Cursor.at(2, gan))) == (1, 0)


@pytest.mark.parametrize("ramp", [9.0, 2.0])
def test_the_average_follows_its_definition(ramp):
    gan, state = build(ema_decay=0.9, ema_ramp=ramp)
    expected = jax.tree.map(np.array, state.ema)
    for step in range(30):
        state, _ = run(gan, state, step, step + 1)
        decay = min(0.9, (1 + step) / (1 + ramp + step))
        expected = jax.tree.map(lambda e, g, d=decay: d * e + (1 - d) * np.asarray(g), expected, state.generator)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), state.ema, expected)


def test_mirrored_images_are_half_of_them_and_the_same_wherever_a_chunk_begins():
    gan, state = build(mirror=True)
    plain, _ = build()

    def batches(gan, start, index):
        return np.asarray(_next_batches(gan, state.key, BATCH, Cursor.at(start, gan), index).examples)[0]

    turned = []
    for step in range(25):
        met, straight = batches(gan, 0, step), batches(plain, 0, step)
        flips = (met != straight).any((1, 2, 3))
        np.testing.assert_array_equal(met[flips], straight[flips][:, :, ::-1])
        np.testing.assert_array_equal(met, batches(gan, step, 0))
        turned += flips.tolist()
    assert 70 < sum(turned) < 130  # of 200: 4.2 standard deviations
