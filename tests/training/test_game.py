"""The engine on a game of three players and two domains, which it knows nothing of."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import DivergedError
from gancli.salts import ORDER
from gancli.training import streaming
from gancli.training.chunk import Chunk, compile_chunk, train_chunk
from gancli.training.domain import Batch, Domain
from gancli.training.feed import cursors, next_batches, order_key
from gancli.training.game import begin, layout, update
from gancli.training.loop import train
from gancli.training.state import TrainState, join_state, split_state
from gancli.training.streaming import Stream
from tests.playing import IMAGES, LABELS, SMALL, as_numbers, assert_equal, run, train_on, train_streamed
from tests.toy import CRITIC, LEFT, RIGHT, Toy

POINTS = np.random.default_rng(1).normal(size=(12, 2)).astype(np.float32)
ON_HOST = {"images": Batch(IMAGES, LABELS), "points": Batch(POINTS, np.zeros(12, np.int32))}
DATA = jax.tree.map(jnp.asarray, ON_HOST)
DOMAINS = (Domain("images", (4, 4, 1), True, 20, (2, 4)), Domain("points", (2,), False, 12, (8,)))
RATES = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
CONFIG = dataclasses.replace(SMALL, num_steps=25, sample_every=100, checkpoint_every=100, **RATES)
GAME = Toy.build(CONFIG, DOMAINS)
MEASURED = {"critic_loss", "maps_loss", "critic_gradient_norm", "labels"}


def first_state(game: Toy = GAME) -> TrainState:
    return begin(game, {"images": np.full((4, 4, 1), 0.5), "points": np.zeros(2)})


@pytest.fixture(scope="module")
def chunk() -> Chunk:
    return compile_chunk(GAME, first_state(), DATA)


@pytest.fixture(scope="module")
def trained(chunk: Chunk) -> tuple[TrainState, list[tuple[int, Any]]]:
    return train_on(GAME, first_state(), DATA, chunk=chunk)


def test_the_first_state_has_the_players_and_the_averages_of_those_that_have_one():
    state = first_state()
    assert set(state.params) == set(state.optimizers) == {LEFT, RIGHT, CRITIC}
    assert set(state.averages) == {LEFT, RIGHT}
    assert_equal(state.averages, {name: state.params[name] for name in (LEFT, RIGHT)})
    assert int(state.step) == 0
    kinds = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), (layout(GAME), state))
    assert kinds[0] == kinds[1]


def test_the_seed_decides_the_first_state():
    other = Toy.build(dataclasses.replace(CONFIG, seed=1), DOMAINS)
    assert_equal(first_state(), first_state())
    one, another = (as_numbers(state.params[LEFT]["kernel"]) for state in (first_state(), first_state(other)))
    assert not np.array_equal(one, another)


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


@pytest.mark.parametrize("steps", [2, 4, 10])
def test_a_stream_trains_the_same_weights_as_the_whole(monkeypatch, trained, steps):
    step_bytes = 8 * sum(part[:1].nbytes for batch in ON_HOST.values() for part in batch)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", steps * step_bytes)
    with_blocks = Stream(GAME, first_state().key, ON_HOST, 0, 25)
    assert with_blocks.steps == steps
    with_blocks.close()
    state, reports = train_streamed(GAME, first_state(), ON_HOST)
    assert_equal(state, trained[0])
    assert reports == trained[1]


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


def test_each_domain_has_an_order_of_its_own_and_an_epoch_shows_every_example_once():
    key = first_state().key
    assert_equal(order_key(key, 0), jax.random.fold_in(key, ORDER))  # of one domain as of the first of several
    assert_equal(order_key(key, 1), jax.random.fold_in(jax.random.fold_in(key, ORDER), 1))
    numbered = {
        "images": Batch(DATA["images"].examples, jnp.arange(20)),
        "points": Batch(DATA["points"].examples, jnp.arange(12)),
    }
    compiled = jax.jit(next_batches, static_argnums=0)
    seen: dict[str, list[int]] = {"images": [], "points": []}
    for step in range(15):
        batches = compiled(GAME, key, numbered, cursors(GAME, step), 0)
        assert_equal(batches, compiled(GAME, key, numbered, cursors(GAME, 0), step))
        for domain in DOMAINS:
            batch = batches[domain.name]
            assert batch.examples.shape == (*domain.rows, *domain.shape)
            rows = np.asarray(batch.labels).ravel()
            seen[domain.name] += rows.tolist()
            examples = np.asarray(batch.examples).reshape(8, *domain.shape)
            np.testing.assert_array_equal(examples, np.asarray(domain.to_model(ON_HOST[domain.name].examples))[rows])
    for domain in DOMAINS:
        count = domain.num_examples
        epochs = [seen[domain.name][start : start + count] for start in range(0, 120, count)]
        assert all(sorted(epoch) == list(range(count)) for epoch in epochs)
        assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_two_domains_of_one_size_are_not_shown_in_one_order():
    twins = (DOMAINS[1], dataclasses.replace(DOMAINS[1], name="others"))
    game = Toy.build(CONFIG, twins)
    data = {domain.name: Batch(DATA["points"].examples, jnp.arange(12)) for domain in twins}
    batches = next_batches(game, first_state().key, data, cursors(game, 0), 0)
    assert not np.array_equal(batches["points"].labels, batches["others"].labels)


@pytest.mark.parametrize("moved", [(CRITIC,), (LEFT, RIGHT), (RIGHT,)], ids=str)
def test_only_the_named_players_move_and_their_averages(moved):
    state = first_state()
    state = state._replace(step=jnp.int32(3))
    gradients = {name: jax.tree.map(jnp.ones_like, state.params[name]) for name in moved}
    after = update(GAME, state, gradients, jnp.asarray(1.0))
    assert_equal((after.step, after.key), (state.step, state.key))
    players = {player.name: player for player in GAME.players}
    for name in (LEFT, RIGHT, CRITIC):
        if name not in moved:
            assert_equal(after.params[name], state.params[name])
            assert_equal(after.optimizers[name], state.optimizers[name])
            if name in state.averages:
                assert_equal(after.averages[name], state.averages[name])
            continue
        player, before = players[name], state.params[name]
        params, optimizer = player.descend(before, state.optimizers[name], gradients[name], jnp.asarray(1.0))
        assert not np.array_equal(params["kernel"], before["kernel"])
        assert_equal((after.params[name], after.optimizers[name]), (params, optimizer))
        if player.averaged:
            assert_equal(after.averages[name], player.average(state.step, params, state.averages[name]))
            assert not np.array_equal(after.averages[name]["kernel"], state.averages[name]["kernel"])
    assert set(after.averages) == {LEFT, RIGHT}


def test_equal_games_share_a_program():
    program: Any = train_chunk
    run(GAME, first_state(), 0, 1, DATA)
    before = program._cache_size()
    run(Toy.build(CONFIG, DOMAINS), first_state(), 0, 3, DATA)
    assert program._cache_size() == before
