"""A batch that two devices share against the same batch on one."""

import dataclasses
import functools
import re
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType

from gancli.compute import convolution, devices
from gancli.compute import mesh as parallel
from gancli.compute.convolution import Geometry, convolve
from gancli.compute.mesh import DeviceMesh, rows_of
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.models.catalog import architecture
from gancli.training.chunk import compile_chunk
from gancli.training.domain import Batch
from gancli.training.feed import cursors, next_batches
from gancli.training.placement import BY_MEMORY, COPIED, DIVIDED, Placement, training_data
from gancli.training.streaming import Stream
from gancli.workflows.setup import _on_this_machine
from tests.conftest import first_of
from tests.playing import MMD, as_numbers, assert_close, assert_equal, begin, play, train_on, train_streamed

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
DATA = {"data": Batch(IMAGES, np.arange(40, dtype=np.int32) % 3)}
CONFIG = TrainConfig(
    dataset="digits", batch_size=8, num_steps=6, log_every=4, latent_size=5, optimizer="sgd", penalty_weight=0.1
)
GAMES: list[dict[str, Any]] = [
    {"generator_widths": (6,), "discriminator_widths": (4,), "hidden_dropout": (0.5,), "instance_noise": 0.3, "k": 3},
    {
        "model": "dcgan",
        "base_channels": 4,
        "penalty": ("spectral-norm", "r1"),
        "conditional": True,
        "augment": ("translation",),
    },
    {"generator_widths": (6,), "discriminator_widths": (4,), **MMD},
]


def prepared(options: dict[str, Any], count: int) -> tuple[Any, Any, Any]:
    config = dataclasses.replace(CONFIG, **options, devices=count)
    game = play(config, (8, 8, 1), 40, class_counts=(14, 13, 13) if config.conditional else ())
    return game, begin(game, IMAGES), jax.device_put(DATA, DeviceMesh(count).each())


@pytest.fixture(scope="module", autouse=True)
def _small_parts():
    """Gather gradients of kernels in loops, as those of more and larger images are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "CACHED", 64)
        patch.setattr(convolution, "FEW", 1)
        yield


@functools.cache
def trained(index: int, count: int) -> tuple[Any, dict[str, float]]:
    """Return the last state of a game, and what was measured in the last steps."""
    game, state, data = prepared(GAMES[index], count)
    state, reports = train_on(game, state, data)
    return as_numbers(state), reports[-1][1]


@pytest.mark.parametrize("index", first_of(range(len(GAMES)), 2))
def test_two_devices_train_the_weights_of_one(index):
    (one, seen_by_one), (two, seen_by_two) = trained(index, 1), trained(index, 2)
    assert_close(one, two, rtol=1e-3, atol=1e-5)
    assert set(seen_by_one) == set(seen_by_two)
    for name, value in seen_by_one.items():
        assert seen_by_two[name] == pytest.approx(value, rel=1e-3, abs=1e-5), name


@pytest.mark.parametrize("index", [0, 2])
def test_two_devices_train_the_same_bits_with_divided_data(index):
    game, state, _ = prepared(GAMES[index], 2)
    with training_data(game, state.key, DATA, 0, game.config.num_steps, Placement(DIVIDED)) as data:
        chunk = compile_chunk(game, state, data)
        divided, reports = train_on(game, state, data, chunk=chunk)
    assert_equal(divided, trained(index, 2)[0])
    assert reports[-1][1] == trained(index, 2)[1]


@pytest.mark.parametrize("length", [8, 7, 1])
def test_rows_of_divided_arrays_are_those_of_the_whole(length):
    """Of numbers of rows that do not divide among the devices, too, and of every kind of number."""
    mesh, rows = DeviceMesh(2), np.array([6, 0, 3, 3, 4]) % length
    points = np.array([0.5, -1e-30, np.inf, 3, 0, 1, -2, np.nan], np.float32)
    whole = [one[:length] for one in (IMAGES[:8], np.arange(8, dtype=np.int32) - 3, points)]
    divided = mesh.divide(whole)
    assert [len(part.data) for part in divided[0].addressable_shards] == [-(-length // 2)] * 2
    with mesh.at_work():
        found = jax.jit(rows_of)(divided, rows)
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_array_equal(np.asarray(one), other[rows])


@pytest.mark.parametrize("index", [0, 2])
def test_two_devices_train_the_same_bits_streamed(index):
    game, state, _ = prepared(GAMES[index], 2)
    streamed, reports = train_streamed(game, state, DATA)
    assert_equal(streamed, trained(index, 2)[0])
    assert reports[-1][1] == trained(index, 2)[1]


@pytest.mark.parametrize("where", BY_MEMORY)
def test_two_devices_take_the_same_squares_of_larger_images(where):
    """The whole data on each, a part on each, and in blocks."""
    larger = {"data": Batch(np.random.default_rng(1).integers(0, 256, (40, 10, 10, 1), np.uint8), DATA["data"].labels)}
    compiled, found = jax.jit(next_batches, static_argnums=0), []
    for count, placed in ((1, COPIED), (2, where)):
        config = dataclasses.replace(CONFIG, **GAMES[0], mirror=True, devices=count)
        game, mesh = play(config, (8, 8, 1), 40), DeviceMesh(count)
        key = mesh.put(jax.random.key(0), mesh.each())
        with training_data(game, key, larger, 0, 6, Placement(placed)) as data, mesh.at_work():
            one = next(data.parts(0, 6))[0] if isinstance(data, Stream) else data
            found.append(as_numbers(compiled(game, key, one, cursors(game, 0), 1)))
    assert_equal(*found)


COLLECTIVE = re.compile(r"(all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter|collective-broadcast)\(")
CALLED = re.compile(r"(?:condition|body|calls|to_apply)=%?([\w.-]+)")


def compiled_text(program: Any) -> str:
    return program.as_text()


class Instruction(NamedTuple):
    name: str
    operands: set[str]
    called: list[str]
    meets: bool  # the other devices


def computations(program: str) -> dict[str, list[Instruction]]:
    """Read what XLA writes of a compiled program."""
    found: dict[str, list[Instruction]] = {}
    for line in program.splitlines():
        if begin := re.match(r"(?:ENTRY )?%?([\w.-]+) \(.*\{$", line):
            found[begin[1]] = []
        elif made := re.match(r"\s+(?:ROOT )?%?([\w.-]+) = .*?[\w-]\((.*)$", line):
            operands = set(re.findall(r"%([\w.-]+)", made[2].split("), ")[0]))
            found[list(found)[-1]].append(
                Instruction(made[1], operands, CALLED.findall(line), bool(COLLECTIVE.search(line)))
            )
    return found


def sums_beside_loops(program: str) -> tuple[int, list[str]]:
    """Return how many instructions meet other devices, and which of them may run beside a loop that does, too."""
    parts = computations(program)

    def meets(one: Instruction) -> bool:
        return one.meets or any(meets(other) for name in one.called for other in parts.get(name, []))

    total, loose = 0, []
    for instructions in parts.values():
        before: dict[str, set[str]] = {}  # what each waits for
        for one in instructions:
            before[one.name] = one.operands.union(*(before.get(operand, set()) for operand in one.operands))
        meeting = [one for one in instructions if meets(one)]
        total += sum(one.meets for one in meeting)
        loose += [
            f"{one.name} beside {loop.name}"
            for loop in meeting
            for one in meeting
            if not loop.meets
            and one != loop
            and loop.name not in before[one.name]
            and one.name not in before[loop.name]
        ]
    return total, loose


@pytest.mark.parametrize("options", GAMES)
def test_devices_meet_for_all_sums_in_one_order(options):
    game, state, data = prepared(options, 2)
    total, loose = sums_beside_loops(compiled_text(compile_chunk(game, state, data).run))
    assert total > 0
    assert not loose


def test_image_by_image_each_device_computes_its_own_maps_and_meets_the_others_for_the_kernel_alone(monkeypatch):
    monkeypatch.setattr(convolution, "CACHED", 2 * 6 * 6 * 4)  # an image at a time
    geometry, rng = Geometry(6, 6, 3, 1, 1), np.random.default_rng(0)
    x, kernel = (jnp.asarray(rng.integers(-2, 3, shape), jnp.float32) for shape in ((4, 6, 6, 4), (3, 3, 4, 4)))

    def slopes(x, kernel):
        x = parallel.divided(x)
        return jax.grad(lambda *both: jnp.sum(convolve(*both, geometry) ** 2) / 2, (0, 1))(x, kernel)

    alone = slopes(x, kernel)
    team = DeviceMesh(2)
    operands = jax.device_put((x, kernel), team.each())
    with team.at_work():
        shared = jax.jit(slopes, out_shardings=(team.parts(0), team.each())).lower(*operands).compile()
    total, loose = sums_beside_loops(compiled_text(shared))
    assert total == len(COLLECTIVE.findall(compiled_text(shared))) > 0
    assert set(COLLECTIVE.findall(compiled_text(shared))) == {"all-reduce"}
    assert not loose
    for one, two in zip(alone, shared(*operands), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_sum_beside_a_loop_of_sums_is_found_out():
    mesh = jax.make_mesh((2,), (parallel.AXIS,), (AxisType.Auto,))

    def loop(x):
        return jax.lax.fori_loop(0, 3, lambda _, total: total + jnp.sum(parallel.divided(x * total)), 1.0)

    with jax.set_mesh(mesh):
        apart = jax.jit(lambda x: (loop(x), jnp.sum(parallel.divided(x) ** 2))).lower(jnp.ones(4)).compile()
        after = jax.jit(lambda x: loop(x * jnp.sum(parallel.divided(x) ** 2))).lower(jnp.ones(4)).compile()
    assert len(sums_beside_loops(compiled_text(apart))[1]) == 1
    assert sums_beside_loops(compiled_text(after)) == (2, [])


def test_each_device_has_a_part_of_the_batch(monkeypatch):
    seen = []
    divided = parallel.divided

    def spy(tree: Any, axis: int = 0) -> Any:
        tree = divided(tree, axis)
        jax.debug.inspect_array_sharding(jax.tree.leaves(tree)[0], callback=lambda s: seen.append(s.num_devices))
        return tree

    monkeypatch.setattr("gancli.games.adversarial.divided", spy)
    compile_chunk(*prepared(GAMES[0] | {"latent_size": 7}, 2))
    assert set(seen) == {2}


@pytest.mark.parametrize(
    ("wanted", "even", "model", "count"),
    [
        (0, True, "mlp", 1),
        (2, True, "mlp", 2),
        (0, True, "dcgan", 2),
        (1, True, "dcgan", 1),
        (0, False, "dcgan", 1),
        (2, False, "dcgan", 2),
    ],
)
def test_how_many_devices_share_a_batch(wanted, even, model, count):
    assert devices.choose(wanted, even=even, convolves=architecture(model).convolves) == count


def test_one_core_is_one_device(monkeypatch):
    monkeypatch.setattr(jax, "local_devices", lambda: [object()])
    assert devices.choose(0, even=True, convolves=True) == 1


@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 2), ({"devices": 1}, 1), ({"batch_size": 7}, 1), ({"microbatch": 4}, 1), ({"model": "mlp"}, 1)],
)
def test_a_run_keeps_how_many_devices_it_is_to_have(options, count):
    config = dataclasses.replace(CONFIG, **{"model": "dcgan"} | options)
    nothing = {"loss": None, "model": None, "game": None}
    assert _on_this_machine(config, nothing).devices == count


def test_no_choice_counts_as_one_device():
    (state, seen), (chosen, seen_too) = (trained(2, count) for count in (1, 0))
    assert_equal(state, chosen)
    assert seen == seen_too


def test_more_devices_than_there_are_and_uneven_parts_are_refused():
    with pytest.raises(UsageError) as refused:
        DeviceMesh(3)
    assert str(refused.value) == "--devices must be at most the 2 of this machine, got 3."
    for options, message in (
        ({"devices": 3}, "--batch-size must be a multiple of --devices 3, got 8."),
        ({"devices": 4, "microbatch": 2}, "--microbatch must be 0 with --devices 4, got 2."),
        ({"devices": -1}, "--devices must be at least 0, got -1."),
    ):
        with pytest.raises(UsageError) as refused:
            dataclasses.replace(CONFIG, **options)
        assert str(refused.value) == message
