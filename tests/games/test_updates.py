"""Rules of updates on min max xy, of which every step is known; in the game, against steps written out by hand."""

import dataclasses
from functools import partial
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gancli.errors import UsageError
from gancli.games.catalog import UPDATES
from gancli.games.updates import Sides, advance, lookahead, under_rule, unrolled
from gancli.losses.catalog import LOSSES
from gancli.training.catalog import Pace
from gancli.training.game import update
from gancli.training.optimizers import learning_rate_schedule, optimistic
from gancli.training.player import Player
from gancli.training.state import TrainState, join_state, split_state
from tests.conftest import first_of
from tests.playing import IMAGES, SMALL, assert_close, assert_equal, run, small, step

UNIT = jnp.asarray(IMAGES / np.float32(255))
GENERATOR, DISCRIMINATOR = "generator", "discriminator"
START = np.array([1.0, 0.5])


def trajectory(rate: float, steps: int, *, unroll: int = 0, **changes: Any) -> np.ndarray:
    """Play min over x, max over y of xy by gradient descent; return x and y after each step ``[steps, 2]``.

    The generator is x, the discriminator y. With ``unroll``, x sees y after so many more steps.
    """
    config = dataclasses.replace(SMALL, momentum=0.0, **changes)
    graph: Any = None  # no network
    x, y = (under_rule(Player(name, graph, config, rate, Pace(1, 1)), config) for name in (GENERATOR, DISCRIMINATOR))

    def of_discriminator(state: TrainState) -> Any:
        return {DISCRIMINATOR: -state.params[GENERATOR]}, {}

    def of_generator(state: TrainState) -> Any:
        def value(x_now: jax.Array) -> jax.Array:
            start = state.params[DISCRIMINATOR], state.optimizers[DISCRIMINATOR]
            return x_now * unrolled(y.descend, *start, lambda *_: -x_now, unroll)

        return {GENERATOR: jax.grad(value)(state.params[GENERATOR])}, {}

    def of_both(state: TrainState) -> Any:
        return of_discriminator(state)[0] | of_generator(state)[0], {}

    toy: Any = SimpleNamespace(players=(x, y))
    params = {GENERATOR: jnp.float32(START[0]), DISCRIMINATOR: jnp.float32(START[1])}
    optimizers = {one.name: one.optimizer.init(params[one.name]) for one in toy.players}
    slow = params if config.lookahead else {}
    first = TrainState(jnp.int32(0), jax.random.key(0), params, {}, optimizers, slow)

    def one_step(state: TrainState, _: Any) -> tuple[TrainState, jax.Array]:
        sides = Sides(of_discriminator, of_generator, of_both)
        state, _ = UPDATES[config.updates](partial(update, toy), state, sides)
        if config.lookahead:
            state = lookahead(toy.players, state, config.lookahead)
        state = state._replace(step=state.step + 1)
        return state, jnp.stack([state.params[GENERATOR], state.params[DISCRIMINATOR]])

    _, points = jax.lax.scan(one_step, first, None, length=steps)
    return np.asarray(points, np.float64)


def powers(matrix: np.ndarray, steps: int) -> np.ndarray:
    return np.stack([np.linalg.matrix_power(matrix, number) @ START for number in range(1, steps + 1)])


def radius(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


ONE, TURN = np.eye(2), np.array([[0.0, 1.0], [-1.0, 0.0]])  # the field F(x, y) = (y, -x)


def test_one_player_advances_along_all_batches_but_the_last():
    config = dataclasses.replace(SMALL, momentum=0.0)
    graph: Any = None  # no network
    player = Player(DISCRIMINATOR, graph, config, 0.5, Pace(1, 4))
    weight = jnp.float32(2.0)
    params = {GENERATOR: jnp.float32(-1.0), DISCRIMINATOR: weight}
    state = TrainState(jnp.int32(3), jax.random.key(0), params, {}, {DISCRIMINATOR: player.optimizer.init(weight)}, {})
    seen = jnp.asarray([1.0, 10.0, 100.0, 1000.0])

    moved, last = advance(player, state, lambda weight, number, x: (0 * weight + number + 1) * x, seen)

    assert float(last) == 1000.0
    assert float(moved.params[DISCRIMINATOR]) == 2.0 - 0.5 * (1 * 1.0 + 2 * 10.0 + 3 * 100.0)
    assert float(moved.params[GENERATOR]) == -1.0
    assert int(moved.step) == 3


def test_simultaneous_steps_diverge():
    rate = 0.1
    points = trajectory(rate, 100, updates="simultaneous")
    np.testing.assert_allclose(points, powers(ONE - rate * TURN, 100), rtol=1e-4, atol=1e-5)
    grown = np.linalg.norm(points, axis=1) / np.linalg.norm(START)
    np.testing.assert_allclose(grown, (1 + rate**2) ** (np.arange(1, 101) / 2), rtol=1e-5)


def test_alternating_steps_stay_on_an_ellipse():
    """It is x² + y² + rate xy: the D that moves first is half a step ahead."""
    rate = 0.1
    points = trajectory(rate, 1000, updates="alternating")
    matrix = np.array([[1 - rate**2, -rate], [rate, 1.0]])
    assert radius(matrix) == pytest.approx(1.0)
    np.testing.assert_allclose(points, powers(matrix, 1000), atol=1e-3)

    def kept(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return x**2 + y**2 + rate * x * y

    np.testing.assert_allclose(kept(*points.T), kept(*START), rtol=1e-4)


def test_extragradient_converges_at_its_rate():
    rate = 0.3
    points = trajectory(rate, 100, updates="extragradient")
    np.testing.assert_allclose(points, powers(ONE - rate * TURN @ (ONE - rate * TURN), 100), rtol=1e-4, atol=1e-6)
    shrunk = np.linalg.norm(points, axis=1) / np.linalg.norm(START)
    np.testing.assert_allclose(shrunk, (1 - rate**2 + rate**4) ** (np.arange(1, 101) / 2), rtol=1e-4)


def test_optimistic_steps_converge_at_their_rate():
    rate = 0.3
    points = trajectory(rate, 200, updates="optimistic")
    both = np.block([[ONE - 2 * rate * TURN, rate * TURN], [ONE, np.zeros((2, 2))]])
    # The first update is doubled: as if there had been one of zero before.
    states = [np.concatenate([(ONE - 2 * rate * TURN) @ START, START])]
    for _ in range(199):
        states.append(both @ states[-1])
    np.testing.assert_allclose(points, np.stack(states)[:, :2], rtol=1e-3, atol=1e-5)
    expected = np.sqrt((1 + np.sqrt(1 - 4 * rate**2)) / 2)
    assert radius(both) == pytest.approx(expected)
    shrunk = np.linalg.norm(points[-1]) / np.linalg.norm(points[-101])
    assert shrunk ** (1 / 100) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(("alpha", "converges"), [(0.5, True), (1.0, False)])
def test_lookahead_turns_divergence_into_convergence(alpha, converges):
    rate, every = 0.3, 5
    points = trajectory(rate, 200, updates="simultaneous", lookahead=every, lookahead_alpha=alpha)
    whole = (1 - alpha) * ONE + alpha * np.linalg.matrix_power(ONE - rate * TURN, every)
    assert (radius(whole) < 1) == converges
    np.testing.assert_allclose(points[every - 1 :: every], powers(whole, 40), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(points[: every - 1], powers(ONE - rate * TURN, every - 1), rtol=1e-5)  # fast weights


def test_historical_averaging_converges_as_a_power_of_the_steps():
    """As complex numbers: after a start in which z = x + iy nears 2w/(2w - i) of the mean, both fall with it."""
    rate, weight = 0.1, 0.5
    points = trajectory(rate, 4000, updates="simultaneous", historical_weight=weight)
    z, mean, expected = complex(*START), 0.0 + 0.0j, []
    for number in range(4000):
        mean += (z - mean) / (number + 1)
        z = z * (1 + 1j * rate) - 2 * weight * rate * (z - mean)
        expected.append(z)
    np.testing.assert_allclose(points[:, 0] + 1j * points[:, 1], expected, rtol=1e-3, atol=1e-4)
    assert abs(1 + 1j * rate - 2 * weight * rate) < 1  # rate (1 + 4 w²) < 4 w: it does converge
    slope = np.log(abs(expected[-1]) / abs(expected[999])) / np.log(4)
    assert slope == pytest.approx(-1 / (1 + 4 * weight**2), abs=0.01)


@pytest.mark.parametrize("changes", [{}, {"updates": "optimistic"}], ids=str)
def test_historical_averaging_adds_to_the_gradients_before_the_optimizer(changes):
    config = dataclasses.replace(SMALL, historical_weight=0.25, optimizer="adam", **changes)
    graph: Any = None  # no network
    plain = dataclasses.replace(config, historical_weight=0.0)
    players = (under_rule(Player("x", graph, one, 0.1, Pace(1, 1)), one) for one in (config, plain))
    pulled, free = (one.optimizer for one in players)
    gradients = jax.random.normal(jax.random.key(0), (6, 3))
    params: Any = jnp.ones(3)
    seen: list[Any] = []
    state, other = pulled.init(params), free.init(params)
    for gradient in gradients:
        seen.append(params)
        expected, other = free.update(gradient + 0.5 * (params - sum(seen) / len(seen)), other, params)
        found, state = pulled.update(gradient, state, params)
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-5, atol=1e-6)
        params = params + found


@pytest.mark.parametrize("count", [1, 5])
def test_unrolled_steps_converge_at_their_rate(count):
    """D after K steps is y + K rate x, so that G descends xy + K rate x²."""
    rate = 0.1
    points = trajectory(rate, 100, updates="simultaneous", unroll=count)
    matrix = ONE - rate * TURN - np.array([[2 * count * rate**2, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(points, powers(matrix, 100), rtol=1e-3, atol=1e-5)
    assert radius(matrix) == pytest.approx(np.sqrt(1 - (2 * count - 1) * rate**2))


@pytest.mark.parametrize("inner", [optax.sgd(0.1), optax.adam(0.1)], ids=["sgd", "adam"])
def test_an_optimistic_update_is_twice_that_of_the_optimizer_minus_the_one_before(inner):
    gradients = jax.random.normal(jax.random.key(0), (10, 3))
    ahead: Any = optimistic(inner)
    plain: Any = inner
    state, own, last = ahead.init(gradients[0]), plain.init(gradients[0]), jnp.zeros(3)
    for gradient in gradients:
        found, state = ahead.update(gradient, state)
        expected, own = plain.update(gradient, own)
        np.testing.assert_allclose(found, 2 * expected - last, rtol=1e-5, atol=1e-7)
        last = expected


def test_optimistic_gradient_descent_is_that_of_optax_after_the_first_update():
    """There the first gradient counts as the one before it, too."""
    gradients = jax.random.normal(jax.random.key(0), (10, 3))
    ours: Any = optimistic(optax.sgd(0.1))
    theirs: Any = optax.optimistic_gradient_descent(0.1)
    state, other = ours.init(gradients[0]), theirs.init(gradients[0])
    for number, gradient in enumerate(gradients):
        found, state = ours.update(gradient, state)
        expected, other = theirs.update(gradient, other)
        np.testing.assert_allclose(found, expected if number else 2 * expected, rtol=1e-5, atol=1e-7)


SIMPLE: dict[str, Any] = {"input_dropout": 0.0, "hidden_dropout": (0.0,), "momentum": 0.0, "loss": "minimax"}
RATES = {GENERATOR: 0.1, DISCRIMINATOR: 0.05}


def values(game: Any, z: jax.Array) -> Any:
    """Return what D and what G minimize, of their weights: the paper's minimax game on the first images and latents."""

    def v(generator: Any, discriminator: Any) -> jax.Array:
        real = game.scores.discriminate(discriminator, UNIT[:8])
        fake = game.scores.discriminate(discriminator, game.draws.generate(generator, z))
        return jnp.mean(jax.nn.log_sigmoid(real)) + jnp.mean(jax.nn.log_sigmoid(-fake))

    return v


def latents(game: Any, state: TrainState, update_number: int) -> tuple[jax.Array, jax.Array]:
    """Return the latents of an update, and the key of its noise."""
    keys = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, state.step), update_number))
    return game.draws.latents(keys[0], 8), keys[1]


def moved(params: Any, gradients: Any, share: float = 1.0) -> Any:
    """Return both players after a step of gradient descent for G and ascent for D."""
    g, d = (jax.tree.map(lambda leaf: share * leaf, one) for one in gradients)
    return {
        GENERATOR: jax.tree.map(lambda p, one: p - RATES[GENERATOR] * one, params[GENERATOR], g),
        DISCRIMINATOR: jax.tree.map(lambda p, one: p + RATES[DISCRIMINATOR] * one, params[DISCRIMINATOR], d),
    }


def test_an_extragradient_step_takes_the_gradients_where_the_first_ones_lead():
    game, state = small(updates="extragradient", **SIMPLE)
    z, _ = latents(game, state, 0)
    field = jax.jit(jax.grad(values(game, z), argnums=(0, 1)))
    ahead = moved(state.params, field(state.params[GENERATOR], state.params[DISCRIMINATOR]))
    expected = moved(state.params, field(ahead[GENERATOR], ahead[DISCRIMINATOR]))
    after, _ = step(game, state, UNIT[None, :8])
    assert_close(after.params, expected, atol=1e-6)
    share = 1 - 1 / 10  # of the old average, at the first step
    average = jax.tree.map(lambda old, new: 0.1 * old + share * new, state.params[GENERATOR], expected[GENERATOR])
    assert_close(after.averages[GENERATOR], average, atol=1e-6)


def test_optimistic_steps_go_by_this_gradient_and_the_one_before():
    game, state = small(updates="optimistic", **SIMPLE)
    expected, before = state.params, None
    for number in range(2):
        state = state._replace(step=jnp.int32(number))
        z, _ = latents(game, state, 0)
        found = jax.jit(jax.grad(values(game, z), argnums=(0, 1)))(expected[GENERATOR], expected[DISCRIMINATOR])
        expected = moved(expected, found, 2.0)
        if before is not None:
            expected = moved(expected, before, -1.0)
        before = found
        state, _ = step(game, state, UNIT[None, :8])
    assert_close(state.params, expected, atol=1e-6)


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_an_unrolled_step_passes_through_the_updates_of_d(updates):
    """G descends V at D + K steps of gradient ascent, of which each depends on G; D moves one step."""
    game, state = small(updates=updates, unroll=3, **SIMPLE)
    ascent = jax.grad(values(game, latents(game, state, 0)[0]), argnums=1)
    d_found = ascent(state.params[GENERATOR], state.params[DISCRIMINATOR])
    new = jax.tree.map(lambda p, one: p + 0.05 * one, state.params[DISCRIMINATOR], d_found)
    z, _ = latents(game, state, 1 if updates == "alternating" else 0)
    v = values(game, z)

    def ahead(generator: Any) -> jax.Array:
        discriminator = new if updates == "alternating" else state.params[DISCRIMINATOR]
        for _ in range(3):
            found = jax.grad(v, argnums=1)(generator, discriminator)
            discriminator = jax.tree.map(lambda p, one: p + 0.05 * one, discriminator, found)
        return v(generator, discriminator)

    g_found = jax.jit(jax.grad(ahead))(state.params[GENERATOR])
    expected = jax.tree.map(lambda p, one: p - 0.1 * one, state.params[GENERATOR], g_found)
    after, _ = step(game, state, UNIT[None, :8])
    assert_close(after.params, {GENERATOR: expected, DISCRIMINATOR: new}, atol=1e-6)


def test_unrolled_updates_are_those_of_adam_with_its_moments():
    game, state = small(optimizer="adam", unroll=2, updates="simultaneous", **SIMPLE)
    _, seen = optax.adam(0.05, b1=0.0).update(
        jax.tree.map(jnp.ones_like, state.params[DISCRIMINATOR]), state.optimizers[DISCRIMINATOR]
    )
    state = state._replace(optimizers=state.optimizers | {DISCRIMINATOR: seen})
    v = values(game, latents(game, state, 0)[0])

    def ahead(generator: Any) -> jax.Array:
        discriminator, optimizer = state.params[DISCRIMINATOR], state.optimizers[DISCRIMINATOR]
        for _ in range(2):
            found = jax.tree.map(jnp.negative, jax.grad(v, argnums=1)(generator, discriminator))
            moves, optimizer = optax.adam(0.05, b1=0.0).update(found, optimizer)
            discriminator = optax.apply_updates(discriminator, moves)
        return v(generator, discriminator)

    value, found = jax.jit(jax.value_and_grad(ahead))(state.params[GENERATOR])
    _, measured = step(game, state, UNIT[None, :8])
    assert float(measured["generator_loss"]) == pytest.approx(float(value), rel=1e-4)
    norm = float(optax.tree.norm(found))
    assert float(measured["generator_gradient_norm"]) == pytest.approx(norm, rel=1e-3)


@pytest.mark.parametrize("optimizer", [optax.sgd(0.1), optax.adam(0.1)], ids=["sgd", "adam"])
def test_a_weight_that_has_no_gradient_leaves_no_gradient_infinite(optimizer):
    """Adam divides by the root of a moment, whose derivative at zero is infinite."""

    def descend(params: Any, state: Any, gradients: Any, _: Any) -> Any:
        moves, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, moves), state

    def value(x: jax.Array) -> jax.Array:
        start = jnp.ones(2)
        found = unrolled(descend, start, optimizer.init(start), lambda params, _: jnp.array([x, 0.0]) * params, 3)
        return jnp.sum(found**2)

    found = float(jax.grad(value)(jnp.float32(0.5)))
    assert np.isfinite(found)
    ends = [float(value(jnp.float32(0.5 + sign * 1e-2))) for sign in (1, -1)]
    assert found == pytest.approx((ends[0] - ends[1]) / 2e-2, rel=0.02, abs=1e-3)


def test_slow_weights_follow_both_players_every_few_steps():
    game, state = small(lookahead=3, lookahead_alpha=0.25, k=2, batch_size=6)
    plain, other = small(k=2, batch_size=6)
    assert set(state.slow) == {GENERATOR, DISCRIMINATOR}
    first = jax.tree.map(jnp.copy, state.slow)
    state, _ = run(game, state, 0, 2)
    other, _ = run(plain, other, 0, 2)
    assert_close((state.params, state.slow), (other.params, first), atol=1e-6)
    state, _ = run(game, state, 2, 3)
    other, _ = run(plain, other, 2, 3)
    expected = jax.tree.map(lambda slow, fast: 0.75 * slow + 0.25 * fast, first, other.params)
    assert_close((state.params, state.slow), (expected, expected), atol=1e-6)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].discriminator])
def test_zero_sum_losses_are_those_whose_g_maximizes_what_d_minimizes(name):
    loss: Any = LOSSES[name]
    if loss.compares != "outputs" or loss.uses_margin:
        assert not loss.zero_sum
        return
    outputs = jax.random.normal(jax.random.key(0), (2, 6))
    d, g = (jax.grad(half, argnums=1)(*outputs) for half in (loss.discriminator, loss.generator))
    assert loss.zero_sum == np.allclose(g, -d, atol=1e-6)


SLOW = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
VARIANTS = [
    {"updates": "extragradient", "optimizer": "adam", "historical_weight": 0.1},
    {"updates": "optimistic", "optimizer": "adam", "k": 2, "lookahead": 4},
    {"unroll": 2, "optimizer": "adam", "instance_noise": 0.1, "on_spike": "cut"} | SLOW,
    {"unroll": 1, "lookahead": 3, "penalty": ("spectral-norm",), "loss": "hinge", "max_column_norm": 0.5} | SLOW,
]


@pytest.mark.parametrize("changes", first_of(VARIANTS, 2), ids=str)
def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(changes):
    """Through what a checkpoint holds: last updates, slow weights and means are in it."""
    game, first = small(**changes)
    copied = jax.tree.map(jnp.copy, first)
    whole, report = run(game, first, 0, 10)
    assert all(np.isfinite(leaf).all() for leaf in report.values())
    half, _ = run(game, copied, 0, 4)
    both, _ = run(game, join_state(split_state(half)), 4, 10)
    assert_equal(whole, both)


def test_a_gradient_passes_through_parts_of_a_batch_and_penalties():
    """Derivatives of third order: of R1, by D's weights, by G's."""
    changes = {"unroll": 1, "loss": "relativistic", "penalty": ("r1",), **SIMPLE, **SLOW} | {"loss": "relativistic"}
    found = []
    for microbatch in (0, 4):
        game, state = small(microbatch=microbatch, **changes)
        found.append(step(game, state, UNIT[None, :8])[1])
    assert_close(found[0], found[1], rtol=1e-4)


def test_a_checkpoint_without_slow_weights_is_that_of_earlier_versions():
    _, state = small()
    assert set(split_state(state)["training"]) == {"step", "key", "optimizers"}


def test_rates_fall_per_step_also_where_a_step_moves_twice():
    config = dataclasses.replace(SMALL, learning_rate_divisor=1.1, num_steps=20, final_rate=0.5)
    graph: Any = None
    both = config, dataclasses.replace(config, updates="extragradient")
    once, twice = (under_rule(Player("x", graph, one, 0.1, Pace(5, 20)), one) for one in both)
    assert twice.pace == Pace(10, 40, 2)
    plain: Any = learning_rate_schedule(0.1, config, once.pace)
    double: Any = learning_rate_schedule(0.1, config, twice.pace)
    for number in (0, 5, 10):
        assert float(double(2 * number)) == pytest.approx(float(plain(number)), rel=0.02)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"updates": "extragradient", "k": 5},
            "--updates extragradient moves both players at once; got --k 5. Leave out --k, or choose another order of "
            "updates.",
        ),
        (
            {"unroll": 5, "loss": "perceptual"},
            "--unroll 5 needs a loss of G that depends on D; --loss perceptual does not. Leave it out.",
        ),
        (
            {"updates": "both"},
            "--updates must be one of alternating, simultaneous, extragradient, optimistic, got 'both'.",
        ),
        ({"historical_weight": -0.1}, "--historical-weight must be at least 0, got -0.1."),
        ({"lookahead": -1}, "--lookahead must be at least 0, got -1."),
        ({"lookahead": 2, "lookahead_alpha": 0.0}, "--lookahead-alpha must be in (0, 1], got 0.0."),
    ],
)
def test_what_makes_no_sense_is_refused(changes, message):
    with pytest.raises(UsageError) as error:
        small(**changes)
    assert str(error.value) == message
