"""Passes in parts, in half precision and computed again, against whole, float32 and kept ones."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games.adversarial import discriminator_gradients, generator_gradients, simultaneous_gradients
from gancli.games.passes import generated
from gancli.models.layers.parts import BatchNorm, BatchStats
from gancli.recipes.resolve import resolve
from gancli.training.chunk import compile_chunk, train_chunk
from gancli.training.domain import Batch
from gancli.training.feed import cursors
from gancli.training.game import layout
from gancli.training.state import TrainState
from tests.conftest import first_of, thorough
from tests.playing import MMD, as_numbers, assert_equal, begin, play

DATA = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 1), np.uint8)
LABELS = np.arange(32, dtype=np.int32) % 3
MODELS: dict[str, dict[str, Any]] = {
    "mlp": {"model": "mlp", "generator_widths": (24, 16), "discriminator_widths": (12, 8)},
    "dcgan": {"model": "dcgan", "base_channels": 4},
    "resnet": {"model": "resnet", "base_channels": 4}
    | {"generator_init_range": None, "discriminator_init_range": None},  # its own: with others, differences cancel
    "maxout-conv": {
        "model": "maxout-conv",
        "generator_widths": (24, 32),
        "deconv_size": 2,
        "deconv_stride": 2,
        "conv_channels": (6,),
        "conv_sizes": (3,),
        "conv_padding": (1,),
        "pool_sizes": (2,),
        "pool_strides": (2,),
        "discriminator_widths": (8,),
    },
}


def laid_out(changes: dict[str, Any]) -> Any:
    plain: dict[str, Any] = {"batch_size": 16, "latent_size": 6, "maxout_pieces": 2, "log_every": 5}
    plain |= {"input_dropout": 0.0, "hidden_dropout": (0.0,)}
    plain |= {"generator_init_range": 0.2, "discriminator_init_range": 0.2}  # from where slopes are no accident
    config = TrainConfig(dataset="digits", **plain | changes)
    return play(config, (8, 8, 1), len(DATA), class_counts=(8, 8, 16) if config.conditional else ())


def gradients(game: Any, state: TrainState) -> list[np.ndarray]:
    """Return all players' gradients on the same batch, one vector a player."""
    (domain,) = game.domains
    real, classes = domain.to_model(jnp.asarray(DATA[:16])), domain.one_hot(jnp.asarray(LABELS[:16]))
    latents = game.draws.latents(jax.random.key(5), 16, classes)

    @jax.jit
    def found(params, latents, real, key, classes):
        generator = params["generator"]
        if game.config.game == "matching":
            loss = lambda weights: game.objective.generator(real, generated(game.draws, weights, latents))  # noqa: E731
            return (jax.grad(loss)(generator),)
        discriminator = params["discriminator"]
        if game.config.updates == "simultaneous":
            taken = simultaneous_gradients(game, generator, discriminator, latents, real, key, classes)
            return taken[0], taken[2]
        fake = generated(game.draws, generator, latents)
        d_slope, _ = discriminator_gradients(game, discriminator, real, fake, key, classes)
        return d_slope, generator_gradients(game, generator, discriminator, latents, real, key, classes)[0]

    slopes = found(state.params, latents, real, jax.random.key(6), classes)
    assert {leaf.dtype for leaf in jax.tree.leaves(slopes)} == {jnp.dtype("float32")}
    return [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(one)]) for one in slopes]


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far two gradients are apart, relative to their length."""
    assert np.linalg.norm(other) > 0
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


PARTS: dict[str, Any] = {"microbatch": 4, "remat": True}
HALF: dict[str, Any] = {"precision": "bf16"}
CASES = [
    (MODELS["mlp"] | {"loss": "wasserstein", "penalty": ("gradient-penalty",)}, (PARTS, HALF)),
    (
        MODELS["mlp"] | {"loss": "relativistic", "penalty": ("r1", "r2"), "packing": 2, "updates": "simultaneous"},
        (PARTS,),
    ),
    (MODELS["mlp"] | {"loss": "feature-matching", "updates": "simultaneous"}, (PARTS,)),
    (MODELS["mlp"] | {"loss": "energy", "pulling_away": 0.1}, (PARTS, HALF)),
    (MODELS["mlp"] | MMD, (PARTS,)),
    (MODELS["mlp"] | {"loss": "perceptual"}, (PARTS,)),
    (
        MODELS["dcgan"] | {"loss": "hinge", "penalty": ("spectral-norm", "r1"), "updates": "simultaneous"},
        (PARTS, HALF),
    ),
    (MODELS["dcgan"] | {"conditional": True, "batch_norm": False, "penalty": ("r1",)}, (PARTS,)),
    (MODELS["resnet"] | {"loss": "relativistic", "penalty": ("r1",)}, (PARTS | HALF,)),
    (MODELS["maxout-conv"] | {"penalty": ("r1",)}, (PARTS | HALF,)),
]


def name(case: Any) -> str:
    if isinstance(case, tuple):
        return "-".join(field for way in case for field in way)
    return "-".join(
        str(case[field]) for field in ("model", "loss", "penalty", "updates", "conditional") if field in case
    )


@pytest.mark.parametrize(("case", "ways"), first_of(CASES, 4), ids=name)
def test_gradients_in_parts_and_in_half_precision_are_those_of_the_whole_in_float32(case, ways):
    """bfloat16 keeps 8 bits: 0.4 % a rounding, of which a gradient sees dozens; a few turn a maximum around."""
    game = laid_out(case)
    state = begin(game, DATA)
    whole = gradients(game, state)
    for way in ways:
        in_half = "precision" in way
        for one, expected in zip(gradients(laid_out(case | way), state), whole, strict=True):
            assert distance(one, expected) < (0.15 if in_half else 1e-5), way
            assert not in_half or distance(one, expected) > 1e-4, "this was float32"


def trained(changes: dict[str, Any]) -> list[Any]:
    """Return the states after four steps, taken at once and cut into chunks."""
    game = laid_out(changes)
    first = begin(game, DATA)
    data = {"data": Batch(jnp.asarray(DATA), jnp.asarray(LABELS))}
    chunk, found = compile_chunk(game, first, data), []
    for ends in ((4,), (1, 4)):
        state, start = jax.tree.map(jnp.copy, first), 0
        for end in ends:
            state, report = chunk.run(state, data, cursors(game, start), jnp.int32(end - start))
            assert all(np.isfinite(values[: end - start]).all() for values in report.values())
            start = end
        found.append(state)
    return found


@pytest.mark.parametrize(
    ("model", "penalty", "way"),
    [
        ("mlp", "gradient-penalty", {"microbatch": 8, "remat": True}),
        ("dcgan", "gradient-penalty", {"microbatch": 8, "remat": True}),
        ("maxout-conv", "r1", {}),
    ],
    ids=str,
)
def test_half_precision_trains_with_float32_state_and_goes_on_bit_for_bit(model, penalty, way):
    """With dropout and penalties of second order."""
    changes = MODELS[model] | {"penalty": (penalty,), "precision": "bf16"} | way
    changes |= {"hidden_dropout": (0.3,), "generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
    whole, halves = trained(changes)
    assert_equal(whole, halves)
    leaves = jax.tree.leaves(as_numbers(whole))
    assert {str(leaf.dtype) for leaf in leaves} == {"float32", "int32", "uint32"}
    assert all(np.isfinite(leaf).all() for leaf in leaves)


def test_samples_and_judgments_are_float32_whatever_a_run_trains_in():
    game, half = laid_out(MODELS["dcgan"]), laid_out(MODELS["dcgan"] | HALF)
    state = begin(game, DATA)
    latents = game.draws.latents(jax.random.key(0), 4)
    samples = game.draws.generate(state.params["generator"], latents)
    np.testing.assert_array_equal(samples, half.draws.generate(state.params["generator"], latents))
    scored, in_half = (one.scores.score(state.params["discriminator"], samples) for one in (game, half))
    assert_equal(scored, in_half)


def test_statistics_of_batch_normalization_are_those_of_float32():
    """A mean far from zero: in bfloat16 the variance would be lost."""
    x = (100 + jax.random.normal(jax.random.key(0), (4096, 2))).astype(jnp.bfloat16)
    ledger = BatchStats()
    normalized = BatchNorm(2)(x, ledger)
    (statistics,) = ledger.used
    assert (normalized.dtype, statistics.dtype) == (jnp.bfloat16, jnp.float32)
    exact = np.asarray(x, np.float64)
    np.testing.assert_allclose(statistics, [exact.mean(0), exact.var(0)], rtol=1e-4)


def temporary_bytes(**changes: Any) -> int:
    config = resolve("cifar10", None, {"model": "dcgan", "batch_size": 128, "base_channels": 32} | changes)
    game = play(config, (16, 16, 3), 1000)
    examples, labels = ((1000, 16, 16, 3), np.uint8), ((1000,), np.int32)
    data = {"data": Batch(*(jax.ShapeDtypeStruct(*kind) for kind in (examples, labels)))}
    program = train_chunk.lower(game, layout(game), data, cursors(game, 0), jnp.int32(0), capacity=1).compile()
    analysis = program.memory_analysis()
    assert analysis is not None
    return analysis.temp_size_in_bytes


def test_a_programs_temporary_memory_falls():
    """Batch-normalized maps are most of what is not kept; a generator has parts only without them."""
    game = {"loss": "non-saturating", "penalty": ("spectral-norm",)}
    assert temporary_bytes(**game, remat=True) < 0.75 * temporary_bytes(**game)
    game |= {"batch_norm": False}
    assert temporary_bytes(**game, microbatch=32) < 0.6 * temporary_bytes(**game)


@thorough
def test_temporary_memory_falls_with_a_penalty_on_gradients_whose_own_gradients_keep_more():
    """With batch normalization."""
    game = {"loss": "relativistic", "penalty": ("r1", "r2")}
    whole = temporary_bytes(**game)
    assert temporary_bytes(**game, remat=True) < 0.9 * whole
    assert temporary_bytes(**game, microbatch=32, remat=True) < 0.45 * whole


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"microbatch": 5}, "--microbatch must be 0 or divide --batch-size 16, got 5."),
        ({"microbatch": -4}, "--microbatch must be 0 or divide --batch-size 16, got -4."),
        ({"microbatch": 2, "packing": 4}, "--microbatch must be a multiple of --packing 4, got 2."),
    ],
)
def test_parts_that_make_no_whole_are_refused(changes, message):
    with pytest.raises(UsageError) as error:
        laid_out(changes)
    assert str(error.value) == message
