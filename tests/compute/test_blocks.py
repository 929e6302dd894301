"""Rows through one program, block by block: the same numbers on one device and on several."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.compute import devices
from gancli.compute.blocks import in_blocks, in_turn, together
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
