"""Chunks of steps until a run is done; between chunks, a report."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute.mesh import DeviceMesh
from gancli.errors import DivergedError
from gancli.games.adversarial import Batch, Cursor, Measurements, train_chunk, train_chunks
from gancli.games.pair import GAN, GANState
from gancli.losses.objective import Estimate
from gancli.training.streaming import Stream

Compiled = Callable[..., tuple[GANState, Measurements]]


@dataclass(frozen=True)
class Progress:
    """Where training stands after a chunk; measurements are means over the chunk's steps. Plain data."""

    step: int  # generator updates done
    images_seen: int  # real images met
    images_per_second: float  # of this chunk
    measured: dict[str, float]  # by the names of Measurements; of D's only where there is one
    reading: Estimate | None  # what the loss says of data and samples; None where the objective does not know
    shows: str  # what D's outputs are called

    @property
    def text(self) -> str:
        """The losses and what D makes of data and samples, in one line."""
        measured, word = self.measured, self.shows
        if "discriminator_loss" not in measured:
            return f"loss G {measured['generator_loss']:.3g}"
        return (
            f"loss D {measured['discriminator_loss']:.3f} G {measured['generator_loss']:.3f}  "
            f"{word}(real) {measured['d_real']:.2f} {word}(fake) {measured['d_fake']:.2f}"
        )

    def to_dict(self) -> dict[str, float | int]:
        """Return the line for ``metrics.jsonl``."""
        values = {"step": self.step, "images_seen": self.images_seen, "images_per_second": self.images_per_second}
        return values | self.measured | ({self.reading.key: self.reading.value} if self.reading else {})


@dataclass(frozen=True)
class Chunk:
    """The compiled program of a run: ``(state, data, cursor, num_steps)`` to the state and a report of each step."""

    run: Compiled
    working_bytes: int  # temporary memory of the program; 0 where the compiler does not tell
    seconds_to_compile: float


def compile_chunk(gan: GAN, state: GANState, data: Batch | Stream) -> Chunk:
    """Compile the program that every chunk of a run executes, or every part of a chunk where the data is streamed."""
    cursor, began = Cursor.at(0, gan), time.perf_counter()
    kind = data.layout if isinstance(data, Stream) else data
    capacity = gan.config.log_every  # however the data arrives: with another one, XLA rounds differently
    team = DeviceMesh(gan.num_devices)
    with team.at_work():
        state = jax.device_put(state, team.each())
        program = train_chunk.lower(gan, state, kind, cursor, jnp.int32(0), capacity=capacity).compile()
    return _measured(program, began)


def compile_chunks(gan: GAN, states: GANState, data: Batch) -> Chunk:
    """Compile the program that trains several states at once; see :func:`gancli.games.adversarial.train_chunks`."""
    capacity, began = gan.config.log_every, time.perf_counter()
    program = train_chunks.lower(gan, states, data, Cursor.at(0, gan), jnp.int32(0), capacity=capacity).compile()
    return _measured(program, began)


def _measured(program: jax.stages.Compiled, began: float) -> Chunk:
    analysis = program.memory_analysis()
    return Chunk(program, analysis.temp_size_in_bytes if analysis else 0, time.perf_counter() - began)


def chunk_ends(start: int, gan: GAN) -> Iterator[int]:
    """Yield the steps at which chunks end: every multiple of a cadence, and the last step."""
    config = gan.config
    cadences = [config.log_every, config.sample_every, config.checkpoint_every]
    cadences += [config.evaluate_every] if config.evaluate_every else []
    while start < config.num_steps:
        start = min(config.num_steps, *((start // cadence + 1) * cadence for cadence in cadences))
        yield start


def run_steps(
    gan: GAN, chunk: Chunk, state: GANState, data: Batch | Stream, start: int, end: int
) -> tuple[GANState, Measurements]:
    """Train from step ``start`` to ``end``, and wait; return the state, and NumPy's ``[end - start]`` of each report.

    Raises:
        GancliError: streamed data cannot be read any more.
    """
    reports: list[tuple[Measurements, int]] = []
    for part, first, last in data.parts(start, end) if isinstance(data, Stream) else [(data, start, end)]:
        state, report = chunk.run(state, part, Cursor.at(first, gan), jnp.int32(last - first))
        reports.append((report, last - first))
        if len(reports) > 1:
            jax.block_until_ready(reports[-2][0])  # else the host fills the device with blocks that wait their turn
    values = [jax.tree.map(lambda all_, count=count: np.asarray(all_)[:count], report) for report, count in reports]
    return state, jax.tree.map(lambda *parts: np.concatenate(parts), *values)


def train(
    gan: GAN, chunk: Chunk, state: GANState, data: Batch | Stream, start: int
) -> Iterator[tuple[GANState, Progress]]:
    """Train from step ``start`` to the configured end, yielding the state and a report after each chunk.

    A yielded state is only good until the next one is asked for: its buffers are reused.

    Raises:
        DivergedError: a loss or gradient was not finite; the message names it and the step.
        GancliError: streamed data cannot be read any more.
    """
    team = DeviceMesh(gan.num_devices)
    state = jax.device_put(state, team.each())
    for end in chunk_ends(start, gan):
        began = time.perf_counter()
        state, values = run_steps(gan, chunk, state, data, start, end)
        yield team.first(state), _progress(gan, values, start, end, time.perf_counter() - began)
        start = end


def train_together(
    gan: GAN, chunk: Chunk, states: GANState, data: Batch, start: int
) -> Iterator[tuple[GANState, list[Progress]]]:
    """Train several states at once, yielding them and a report of each; otherwise as :func:`train`.

    Raises:
        DivergedError: one of them diverged; the message names the first of them.
    """
    for end in chunk_ends(start, gan):
        began = time.perf_counter()
        states, report = chunk.run(states, data, Cursor.at(start, gan), jnp.int32(end - start))
        values = jax.tree.map(np.asarray, report)
        seconds = time.perf_counter() - began
        each = [jax.tree.map(lambda all_, i=i: all_[i], values) for i in range(len(values.generator_loss))]
        yield states, [_progress(gan, one, start, end, seconds) for one in each]
        start = end


def _progress(gan: GAN, report: Measurements, start: int, end: int, seconds: float) -> Progress:
    """Summarize the measurements of the steps from ``start`` to ``end``."""
    values = {name: np.asarray(part)[: end - start] for name, part in report._asdict().items()}
    _check_finite(values, first_step=start + 1)
    means = {name: float(part.mean(dtype=np.float64)) for name, part in values.items()}
    images, game = gan.config.k * gan.config.batch_size, gan.objective
    if game.discriminator is None:
        means = {name: mean for name, mean in means.items() if name.startswith("generator")}
    judge = "generator_loss" if game.discriminator is None else "discriminator_loss"
    return Progress(
        step=end,
        images_seen=end * images,
        images_per_second=(end - start) * images / seconds,
        measured=means,
        reading=game.reading(means[judge]) if game.reading else None,
        shows="D" if game.belief else game.shows[0],
    )


def _check_finite(report: dict[str, np.ndarray], first_step: int) -> None:
    bad = {
        name: int(np.argmin(np.isfinite(values))) for name, values in report.items() if not np.isfinite(values).all()
    }
    if bad:
        name = min(bad, key=bad.__getitem__)
        value = float(report[name][bad[name]])
        shown = "not a number" if math.isnan(value) else "infinite"
        raise DivergedError(f"training diverged: {name.replace('_', ' ')} is {shown} at step {first_step + bad[name]}.")
