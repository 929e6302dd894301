"""Several runs: in processes of their own on a CPU, one after another on an accelerator."""

import contextlib
import json
import os
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gancli.config import TrainConfig
from gancli.errors import GancliError, Interrupted
from gancli.files import write_atomically
from gancli.monitoring.best import Best
from gancli.recipes.request import MEASURED, Budget
from gancli.reporting import Progress, Reporter, Silence
from gancli.runs.folder import CONFIG, Run
from gancli.runs.lock import alone_in
from gancli.training.interrupts import StopRequest
from gancli.workflows import processes
from gancli.workflows.budget import within
from gancli.workflows.train import TrainResult, new_run, resume_run

CORES_PER_RUN = 2  # one run alone keeps two cores busy; what more give it is less than another run makes of them
Outcome = TrainResult | GancliError  # what becomes of a run
PATIENCE = 0.5  # seconds between two looks at whether somebody wants it all to stop


@dataclass(frozen=True)
class Goal:
    """A run that is to be, or to go on to be, what its configuration says."""

    config: TrainConfig
    folder: Path


def with_steps(
    goals: Sequence[Goal],
    reporter: Reporter,
    *,
    budget: Budget | None,
    said: Collection[str],
    data_dir: Path | None,
    overwrite: bool,
) -> list[Goal]:
    """Return runs with their steps, where a time decides them: measured with the first run, once for all.

    Where one of the runs has begun, its steps are those of all: another measurement could give others.

    Args:
        goals: the runs.
        reporter: hears what was measured, or whose steps are taken.
        budget: how long a run may take; None: no time decides the steps.
        said: fields that the user set.
        data_dir: where the data lies.
        overwrite: the runs that are there will be replaced, and do not count.

    Raises:
        GancliError: the data cannot be had, or the record of a run is damaged.
    """
    if budget is None:
        return list(goals)
    begun = [goal.folder for goal in goals if (goal.folder / CONFIG).is_file()]
    if begun and not overwrite:
        reporter.status(f"steps as in '{begun[0]}'; no time is measured")
        measured: TrainConfig = Run.open(begun[0]).record.config
    else:
        first = goals[0].config
        measured = within(first, budget.seconds, said, reporter, data_dir, most_steps=budget.most_steps)
    decided = {name: getattr(measured, name) for name in MEASURED if name not in said}
    return [replace(goal, config=replace(goal.config, **decided)) for goal in goals]


def train_towards(goal: Goal, reporter: Reporter, data_dir: Path | None, *, overwrite: bool = False) -> TrainResult:
    """Begin the run, or go on with the one that is there; with ``overwrite``, replace it.

    Raises:
        UsageError: the run that is there has another configuration.
        GancliError, DivergedError, Interrupted: as in training; what was trained stays.
    """
    if overwrite or not (goal.folder / CONFIG).is_file():
        return new_run(goal.config, goal.folder, reporter, data_dir=data_dir, overwrite=overwrite)
    return resume_run(goal.folder, {}, goal.config.to_dict(), reporter, data_dir=data_dir)


def train_all(
    goals: Sequence[Goal],
    reporter: Reporter,
    data_dir: Path | None,
    *,
    overwrite: bool = False,
    how: str | None = None,
) -> list[TrainResult]:
    """Train several runs.

    On a CPU in processes of their own, as many at a time as its cores feed; else one after another.

    Args:
        goals: the runs.
        reporter: receives progress.
        data_dir: where the data lies.
        overwrite: replace the runs that are there.
        how: ``processes`` or ``in turn``; by default what suits machine and runs.

    Raises:
        Interrupted: a signal stopped it; every run is saved where it was.
        GancliError: a run failed; those beside it were stopped and saved.
    """
    results: dict[int, TrainResult] = {}

    def ended(index: int, outcome: Outcome) -> None:
        assert isinstance(outcome, TrainResult), "a failure is raised"
        results[index] = outcome

    _train(goals, reporter, data_dir, overwrite=overwrite, how=how, keep_going=False, ended=ended)
    return [results[index] for index in range(len(goals))]


def try_all(
    goals: Sequence[Goal],
    reporter: Reporter,
    data_dir: Path | None,
    *,
    ended: Callable[[int, Outcome], None],
    overwrite: bool = False,
    how: str | None = None,
) -> None:
    """Train several runs as :func:`train_all` does, and go on where one fails.

    Args:
        goals, reporter, data_dir, overwrite, how: as there.
        ended: is called when a run has ended, with its place among the goals and what became of it.

    Raises:
        Interrupted: a signal stopped it; every run is saved where it was.
    """
    _train(goals, reporter, data_dir, overwrite=overwrite, how=how, keep_going=True, ended=ended)


def _train(
    goals: Sequence[Goal],
    reporter: Reporter,
    data_dir: Path | None,
    *,
    overwrite: bool,
    how: str | None,
    keep_going: bool,
    ended: Callable[[int, Outcome], None],
) -> None:
    how = how or _what_suits(goals)
    if how == "processes":
        workers = max((os.cpu_count() or 1) // CORES_PER_RUN, 2)
        _in_processes(goals, reporter, data_dir, workers, overwrite=overwrite, keep_going=keep_going, ended=ended)
        return
    for index, goal in enumerate(goals):
        if len(goals) > 1:
            reporter.status(f"run {index + 1} of {len(goals)}: {goal.folder}")
        try:
            outcome = train_towards(goal, reporter, data_dir, overwrite=overwrite)
        except Interrupted:
            raise
        except GancliError as error:
            if not keep_going:
                raise
            reporter.warning(f"{goal.folder}: {error}")
            outcome = error
        ended(index, outcome)


def _what_suits(goals: Sequence[Goal]) -> str:
    cores = os.cpu_count() or 1
    several = len(goals) > 1 and jax.default_backend() == "cpu" and cores >= 2 * CORES_PER_RUN
    return "processes" if several else "in turn"


class _Relay:
    """Tells another process how far a run is. When that is gone, the run saves and stops, as at a SIGTERM."""

    def __init__(self, connection: Connection):
        self._connection = connection

    def status(self, message: str) -> None:
        """Keep it: many runs talking at once tell nobody anything."""

    def warning(self, message: str) -> None:
        """Pass it on."""
        self._send("warning", message)

    def start(self, num_steps: int, step: int) -> None:
        """Keep it."""

    def progress(self, progress: Progress) -> None:
        """Pass the step on."""
        self._send("step", progress.step)

    def evaluated(self, step: int, cells: Mapping[str, str], *, best: bool) -> None:
        """Keep it: it stays in the run's folder."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Keep it."""

    def end(self) -> None:
        """Keep it."""

    def _send(self, kind: str, content: object) -> None:
        try:
            self._connection.send((kind, content))
        except BrokenPipeError:
            signal.raise_signal(signal.SIGTERM)


def _run_alone(connection: Connection, goal: Goal, data_dir: Path | None, overwrite: bool) -> TrainResult:
    """Train one run in a process of its own."""
    return train_towards(goal, _Relay(connection), data_dir, overwrite=overwrite)


def _in_processes(
    goals: Sequence[Goal],
    reporter: Reporter,
    data_dir: Path | None,
    workers: int,
    *,
    overwrite: bool,
    keep_going: bool,
    ended: Callable[[int, Outcome], None],
) -> None:
    waiting = list(range(len(goals)))
    running: dict[Any, tuple[int, Any]] = {}
    steps = [0] * len(goals)
    failure: GancliError | None = None
    stopping = False
    total = sum(goal.config.num_steps for goal in goals)
    reporter.status(f"{len(goals)} runs, {workers} at a time")

    def stop_all() -> None:
        nonlocal stopping
        if not stopping:  # a second SIGTERM would not let them save
            stopping = True
            waiting.clear()
            for _, process in running.values():
                process.terminate()  # SIGTERM: it saves and ends

    with StopRequest() as stop, contextlib.ExitStack() as leaving:
        leaving.callback(stop_all)  # also at a second Ctrl-C, which waits for nothing
        while waiting or running:
            while waiting and len(running) < workers:
                index = waiting.pop(0)
                connection, process = processes.start(_run_alone, goals[index], data_dir, overwrite)
                running[connection] = (index, process)
            ready: list[Any] = wait(list(running), timeout=PATIENCE)
            for connection in ready:
                index, process = running[connection]
                kind: str
                content: Any
                try:
                    kind, content = connection.recv()
                except (EOFError, OSError):  # killed, the latter within a message
                    kind, content = "failed", ("its process died without a word", 1)
                if kind == "step":
                    steps[index] = content
                    reporter.advance("steps", sum(steps), total)
                    continue
                if kind == "warning":
                    reporter.warning(f"{goals[index].folder}: {content}")
                    continue
                if kind == "result":
                    ended(index, content)
                elif kind == "failed" and not stopping:
                    failed = GancliError(content[0])
                    failed.exit_code = content[1]
                    if keep_going:
                        reporter.warning(f"{goals[index].folder}: {failed}")
                        ended(index, failed)
                    else:
                        failure = GancliError(f"{goals[index].folder}: {failed}")
                        failure.exit_code = failed.exit_code
                process.join()
                del running[connection]
            if stop.signal_number or failure:
                stop_all()
    if failure:
        raise failure
    if stop.signal_number:
        raise Interrupted(
            "stopped; every run is saved. Continue with --resume (reproduce and sweep: the same command).",
            stop.signal_number,
        )


def train_seeds(
    configs: Sequence[TrainConfig],
    outdir: Path,
    reporter: Reporter,
    *,
    budget: Budget | None = None,
    said: Collection[str] = (),
    data_dir: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Train a run for each configuration, which differ in their seeds, and summarize them in ``summary.json``.

    Args:
        configs: of the runs; they go to ``outdir/seed<seed>``.
        outdir: gets the runs and the summary.
        reporter: receives progress.
        budget, said: as of :func:`with_steps`.
        data_dir: where the data lies.
        resume: go on with the runs that are there.
        overwrite: replace the runs that are there.

    Returns:
        ``runs``, their folders; ``best``, the fields of the :class:`Best` of each, None where nothing was evaluated;
        ``verdicts``, the name of the verdict on each, None where nothing is known; and ``metrics``: mean, standard
        deviation and count of every number in the last line of the runs' metrics. What a run lacks is left out and not
        counted.

    Raises:
        GancliError: a folder is taken or in use, or a run failed; those beside it were stopped and saved.
        Interrupted: a signal stopped it; every run is saved where it was.
    """
    goals = [Goal(config, outdir / f"seed{config.seed}") for config in configs]
    for goal in goals:
        if not resume:
            Run.check_free(goal.folder, overwrite=overwrite)
        if (goal.folder / CONFIG).is_file():
            with alone_in(goal.folder, Silence()):  # of none is anything replaced while another is in use
                pass
    goals = with_steps(goals, reporter, budget=budget, said=said, data_dir=data_dir, overwrite=overwrite)
    results = train_all(goals, reporter, data_dir, overwrite=overwrite)
    runs = [Run.open(goal.folder) for goal in goals]
    lines = [dict(numbers_of(run.metrics()[-1])) for run in runs]
    metrics = {}
    for name in dict.fromkeys(name for line in lines for name in line):
        values = [line[name] for line in lines if name in line]
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
        metrics[name] = {"mean": float(np.mean(values)), "standard_deviation": spread, "count": len(values)}
    summary = {
        "runs": [str(goal.folder) for goal in goals],
        "best": [_best(run) for run in runs],
        "verdicts": [result.verdict.name if result.verdict else None for result in results],
        "metrics": metrics,
    }
    write_atomically(outdir / "summary.json", json.dumps(summary, indent=2) + "\n")
    return summary


def _best(run: Run) -> dict[str, Any] | None:
    with run.checkpoints() as checkpoints:
        best = Best.of(run, checkpoints.steps())
    return asdict(best) if best else None


def numbers_of(line: dict[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """Return every number of a line of metrics, those of inner tables under names like ``fid.value``."""
    found = []
    for name, value in line.items():
        if isinstance(value, dict):
            found += numbers_of(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((f"{prefix}{name}", float(value)))
    return found
