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
from gancli.games.adversarial import Batch, order_key, train_chunk
from gancli.games.pair import GAN
from gancli.training import streaming
from gancli.training.loop import compile_chunk, train
from gancli.training.streaming import Stream
from tests.games.test_adversarial import BATCH, CONFIG, DATA, LABELS, SLOW, assert_equal

HOST = Batch(DATA, LABELS)
ROW = DATA[0].nbytes + LABELS[0].nbytes


def build(**changes):
    """A game on 20 images, 8 a batch: epochs end inside of steps, and many lie in one block."""
    options = {"num_steps": 25, "log_every": 10, "sample_every": 100, "checkpoint_every": 100} | changes
    return GAN.build(dataclasses.replace(CONFIG, **options), (4, 4, 1), True, len(DATA))


def first_state(gan):
    return gan.init(DATA.mean(0) / 255)


def train_on(gan, state, data, start=0):
    """Train to the end; returns the last state, and what was reported but for the speed."""
    chunk, reports = compile_chunk(gan, state, data), []
    for state, progress in train(gan, chunk, state, data, start):  # noqa: B007, B020 (the state moves on)
        reports.append((progress.step, progress.measured))
    return state, reports


def train_streamed(gan, state, start=0, data=HOST):
    with contextlib.closing(Stream(gan, state.key, data, start, gan.config.num_steps)) as stream:
        return train_on(gan, state, stream, start)


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
    (2, {"loss": "mmd"}),
    (4, CONVOLUTIONS | {"mirror": True}),
]


@pytest.mark.parametrize(("steps", "changes"), VARIANTS, ids=str)
def test_a_stream_trains_the_same_weights(monkeypatch, steps, changes):
    """Blocks of a whole chunk, blocks that chunks cut and are cut by, and the smallest blocks."""
    gan = build(**changes)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", steps * gan.config.k * 8 * ROW)
    whole, reports = train_on(gan, first_state(gan), BATCH)
    streamed, streamed_reports = train_streamed(gan, first_state(gan))
    assert_equal(whole, streamed)
    assert reports == streamed_reports
    assert [step for step, _ in reports] == [10, 20, 25]


@pytest.mark.parametrize("before", ["streamed", "whole"])
@pytest.mark.parametrize("after", ["streamed", "whole"])
def test_a_run_goes_on_the_same_however_its_data_arrives(monkeypatch, before, after):
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 4 * 2 * 8 * ROW)
    gan = build(k=2, mirror=True)
    half = dataclasses.replace(gan, config=dataclasses.replace(gan.config, num_steps=13))
    straight, _ = train_on(gan, first_state(gan), BATCH)
    ways = {
        "streamed": train_streamed,
        "whole": lambda gan, state, start=0: train_on(gan, state, BATCH, start),
    }
    state, _ = ways[before](half, first_state(half))
    state, _ = ways[after](gan, state, 13)
    assert_equal(straight, state)


def test_examples_and_labels_are_streamed_row_by_row():
    gan = build()
    state = first_state(gan)
    data = Batch(DATA, np.arange(len(DATA), dtype=np.int32))
    stream = Stream(gan, state.key, data, 3, 25)
    with contextlib.closing(stream):
        parts = list(stream.parts(3, 25))
    assert [(first, last, int(block.used)) for block, first, last in parts] == [(3, 13, 0), (13, 23, 0), (23, 25, 0)]
    places = jnp.arange(3 * 8, 13 * 8)
    rows = permute(places % 20, places // 20, order_key(state.key), 20)
    np.testing.assert_array_equal(parts[0][0].batches.labels, rows.reshape(10, 8))
    for block, _, _ in parts:
        np.testing.assert_array_equal(block.batches.examples, DATA[block.batches.labels])
        assert jax.tree.map(lambda x: (x.shape, x.dtype), block) == jax.tree.map(
            lambda x: (x.shape, x.dtype), stream.layout
        )


def test_a_block_is_bounded_by_its_bytes_by_the_chunk_and_from_below(monkeypatch):
    gan = build(k=2)
    key = first_state(gan).key
    for limit, steps in ((2**30, 10), (3 * 16 * ROW, 3), (3 * 16 * ROW - 1, 2), (1, 2)):
        monkeypatch.setattr(streaming, "BLOCK_BYTES", limit)
        assert Stream(gan, key, HOST, 0, 25).steps == steps


class Unreadable:
    """Examples of which those after the first few batches cannot be read."""

    shape, dtype = DATA.shape, DATA.dtype

    def __init__(self, whole: int):
        self.reads, self.whole = 0, whole

    def __getitem__(self, rows):
        return DATA[rows]

    def take(self, numbers, axis):
        self.reads += 1
        if self.reads > self.whole:
            raise GancliError("the disk is gone.")
        return DATA.take(numbers, axis=axis)


def test_what_cannot_be_read_stops_training_after_what_could(monkeypatch):
    monkeypatch.setattr(streaming, "THREADS", 1)  # so that blocks are read one after another
    gan = build(num_steps=1000)
    state, steps = first_state(gan), []
    stream = Stream(gan, state.key, Batch(Unreadable(5), LABELS), 0, 1000)
    chunk = compile_chunk(gan, state, stream)
    with pytest.raises(GancliError) as error:
        steps.extend(progress.step for _, progress in train(gan, chunk, state, stream, 0))
    stream.close()
    assert str(error.value) == "the disk is gone."
    assert steps == [10, 20, 30, 40]  # the fifth was on the device, the sixth was to follow it there


def test_how_long_reading_takes_is_measured_for_a_step():
    gan = build()
    examples = Unreadable(1)
    stream = Stream(gan, first_state(gan).key, Batch(examples, LABELS), 0, 25)
    began = time.perf_counter()
    found = stream.seconds_to_read()
    assert 0 < found * stream.steps <= time.perf_counter() - began
    assert examples.reads == 1


def reading_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("grain-prefetch")]


def test_no_thread_is_left_when_a_stream_is_closed():
    gan = build(num_steps=1000)
    state = first_state(gan)
    stream = Stream(gan, state.key, HOST, 0, 1000)
    next(stream.parts(0, 10))
    assert reading_threads()
    stream.close()
    deadline = time.monotonic() + 10
    while reading_threads():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    Stream(gan, state.key, HOST, 0, 1000).close()  # never begun


def test_no_more_is_read_ahead_than_said():
    gan = build(num_steps=10_000)
    examples = Unreadable(10_000)
    stream = Stream(gan, first_state(gan).key, Batch(examples, LABELS), 0, 10_000)
    next(stream.parts(0, 10))
    time.sleep(0.3)
    stream.close()
    assert examples.reads == streaming.READ_AHEAD + 2  # one in use, one on the device after it


def test_nothing_compiles_after_the_first_block(monkeypatch):
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 4 * 8 * ROW)
    gan = build(seed=78)
    state = first_state(gan)
    stream = Stream(gan, state.key, HOST, 0, 25)
    chunk = compile_chunk(gan, state, stream)  # a compiled program refuses any other shape
    states = [state for state, _ in train(gan, chunk, state, stream, 0)]
    stream.close()
    assert len(states) == 3
    run: Any = train_chunk
    assert run._cache_size() == 0
