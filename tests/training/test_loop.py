"""What is told between two chunks, when they end, and how a divergence is named."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import DivergedError
from gancli.training.feed import cursors
from gancli.training.loop import chunk_ends, is_pictured, train
from gancli.training.state import TrainState
from tests.toy import RIGHT, Toy
from tests.training.three_players import CONFIG, DATA, DOMAINS, GAME, MEASURED, first_state


@pytest.mark.parametrize(
    ("start", "cadences", "ends"),
    [
        (0, {"log_every": 10, "evaluate_every": 0}, [10, 20, 25]),
        (7, {"log_every": 10, "evaluate_every": 0}, [10, 20, 25]),
        (10, {"log_every": 10, "evaluate_every": 0}, [20, 25]),
        (0, {"log_every": 100, "sample_every": 8, "evaluate_every": 12}, [8, 12, 16, 24, 25]),
        (0, {"log_every": 100, "sample_every": 40, "evaluate_every": 0}, [10, 25]),
        (25, {"log_every": 10}, []),
    ],
    ids=str,
)
def test_chunks_end_wherever_something_is_due_and_at_the_end(start, cadences, ends):
    game = Toy.build(dataclasses.replace(CONFIG, **cadences), DOMAINS)
    assert list(chunk_ends(start, game)) == ends


@pytest.mark.parametrize(
    ("every", "steps"),
    [(5, [0, 5, 10]), (10, [0, 10, 20]), (20, [0, 10, 20]), (100, [0, 10, 30, 100]), (500, [0, 10, 30, 100, 300, 500])],
)
def test_pictures_are_close_together_at_first(every, steps):
    config = dataclasses.replace(CONFIG, sample_every=every)
    assert [step for step in range(steps[-1] + 1) if is_pictured(step, config)] == steps


def test_all_that_is_measured_is_told_with_what_follows_from_it(chunk):
    steps = []
    for _, progress in train(GAME, chunk, first_state(), DATA, 0):
        measured = progress.measured
        assert set(measured) == MEASURED | {"lead"}
        assert measured["lead"] == measured["maps_loss"] - measured["critic_loss"]
        assert progress.text == f"lead {measured['lead']:.3f}"
        assert progress.concluded == {"ahead": "critic" if measured["lead"] > 0 else "maps"}
        assert progress.images_seen == 8 * progress.step
        steps.append(progress.step)
    assert steps == [10, 20, 25]


def test_what_is_told_is_the_mean_over_the_steps_of_the_chunk(chunk, trained):
    _, report = chunk.run(first_state(), DATA, cursors(GAME, 0), jnp.int32(10))
    step, measured = trained[1][0]
    assert step == 10
    for name in MEASURED:
        assert measured[name] == float(np.asarray(report[name]).mean(dtype=np.float64)), name


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_divergence_names_what_was_measured_and_its_step(chunk, value):
    def diverging(*arguments: Any) -> tuple[TrainState, dict[str, jax.Array]]:
        state, report = chunk.run(*arguments)
        if int(state.step) > 10:
            report |= {"critic_gradient_norm": report["critic_gradient_norm"].at[3].set(value)}
            report |= {"maps_loss": report["maps_loss"].at[3].set(value)}
        return state, report

    with pytest.raises(DivergedError) as caught:
        list(train(GAME, dataclasses.replace(chunk, run=diverging), first_state(), DATA, 0))
    shown = "not a number" if np.isnan(value) else "infinite"
    assert str(caught.value) == f"training diverged: maps loss is {shown} at step 14."


def test_weights_that_are_not_finite_diverge_at_their_step(chunk):
    state = first_state()
    state.params[RIGHT]["bias"] = state.params[RIGHT]["bias"].at[0].set(np.nan)
    with pytest.raises(DivergedError, match=r"^training diverged: critic loss is not a number at step 1\.$"):
        list(train(GAME, chunk, state, DATA, 0))
