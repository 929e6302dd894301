"""Many steps in one dispatch: the same numbers wherever they are cut, and one program for equal games."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.training.chunk import Chunk, train_chunk
from gancli.training.feed import cursors
from gancli.training.state import TrainState, join_state, split_state
from tests.playing import assert_equal, run
from tests.toy import Toy
from tests.training.three_players import CONFIG, DATA, DOMAINS, GAME, MEASURED, first_state


@pytest.mark.parametrize("cuts", [(10, 20, 25), (3, 4, 14, 24, 25), (*range(1, 26),)], ids=len)
def test_where_chunks_are_cut_does_not_show(chunk, trained, cuts):
    state, start = first_state(), 0
    for end in cuts:
        state, report = chunk.run(state, DATA, cursors(GAME, start), jnp.int32(end - start))
        assert set(report) == MEASURED
        assert all(np.isfinite(values[: end - start]).all() for values in report.values())
        assert all(np.isnan(values[end - start :]).all() for values in report.values())
        start = end
    assert int(state.step) == 25
    assert_equal(state, trained[0])


def test_a_state_goes_through_the_items_of_a_checkpoint(chunk, trained):
    half, _ = run_to(chunk, first_state(), 0, 7)
    items = split_state(half)
    assert set(items) == {"left", "left.average", "right", "right.average", "critic", "training"}
    joined = join_state(jax.tree.map(np.array, items))
    assert_equal(joined, half)
    state, _ = run_to(chunk, joined, 7, 25)
    assert_equal(state, trained[0])


def run_to(chunk: Chunk, state: TrainState, start: int, end: int) -> tuple[TrainState, Any]:
    report: Any = None
    while start < end:
        last = min(start + CONFIG.log_every, end)
        state, report = chunk.run(state, DATA, cursors(GAME, start), jnp.int32(last - start))
        start = last
    return state, report


def test_equal_games_share_a_program():
    program: Any = train_chunk
    run(GAME, first_state(), 0, 1, DATA)
    before = program._cache_size()
    run(Toy.build(CONFIG, DOMAINS), first_state(), 0, 3, DATA)
    assert program._cache_size() == before


def test_a_step_is_traced_once(monkeypatch):
    plain, traced = Toy.step, []

    def counted(*arguments):
        traced.append(arguments)
        return plain(*arguments)

    monkeypatch.setattr(Toy, "step", counted)
    longer = dataclasses.replace(CONFIG, log_every=CONFIG.log_every + 1)  # of which nothing is compiled so far
    train_chunk.lower(
        Toy.build(longer, DOMAINS), first_state(), DATA, cursors(GAME, 0), jnp.int32(0), capacity=longer.log_every
    )
    assert len(traced) == 1
