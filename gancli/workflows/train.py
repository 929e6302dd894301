"""``gancli train``: from a configuration to a run folder."""

import contextlib
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from gancli.compute import devices, hosts
from gancli.config import TrainConfig
from gancli.errors import DivergedError, Interrupted
from gancli.monitoring.best import Best
from gancli.monitoring.recorder import Recorder
from gancli.monitoring.verdict import Verdict
from gancli.reporting import Progress, Reporter, duration
from gancli.runs.folder import Run
from gancli.runs.lock import alone_in
from gancli.training.chunk import Chunk, compile_chunk
from gancli.training.feed import Data
from gancli.training.interrupts import StopRequest
from gancli.training.loop import train
from gancli.training.placement import COPIED, training_data
from gancli.training.state import TrainState
from gancli.training.streaming import Stream
from gancli.workflows.prepare import Prepared, prepare_new, prepare_resumed


@dataclass(frozen=True)
class TrainResult:
    """A finished run."""

    folder: Path
    steps: int  # generator updates in all
    images_seen: int
    seconds: float  # of this call's training, without compiling
    images_per_second: float
    seconds_to_compile: float
    working_bytes: int  # temporary memory of the compiled program
    peak_bytes: int | None  # the most that was in use, see :func:`gancli.compute.devices.peak_memory`
    last: Progress | None  # None where nothing was left to do
    evaluations: int = 0
    evaluation_seconds: float = 0.0  # of ``seconds``
    best: Best | None = None  # of the checkpoints that are kept
    verdict: Verdict | None = None  # where anything is known
    accuracies: dict[str, float] = field(default_factory=dict)  # of D, on data of both kinds and on samples
    spikes: int = 0  # gradients of all players far longer than usual, in the whole run
    null_spread: float | None = None  # of G's loss between batches of data, where G compares samples


def new_run(
    config: TrainConfig, outdir: Path, reporter: Reporter, *, data_dir: Path | None = None, overwrite: bool = False
) -> TrainResult:
    """Train a new run.

    Raises:
        GancliError: ``outdir`` is taken or in use, the data cannot be had, or something cannot be written.
        DivergedError: a loss or gradient was not finite.
        Interrupted: a signal stopped it; everything up to that step is saved.
    """
    if hosts.leads():
        Run.check_free(outdir, overwrite=overwrite)  # before the lock: nothing is put into a folder that is no run's
    with _keeping(outdir, reporter):
        return train_prepared(prepare_new(config, outdir, reporter, data_dir=data_dir, overwrite=overwrite), reporter)


def resume_run(
    outdir: Path,
    recipe: dict[str, Any],
    options: dict[str, Any],
    reporter: Reporter,
    *,
    data_dir: Path | None = None,
) -> TrainResult:
    """Continue a run from its newest whole checkpoint, bit for bit as if it had never stopped.

    Arguments and errors as in :func:`prepare_resumed`; and those of :func:`new_run`.
    """
    _ = Run.open(outdir)  # before the lock, which would make the folder
    with _keeping(outdir, reporter):
        return train_prepared(prepare_resumed(outdir, recipe, options, reporter, data_dir=data_dir), reporter)


@contextlib.contextmanager
def _keeping(outdir: Path, reporter: Reporter) -> Iterator[None]:
    """Lock and tidy a run's folder, where this process keeps the run."""
    if not hosts.leads():
        yield
        return
    with alone_in(outdir, reporter):
        Run.remove_unfinished(outdir)
        yield


def train_prepared(ready: Prepared, reporter: Reporter) -> TrainResult:
    """Train a run that is ready; errors as in :func:`new_run`."""
    game, start, end = ready.game, ready.start, ready.game.config.num_steps
    if start >= end:
        return _nothing_to_do(ready, reporter)
    placement = ready.placement
    if placement.where != COPIED:
        reporter.status(f"the data is {placement}")
    with training_data(game, ready.state.key, ready.setup.batches, start, end, placement) as data:
        return _train_on(data, ready, reporter)


def _train_on(data: Data | Stream, ready: Prepared, reporter: Reporter) -> TrainResult:
    game, state, start = ready.game, ready.state, ready.start
    chunk = compile_chunk(game, state, data)
    reporter.status(f"compiled in {duration(chunk.seconds_to_compile)}")
    began = time.perf_counter()
    last: Progress | None = None
    with StopRequest() as stop, _recording(ready, reporter) as recorder:
        if start == 0 and recorder:
            recorder.picture(state)
        reporter.start(game.config.num_steps, start)
        try:
            for state, last in train(game, chunk, state, data, start):  # noqa: B020 (the state moves on)
                reporter.progress(last)
                found = ready.monitor.measure(state) if ready.monitor and ready.monitor.is_due(last.step) else {}
                # Read once: what is said to be saved is what was saved. A signal to one process stops all.
                stopped_by = hosts.most(stop.signal_number or 0) or None
                if hosts.by_leader(partial(_record, recorder, state, last, found, stopping=stopped_by is not None)):
                    break
                _interrupt(stopped_by, last.step)
        except DivergedError as error:
            raise (recorder.explain(error) if recorder else error) from None
        best = recorder.best() if recorder else None
    reporter.end()
    if hosts.count() == 1:  # one that came with the last step
        _interrupt(stop.signal_number, last.step if last else start)
    result = _result(ready, last, chunk, time.perf_counter() - began)
    if recorder is None:
        return result
    return replace(
        result,
        best=best,
        verdict=recorder.verdict(),
        accuracies=recorder.accuracies,
        spikes=recorder.spikes(),
        null_spread=ready.probe.null_spread(),
    )


@contextlib.contextmanager
def _recording(ready: Prepared, reporter: Reporter) -> Iterator[Recorder | None]:
    """Yield what keeps the run; None in a process that another one leads."""
    if not hosts.leads():
        yield None
        return
    with ready.run.checkpoints(writable=True) as checkpoints:
        yield Recorder(ready.run, ready.game, ready.probe, checkpoints, reporter, ready.setup.shown)


def _record(
    recorder: Recorder | None,
    state: TrainState,
    progress: Progress,
    found: Mapping[str, dict[str, Any] | None],
    *,
    stopping: bool,
) -> bool:
    assert recorder is not None, "the leader has one"
    return recorder.record(state, progress, found, stopping=stopping)


def _interrupt(signal_number: int | None, step: int) -> None:
    if signal_number is not None:
        name = signal.Signals(signal_number).name
        raise Interrupted(f"stopped by {name} at step {step}; saved. Continue with --resume.", signal_number)


def _nothing_to_do(ready: Prepared, reporter: Reporter) -> TrainResult:
    config = ready.game.config
    reporter.status(f"'{ready.run.folder}' has its {config.num_steps} steps; nothing to do. Go further with --steps.")
    return TrainResult(
        folder=ready.run.folder,
        steps=ready.start,
        images_seen=ready.start * ready.game.domains[0].rows_per_step,
        seconds=0.0,
        images_per_second=0.0,
        seconds_to_compile=0.0,
        working_bytes=0,
        peak_bytes=devices.peak_memory(),
        last=None,
    )


def _result(ready: Prepared, last: Progress | None, chunk: Chunk, seconds: float) -> TrainResult:
    images_per_step = ready.game.domains[0].rows_per_step
    steps = last.step if last else ready.start
    evaluated = ready.monitor.seconds if ready.monitor else 0.0
    return TrainResult(
        folder=ready.run.folder,
        steps=steps,
        images_seen=steps * images_per_step,
        seconds=seconds,
        images_per_second=(steps - ready.start) * images_per_step / (seconds - evaluated),
        seconds_to_compile=chunk.seconds_to_compile,
        working_bytes=chunk.working_bytes,
        peak_bytes=devices.peak_memory(),
        last=last,
        evaluations=ready.monitor.count if ready.monitor else 0,
        evaluation_seconds=evaluated,
    )
