"""Chunks of steps until a run is done; between chunks, a report."""

import math
import time
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute import hosts
from gancli.compute.mesh import DeviceMesh
from gancli.config import TrainConfig
from gancli.errors import DivergedError
from gancli.reporting import Progress
from gancli.training.chunk import Chunk
from gancli.training.feed import Data, cursors
from gancli.training.game import Game
from gancli.training.spikes import COUNT
from gancli.training.state import TrainState
from gancli.training.streaming import Stream

Values = dict[str, np.ndarray]  # what was measured in each of some steps


def is_pictured(step: int, config: TrainConfig) -> bool:
    """Return whether a picture is kept of a step: of step 0, every ``sample_every``, and 10, 30, 100, 300 ... before.

    In its first steps a game moves fastest.
    """
    return step % config.sample_every == 0 or step in _early(config)


def _early(config: TrainConfig) -> list[int]:
    """Return the steps of pictures between step 0 and the first regular one."""
    decades = range(1, len(str(config.sample_every)))
    return [step for decade in decades for step in (10**decade, 3 * 10**decade) if step < config.sample_every]


def chunk_ends(start: int, game: Game) -> Iterator[int]:
    """Yield the steps at which chunks end: every multiple of a cadence, of early pictures, and the last step."""
    config = game.config
    cadences = [config.log_every, config.sample_every, config.checkpoint_every]
    cadences += [config.evaluate_every] if config.evaluate_every else []
    early = _early(config)
    while start < config.num_steps:
        regular = ((start // cadence + 1) * cadence for cadence in cadences)
        start = min(config.num_steps, *regular, *(step for step in early if step > start))
        yield start


def run_steps(
    game: Game, chunk: Chunk, state: TrainState, data: Data | Stream, start: int, end: int
) -> tuple[TrainState, Values]:
    """Train from step ``start`` to ``end``, and wait; return the state, and NumPy's ``[end - start]`` of each report.

    Raises:
        GancliError: streamed data cannot be read any more.
    """
    reports = []
    for part, first, last in data.parts(start, end) if isinstance(data, Stream) else [(data, start, end)]:
        state, report = chunk.run(state, part, cursors(game, first), jnp.int32(last - first))
        reports.append((report, last - first))
        if len(reports) > 1:
            jax.block_until_ready(reports[-2][0])  # else the host fills the device with blocks that wait their turn
    values = [jax.tree.map(lambda all_, count=count: np.asarray(all_)[:count], report) for report, count in reports]
    return state, jax.tree.map(lambda *parts: np.concatenate(parts), *values)


def train(
    game: Game, chunk: Chunk, state: TrainState, data: Data | Stream, start: int
) -> Iterator[tuple[TrainState, Progress]]:
    """Train from step ``start`` to the configured end, yielding the state and a report after each chunk.

    A yielded state is only good until the next one is asked for: its buffers are reused.

    Raises:
        DivergedError: something measured was not finite; the message names it and the step.
        GancliError: streamed data cannot be read any more.
    """
    mesh = DeviceMesh(game.config.devices)
    state = mesh.put(hosts.from_leader(state), mesh.each())
    for end in chunk_ends(start, game):
        began = time.perf_counter()
        state, values = run_steps(game, chunk, state, data, start, end)
        yield mesh.first(state), _progress(game, values, start, end, time.perf_counter() - began)
        start = end


def _progress(game: Game, values: Values, start: int, end: int, seconds: float) -> Progress:
    """Summarize what was measured in the steps from ``start`` to ``end``."""
    names = sorted(values, key=lambda name: "loss" not in name)  # losses first: of equals, a divergence is theirs
    _check_finite({name: values[name] for name in names}, first_step=start + 1)
    measured = {name: float(_summary(name, values[name])) for name in names}
    measured |= game.derived(measured)
    images = game.domains[0].rows_per_step
    return Progress(
        step=end,
        images_seen=end * images,
        images_per_second=(end - start) * images / seconds,
        measured=measured,
        text=game.told(measured),
        concluded=game.concluded(measured),
    )


def _summary(name: str, values: np.ndarray) -> np.float64:
    return values.sum(dtype=np.float64) if name.endswith(COUNT) else values.mean(dtype=np.float64)


def _check_finite(report: Values, first_step: int) -> None:
    bad = {
        name: int(np.argmin(np.isfinite(values))) for name, values in report.items() if not np.isfinite(values).all()
    }
    if bad:
        name = min(bad, key=bad.__getitem__)
        value = float(report[name][bad[name]])
        shown = "not a number" if math.isnan(value) else "infinite"
        raise DivergedError(f"training diverged: {name.replace('_', ' ')} is {shown} at step {first_step + bad[name]}.")
