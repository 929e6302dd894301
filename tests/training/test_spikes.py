"""The guard against spikes: what it lets pass, what it cuts, and how it counts."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.training.spikes import LEAST_RATIO, WARM_UP, SpikeState, guard, spikes
from tests.playing import assert_close, assert_equal, run, small

GUARD: Any = guard(acts=True)
USUAL = np.exp(np.random.default_rng(0).normal(scale=0.2, size=400))  # lengths


@jax.jit
def meet(state: Any, lengths: Any) -> tuple[Any, jax.Array]:
    """Show the guard gradients ``(0.6, 0.8) * length`` one after another; return its state and what it let pass."""

    def one(state, length):
        gradients, state = GUARD.update({"a": 0.6 * length, "b": 0.8 * length[None]}, state)
        return state, jnp.array([gradients["a"], gradients["b"][0]])

    return jax.lax.scan(one, state, jnp.asarray(lengths, jnp.float32))


def begin() -> Any:
    return GUARD.init({})


def test_usual_gradients_pass_with_every_bit():
    state, passed = meet(begin(), USUAL)
    lengths = jnp.asarray(USUAL, jnp.float32)
    np.testing.assert_array_equal(passed, jnp.stack([0.6 * lengths, 0.8 * lengths], axis=1))
    assert int(state.spikes) == 0
    logarithms = np.log(USUAL)
    assert float(state.mean) == pytest.approx(logarithms.mean(), abs=0.1)
    assert float(state.variance) == pytest.approx(logarithms.var(), rel=0.5)


def test_the_first_updates_have_equal_weights():
    state, _ = meet(begin(), USUAL[:50])
    assert float(state.mean) == pytest.approx(np.log(USUAL[:50]).mean(), abs=1e-5)
    assert float(state.variance) == pytest.approx(np.log(USUAL[:50]).var(), abs=1e-5)


@pytest.mark.parametrize(("deviation", "tolerance"), [(0.5, 6 * 0.5), (0.01, np.log(LEAST_RATIO))])
def test_a_spike_keeps_its_direction_and_becomes_as_long_as_tolerated(deviation, tolerance):
    state = SpikeState(jnp.int32(WARM_UP), jnp.log(2.0), jnp.float32(deviation**2), jnp.int32(3), jnp.bool_(True))
    longest = 2 * np.exp(tolerance)
    for length, passes, spikes_then in ((0.99 * longest, 0.99 * longest, 3), (1000.0, longest, 4)):
        after, passed = meet(state, [length])
        np.testing.assert_allclose(passed[0], [0.6 * passes, 0.8 * passes], rtol=1e-5)
        assert int(after.spikes) == spikes_then
    watching, passed = meet(state._replace(acts=jnp.bool_(False)), [1000.0])
    np.testing.assert_allclose(passed[0], [600.0, 800.0], rtol=1e-6)
    assert_equal(watching._replace(acts=jnp.bool_(True)), after)  # noticed alike


def test_nothing_is_cut_before_there_is_a_usual_length():
    state, passed = meet(begin(), [*USUAL[: WARM_UP - 1], 1e6])
    assert int(state.spikes) == 0
    assert float(jnp.linalg.norm(passed[-1])) == pytest.approx(1e6, rel=1e-5)


def test_single_spikes_stay_spikes_and_a_lasting_change_becomes_usual():
    state, _ = meet(begin(), USUAL)
    assert int(meet(state, np.tile([*USUAL[:50], 1e4], 5))[0].spikes) == 5
    changed, passed = meet(state, 100 * USUAL)
    assert 1 <= int(changed.spikes) < 60
    np.testing.assert_allclose(np.linalg.norm(passed[-100:], axis=1), 100 * USUAL[-100:], rtol=1e-5)


@pytest.mark.parametrize("length", [0.0, np.nan, np.inf])
def test_what_has_no_length_tells_nothing(length):
    state, _ = meet(begin(), USUAL)
    after, _ = meet(state, [length])
    assert_equal(after, state)


@pytest.mark.parametrize("changes", [{"optimizer": "sgd"}, {"optimizer": "adam", "k": 2}], ids=str)
def test_a_healthy_game_is_the_same_with_a_guard_that_cuts_and_one_that_watches(changes):
    ends = {}
    for on_spike in ("cut", "warn", "ignore"):
        game, state = small(on_spike=on_spike, **changes)
        ends[on_spike] = run(game, state, 0, 8)
    (cut, report), (watched, others), (free, _) = ends.values()
    assert_equal((cut.params, report), (watched.params, others))
    assert_close(cut.params, free.params, atol=1e-5)
    for player in ("generator", "discriminator"):
        assert report[f"{player}_spikes"][:8].tolist() == [0.0] * 8


def test_a_chunk_counts_the_gradients_of_each_player_that_were_cut():
    game, state = small(on_spike="cut", k=2)
    guarded, rest = cast(Any, state.optimizers["discriminator"])
    guarded = guarded._replace(updates=jnp.int32(WARM_UP), mean=jnp.float32(-20.0))  # as if gradients had been tiny
    state = state._replace(optimizers=state.optimizers | {"discriminator": (guarded, rest)})
    state, report = run(game, state, 0, 3)
    assert report["discriminator_spikes"][:3].tolist() == [2.0, 2.0, 2.0]
    assert report["generator_spikes"][:3].tolist() == [0.0, 0.0, 0.0]
    assert int(spikes(state.optimizers["discriminator"])) == 6
