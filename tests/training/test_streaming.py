"""Data in blocks against data that is on the device: the same numbers, bit for bit."""

import contextlib
import dataclasses
import threading
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.data.shuffle import permute
from gancli.errors import GancliError
from gancli.training import streaming
from gancli.training.chunk import compile_chunk, train_chunk
from gancli.training.domain import Batch
from gancli.training.feed import order_key
from gancli.training.loop import train
from gancli.training.streaming import Stream
from tests.conftest import first_of
from tests.playing import IMAGES, LABELS, MMD, ON_DEVICE, ON_HOST, assert_equal, small, train_on, train_streamed
from tests.training import three_players

ROW = IMAGES[0].nbytes + LABELS[0].nbytes
SLOW = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}


def build(**changes: Any) -> tuple[Any, Any]:
    """A game on 20 images, 8 a batch: epochs end inside of steps, and many lie in one block."""
    return small(**{"num_steps": 25, "log_every": 10, "sample_every": 100, "checkpoint_every": 100} | changes)


CONVOLUTIONS: dict[str, Any] = {
    "model": "maxout-conv",
    "generator_widths": (6, 8),
    "deconv_size": 2,
    "deconv_stride": 2,
    "conv_channels": (3,),
    "conv_sizes": (3,),
    "conv_padding": (1,),
    "pool_sizes": (2,),
    "pool_strides": (2,),
}
VARIANTS = [
    (10, {"k": 3, "mirror": True, "optimizer": "adam", "loss": "minimax", "instance_noise": 0.3}),
    (4, {"updates": "simultaneous", "mirror": True, "augment": ("color", "translation", "cutout")}),
    (4, SLOW | {"loss": "wasserstein", "penalty": ("gradient-penalty",), "k": 2}),
    (2, MMD),
    (4, CONVOLUTIONS | {"mirror": True}),
]


@pytest.mark.parametrize(("steps", "changes"), first_of(VARIANTS, 2), ids=str)
def test_a_stream_trains_the_same_weights(monkeypatch, steps, changes):
    """Blocks of a whole chunk, blocks that chunks cut and are cut by, and the smallest blocks."""
    game, state = build(**changes)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", steps * game.domains[0].rows_per_step * ROW)
    whole, reports = train_on(game, jax.tree.map(jnp.copy, state))
    streamed, streamed_reports = train_streamed(game, state)
    assert_equal(whole, streamed)
    assert reports == streamed_reports
    assert [step for step, _ in reports] == [10, 20, 25]


def test_of_larger_images_a_stream_takes_the_same_squares():
    game, state = build(num_steps=6, mirror=True)
    larger = {"data": Batch(np.random.default_rng(1).integers(0, 256, (20, 6, 6, 1), np.uint8), LABELS)}
    on_device = jax.tree.map(jnp.asarray, larger)
    whole, reports = train_on(game, jax.tree.map(jnp.copy, state), on_device)
    streamed, streamed_reports = train_streamed(game, state, larger)
    assert_equal(whole, streamed)
    assert reports == streamed_reports


GOING_ON_BYTES = 4 * 2 * 8 * ROW  # blocks of four steps


@pytest.fixture(scope="module")
def going_on():
    """A game, its first state, the programs of both ways that data arrives, and the state of a run without a pause."""
    game, state = build(k=2, mirror=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "BLOCK_BYTES", GOING_ON_BYTES)
        with contextlib.closing(Stream(game, state.key, ON_HOST, 0, 25)) as stream:
            chunks = {train_on: compile_chunk(game, state, ON_DEVICE)}
            chunks[train_streamed] = compile_chunk(game, state, stream)
    straight, _ = train_on(game, jax.tree.map(jnp.copy, state), chunk=chunks[train_on])
    return game, state, chunks, straight


@pytest.mark.parametrize("before", [train_on, train_streamed])
@pytest.mark.parametrize("after", [train_on, train_streamed])
def test_a_run_goes_on_the_same_however_its_data_arrives(monkeypatch, going_on, before, after):
    monkeypatch.setattr(streaming, "BLOCK_BYTES", GOING_ON_BYTES)
    game, first, chunks, straight = going_on
    half = dataclasses.replace(game, config=dataclasses.replace(game.config, num_steps=13))
    state, _ = before(half, jax.tree.map(jnp.copy, first), chunk=chunks[before])
    state, _ = after(game, state, start=13, chunk=chunks[after])
    assert_equal(straight, state)


def test_examples_and_labels_are_streamed_row_by_row():
    game, state = build()
    data = {"data": Batch(IMAGES, np.arange(len(IMAGES), dtype=np.int32))}
    stream = Stream(game, state.key, data, 3, 25)
    with contextlib.closing(stream):
        parts = [(blocks["data"], first, last) for blocks, first, last in stream.parts(3, 25)]
    assert [(first, last, int(block.used)) for block, first, last in parts] == [(3, 13, 0), (13, 23, 0), (23, 25, 0)]
    places = jnp.arange(3 * 8, 13 * 8)
    rows = permute(places % 20, places // 20, order_key(state.key, 0), 20)
    np.testing.assert_array_equal(parts[0][0].batches.labels, rows.reshape(10, 8))
    for block, _, _ in parts:
        np.testing.assert_array_equal(block.batches.examples, IMAGES[block.batches.labels])
        assert jax.tree.map(lambda x: (x.shape, x.dtype), block) == jax.tree.map(
            lambda x: (x.shape, x.dtype), stream.layout["data"]
        )


def test_a_block_is_bounded_by_its_bytes_by_the_chunk_and_from_below(monkeypatch):
    game, state = build(k=2)
    for limit, steps in ((2**30, 10), (3 * 16 * ROW, 3), (3 * 16 * ROW - 1, 2), (1, 2)):
        monkeypatch.setattr(streaming, "BLOCK_BYTES", limit)
        assert Stream(game, state.key, ON_HOST, 0, 25).steps == steps


class Unreadable:
    """Examples of which those after the first few batches cannot be read."""

    shape, dtype = IMAGES.shape, IMAGES.dtype

    def __init__(self, whole: int):
        self.reads, self.whole = 0, whole

    def __getitem__(self, rows):
        return IMAGES[rows]

    def take(self, numbers, axis):
        self.reads += 1
        if self.reads > self.whole:
            raise GancliError("the disk is gone.")
        return IMAGES.take(numbers, axis=axis)


def test_what_cannot_be_read_stops_training_after_what_could(monkeypatch):
    monkeypatch.setattr(streaming, "THREADS", 1)  # so that blocks are read one after another
    game, state = build(num_steps=1000)
    steps: list[int] = []
    stream = Stream(game, state.key, {"data": Batch(Unreadable(5), LABELS)}, 0, 1000)
    chunk = compile_chunk(game, state, stream)
    with pytest.raises(GancliError) as error:
        steps.extend(progress.step for _, progress in train(game, chunk, state, stream, 0))
    stream.close()
    assert str(error.value) == "the disk is gone."
    assert steps == [10, 20, 30, 40]  # the fifth was on the device, the sixth was to follow it there


def test_how_long_reading_takes_is_measured_for_a_step():
    game, state = build()
    examples = Unreadable(1)
    stream = Stream(game, state.key, {"data": Batch(examples, LABELS)}, 0, 25)
    began = time.perf_counter()
    found = stream.seconds_to_read()
    assert 0 < found * stream.steps <= time.perf_counter() - began
    assert examples.reads == 1


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("grain-prefetch")]


def test_no_thread_is_left_when_a_stream_is_closed():
    game, state = build(num_steps=1000)
    stream = Stream(game, state.key, ON_HOST, 0, 1000)
    next(stream.parts(0, 10))
    assert reading_threads()
    stream.close()
    deadline = time.monotonic() + 10
    while reading_threads():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    Stream(game, state.key, ON_HOST, 0, 1000).close()  # never begun


def test_no_more_is_read_ahead_than_said():
    game, state = build(num_steps=10_000)
    examples = Unreadable(10_000)
    stream = Stream(game, state.key, {"data": Batch(examples, LABELS)}, 0, 10_000)
    next(stream.parts(0, 10))
    time.sleep(0.3)
    stream.close()
    assert examples.reads == streaming.READ_AHEAD + 2  # one in use, one on the device after it


def test_nothing_compiles_after_the_first_block(monkeypatch):
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 4 * 8 * ROW)
    game, state = build(seed=78)
    stream = Stream(game, state.key, ON_HOST, 0, 25)
    chunk = compile_chunk(game, state, stream)  # a compiled program refuses any other shape
    run: Any = train_chunk
    compiled = run._cache_size()
    states = [state for state, _ in train(game, chunk, state, stream, 0)]
    stream.close()
    assert len(states) == 3
    assert run._cache_size() == compiled


@pytest.mark.parametrize("steps", [2, 4, 10])
def test_every_domain_of_a_game_is_streamed(monkeypatch, trained, steps):
    """Three players, two domains; compared with what came of all data on the device."""
    game, state, data = three_players.GAME, three_players.first_state(), three_players.ON_HOST
    step_bytes = 8 * sum(part[:1].nbytes for batch in data.values() for part in batch)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", steps * step_bytes)
    with contextlib.closing(Stream(game, state.key, data, 0, 25)) as stream:
        assert stream.steps == steps
    streamed, reports = train_streamed(game, state, data)
    assert_equal(streamed, trained[0])
    assert reports == trained[1]
