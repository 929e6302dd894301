"""Games on a few small images: laid out, begun, played."""

import contextlib
import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.config import TrainConfig
from gancli.games.catalog import GAMES
from gancli.imaging.pixels import to_unit
from gancli.training import game as engine
from gancli.training.chunk import Chunk, compile_chunk, train_chunk
from gancli.training.domain import Batch, Domain
from gancli.training.feed import cursors
from gancli.training.loop import train
from gancli.training.state import TrainState
from gancli.training.streaming import Stream

SMALL = TrainConfig(
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
MMD: dict[str, Any] = {"game": "matching", "loss": "mmd"}
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), np.uint8)
LABELS = np.arange(20, dtype=np.int32) % 3
ON_HOST = {"data": Batch(IMAGES, LABELS)}
ON_DEVICE = jax.tree.map(jnp.asarray, ON_HOST)


def play(config: TrainConfig, shape: tuple[int, ...], count: int, **domain: Any) -> Any:
    """Lay out the configured game on ``count`` examples, images unless ``is_images=False``."""
    options = {"is_images": True, "rows": (config.k, config.batch_size)} | domain
    return GAMES[config.game].build(config, (Domain("data", shape, num_examples=count, **options),), {})


def small(**changes: Any) -> tuple[Any, TrainState]:
    """Lay out and begin a small game on ``IMAGES``."""
    game = play(dataclasses.replace(SMALL, **changes), (4, 4, 1), len(IMAGES))
    return game, begin(game, IMAGES)


def begin(game: Any, examples: np.ndarray | None = None) -> TrainState:
    """Draw the first state; the mean example is that of ``examples``, or zero."""
    if examples is None:
        return engine.begin(game, {domain.name: np.zeros(domain.shape) for domain in game.domains})
    return engine.begin(game, {domain.name: to_unit(examples).mean(axis=0) for domain in game.domains})


def step(game: Any, state: TrainState, examples: jax.Array, labels: jax.Array | None = None) -> tuple[TrainState, Any]:
    """Take one compiled step of a game on its only domain, on examples ``[*rows, *shape]`` in the model's range."""
    rows = examples.shape[: -len(game.domains[0].shape)]
    labels = jnp.zeros(rows, jnp.int32) if labels is None else labels
    return jax.jit(type(game).step, static_argnums=0)(game, state, {"data": Batch(examples, labels)})


def run(game: Any, state: TrainState, start: int, stop: int, data: Any = ON_DEVICE) -> tuple[TrainState, Any]:
    """Train from ``start`` to ``stop`` in chunks of at most ten steps; returns the last chunk's report, too."""
    report: Any = None
    while start < stop:
        size = min(10, stop - start)
        state, report = train_chunk(game, state, data, cursors(game, start), jnp.int32(size), capacity=10)
        start += size
    return state, report


def train_on(
    game: Any, state: TrainState, data: Any = ON_DEVICE, start: int = 0, chunk: Chunk | None = None
) -> tuple[TrainState, list[tuple[int, Any]]]:
    """Train to the end as a run does; returns the last state and, by step, all that was measured."""
    chunk, reports = chunk or compile_chunk(game, state, data), []
    for state, progress in train(game, chunk, state, data, start):  # noqa: B007, B020 (the state moves on)
        reports.append((progress.step, progress.measured))
    return state, reports


def train_streamed(
    game: Any, state: TrainState, data: Any = ON_HOST, start: int = 0, chunk: Chunk | None = None
) -> tuple[TrainState, list[tuple[int, Any]]]:
    """Do the same on data that is read in blocks."""
    with contextlib.closing(Stream(game, state.key, data, start, game.config.num_steps)) as stream:
        return train_on(game, state, stream, start, chunk)


def as_numbers(tree: Any) -> Any:
    """Return a tree in host memory, its random keys as integers."""

    def number(leaf: Any) -> np.ndarray:
        return np.asarray(jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf)

    return jax.tree.map(number, tree)


def assert_equal(one: Any, other: Any) -> None:
    """Compare two trees bit for bit."""
    jax.tree.map(np.testing.assert_array_equal, as_numbers(one), as_numbers(other))


def assert_close(one: Any, other: Any, **tolerance: Any) -> None:
    """Compare two trees within a tolerance of :func:`numpy.testing.assert_allclose`."""
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerance), as_numbers(one), as_numbers(other))
