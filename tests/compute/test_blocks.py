"""Rows through one program, block by block: the same numbers on one device and on several."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.compute import devices, hosts
from gancli.compute.blocks import each, in_blocks, in_turn, together
from gancli.evaluation.image_sets import quantized
from gancli.features.extractor import classifier, extract
from gancli.games.pair import Pair
from gancli.sampling.draws import draw_latents, generate, generate_blocks
from tests.playing import SMALL, begin, play

ROWS = np.arange(14, dtype=np.float32).reshape(7, 2)


@pytest.fixture(params=[1, 2], ids=["one device", "two devices"])
def count(request, monkeypatch):
    """Compute on so many devices in turn, as accelerators do."""
    monkeypatch.setattr(devices, "in_turn", lambda: jax.local_devices()[: request.param])
    return request.param


@jax.jit
def scaled(factor, rows):
    return {"rows": rows * factor, "sums": rows.sum(axis=1)}


@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_rows_come_back_in_order_and_as_many(count, size):
    found = list(in_blocks(scaled, jnp.float32(2), len(ROWS), size, lambda rows: (ROWS[rows],)))
    assert [len(part["sums"]) for part in found] == [min(size, 7 - start) for start in range(0, 7, size)]
    places = {device for part in found for device in part["rows"].devices()}
    assert len(places) == min(count, len(found))
    all_ = together(found)
    np.testing.assert_array_equal(all_["rows"], 2 * ROWS)
    np.testing.assert_array_equal(all_["sums"], ROWS.sum(axis=1))


@pytest.mark.usefixtures("count")
def test_a_block_that_lies_on_a_device_stays_there():
    place = devices.in_turn()[-1]
    for found in in_turn(scaled, jnp.float32(2), [(jax.device_put(ROWS, place),)] * 3):
        assert found["rows"].devices() == {place}


def test_as_many_blocks_are_begun_as_there_are_devices(count):
    begun = []

    def blocks():
        for number in range(5):
            begun.append(number)
            yield (ROWS,)

    found = in_turn(scaled, jnp.float32(2), blocks())
    _ = next(found)
    assert len(begun) == count
    assert len(list(found)) == 4


@pytest.mark.usefixtures("count")
def test_no_rows_no_blocks():
    assert list(in_blocks(scaled, jnp.float32(2), 0, 3, lambda rows: (ROWS[rows],))) == []


def test_samples_and_their_features_do_not_depend_on_the_number_of_devices(monkeypatch):
    game = play(SMALL, (8, 8, 1), 20)
    pair, extractor = Pair.of(game, begin(game).params), classifier("digits")
    latents = draw_latents(pair.draws, 1300, seed=0)

    def measured(number):
        monkeypatch.setattr(devices, "in_turn", lambda: jax.local_devices()[:number])
        blocks = (quantized(block) for block in generate_blocks(pair, latents))
        return generate(pair, latents), *extract(extractor, blocks, len(latents))

    for one, two in zip(measured(1), measured(2), strict=True):
        np.testing.assert_array_equal(one, two)


class Processes:
    """Threads that take the part of processes which share work."""

    def __init__(self, monkeypatch, count):
        self.count = count
        self._here, self._meeting = threading.local(), threading.Barrier(count, timeout=60)
        self._said = [None] * count
        monkeypatch.setattr(hosts, "shares", lambda: getattr(self._here, "shares", True))
        monkeypatch.setattr(hosts, "sharing", self._sharing)
        monkeypatch.setattr(hosts, "count", lambda: count)
        monkeypatch.setattr(hosts, "index", lambda: self._here.index)
        monkeypatch.setattr(hosts, "gathered", lambda tree: jax.tree.map(lambda *one: np.stack(one), *self._all(tree)))
        monkeypatch.setattr(hosts, "everybodys", self._all)

    def _all(self, value):
        self._said[self._here.index] = value
        self._meeting.wait()
        found = list(self._said)
        self._meeting.wait()
        return found

    @contextlib.contextmanager
    def _sharing(self, wanted):
        self._here.shares = wanted
        yield
        self._here.shares = True

    def run(self, work):
        def one(index):
            self._here.index = index
            return work(index)

        with ThreadPoolExecutor(self.count) as threads:
            return list(threads.map(one, range(self.count)))


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.usefixtures("count")
def test_processes_compute_a_part_of_the_blocks_and_have_them_all(monkeypatch, processes, size):
    computed = []

    def program(factor, rows):
        computed.append(rows.tolist())
        return scaled(factor, rows)

    others = Processes(monkeypatch, processes)
    read = lambda rows: (ROWS[rows],)  # noqa: E731
    for found in others.run(lambda _: together(in_blocks(program, jnp.float32(2), len(ROWS), size, read))):
        np.testing.assert_array_equal(found["rows"], 2 * ROWS)
        np.testing.assert_array_equal(found["sums"], ROWS.sum(axis=1))
    own = len(devices.in_turn())
    rounds = -(-len(range(0, 7, size)) // (own * processes))
    assert len(computed) == rounds * own * processes  # no process does the work of another


@pytest.mark.parametrize("numbers", [0, 1, 5])
def test_what_takes_a_computation_each_is_divided(monkeypatch, count, numbers):
    done = []

    def work(number):
        done.append(number)
        return number, jnp.zeros(1).devices()

    assert [number for number, _ in each(work, numbers)] == list(range(numbers))
    places = {place for _, devices_ in each(work, numbers) for place in devices_}
    assert len(places) == min(count, numbers)
    done.clear()
    for found in Processes(monkeypatch, 2).run(lambda _: each(work, numbers)):
        assert [number for number, _ in found] == list(range(numbers))
    assert sorted(done) == list(range(numbers))


@pytest.mark.usefixtures("count")
def test_an_error_of_one_is_raised():
    def work(number):
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="0"):
        each(work, 3)
