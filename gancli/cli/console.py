"""What a person sees: results on stdout, everything else on stderr."""

import contextlib
import json
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gancli.cli.progress import EvaluationTable, TrainingBar, WorkTimeColumn
from gancli.monitoring.forecast import SHARE_OF_STEPS, Forecast
from gancli.reporting import Reporter, Silence, duration, time_of_day

if TYPE_CHECKING:
    from gancli.reporting import Progress as TrainingProgress

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BEFORE_FORECAST = 5.0  # of training after its warm-up


def print_json(values: dict[str, Any]) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(values, allow_nan=False))


def print_table(rows: Iterable[tuple[str, object]]) -> None:
    """Print names and values in two columns on stdout; a terminal breaks long values between words, a file nowhere."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    room = shutil.get_terminal_size().columns - width - 2 if sys.stdout.isatty() else None
    for name, value in rows:
        text = str(value)
        if room and len(text) > room:  # a long name of a file stays whole, to be copied
            lines = textwrap.wrap(text, max(room, 1), break_long_words=False, break_on_hyphens=False)
            text = f"\n{'':{width + 2}}".join(lines)
        print(f"{name:{width}}  {text}".rstrip())


def print_columns(rows: Sequence[Mapping[str, str]]) -> None:
    """Print rows of the same columns on stdout, under a heading."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def warn(message: str) -> None:
    """Print a warning on stderr."""
    print(f"warning: {message}", file=sys.stderr)


def warn_of(notes: Iterable[str], step: int | None) -> None:
    """Warn of what was noticed when a checkpoint was chosen, and name its step."""
    for note in notes:
        warn(f"{note} Using step {step}.")


def reporting(*, quiet: bool, leads: bool) -> "contextlib.AbstractContextManager[Reporter]":
    """Return what reports to a person; of several processes that do the same, the first one alone does."""
    return TerminalReporter(quiet=quiet) if leads else contextlib.nullcontext(Silence())


class TerminalReporter:
    """Follows training: a bar on a terminal, a line every few seconds elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool):
        self._console = Console(stderr=True, markup=False, highlight=False)
        self._has_bars = self._console.is_terminal and not self._console.is_dumb_terminal
        self._quiet = quiet
        self._bar: TrainingBar | None = None
        self._table = EvaluationTable()
        self._forecast: Forecast | None = None
        self._said_when = False
        self._num_steps = 0
        self._last_line = float("-inf")
        self._works: dict[str, tuple[float, int]] = {}  # when some work was first heard of, and how far it was
        self._work_bar: Progress | None = None

    def __enter__(self) -> "TerminalReporter":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()  # training may have failed
        if self._work_bar:
            self._work_bar.stop()

    def _print(self, line: str) -> None:
        """Print a line; a terminal's lines are broken between words, those of a file or pipe not at all."""
        self._console.print(line, soft_wrap=not self._console.is_terminal)

    def status(self, message: str) -> None:
        """Print a line unless quiet."""
        if not self._quiet:
            self._print(message)

    def warning(self, message: str) -> None:
        """Print a warning, quiet or not."""
        self._print(f"warning: {message}")

    def start(self, num_steps: int, step: int) -> None:
        """Show the bar, where there is a terminal."""
        self._num_steps, self._table, self._said_when = num_steps, EvaluationTable(), False
        self._forecast = Forecast(step, num_steps, time.monotonic())
        if not self._quiet and self._has_bars:
            self._bar = TrainingBar(self._console, self._forecast, num_steps, step)
            self._bar.start()

    def advance(self, what: str, done: int, total: int) -> None:
        """Show how far some long work is: a bar with rate and time to go, or a line every few seconds."""
        if self._quiet:
            return
        if self._bar:  # in the middle of training: its second line
            self._bar.works(f"{what}: {done:,}/{total:,}" if done < total else "")
            return
        if self._has_bars:
            self._show_work(what, done, total)
            return
        now = time.monotonic()
        if what not in self._works:
            self._works[what] = (now, done)  # the first report is where the clock starts
            self._last_line = now
        elif now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            began, first = self._works[what]
            rate = (done - first) / max(now - began, 1e-9)
            left = duration((total - done) / max(rate, 1e-9))
            self._print(f"{what}: {done:,}/{total:,}  {rate:,.0f}/s, {left} left")
        if done >= total:
            self._works.pop(what, None)

    def _show_work(self, what: str, done: int, total: int) -> None:
        if self._work_bar is None:
            self._work_bar = Progress(
                TextColumn("{task.description}"),
                MofNCompleteColumn(),
                BarColumn(),
                TextColumn("{task.fields[rate]}"),
                WorkTimeColumn(),
                console=self._console,
                transient=True,
            )
            self._work_bar.start()
        if not self._work_bar.tasks or self._work_bar.tasks[-1].description != what:
            self._work_bar.add_task(what, total=total, rate="")
        task = self._work_bar.tasks[-1]
        self._work_bar.update(task.id, completed=done, rate=f"{task.speed or 0:,.0f}/s")
        if done >= total:
            self._work_bar.stop()
            self._work_bar = None

    def progress(self, progress: "TrainingProgress") -> None:
        """Move the bar or print a line."""
        if self._quiet:
            return
        numbers = f"{progress.images_per_second:,.0f} images/s  {progress.text}"
        now = time.monotonic()
        if self._bar:
            self._bar.advanced(progress.step, numbers)
        elif now - self._last_line >= SECONDS_BETWEEN_LINES or progress.step == self._num_steps:
            self._last_line = now
            self._print(f"step {progress.step}/{self._num_steps}  {numbers}")
        self._say_when(progress.step, now)

    def _say_when(self, step: int, now: float) -> None:
        """Say once, after the first seconds, at what time of day training will be done."""
        assert self._forecast is not None, "progress before the start"
        self._forecast.note(step, now)
        left = self._forecast.left(now)
        if self._said_when or not left or self._forecast.measured(now) < SECONDS_BEFORE_FORECAST:
            return
        self._said_when = True
        today = datetime.now()
        when = today + timedelta(seconds=left / SHARE_OF_STEPS)  # no evaluation is in it yet
        self._print(f"done at about {time_of_day(when, today)}")

    def end(self) -> None:
        """Let the bar stand as it is: what follows goes below it."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def evaluated(self, step: int, cells: Mapping[str, str], *, best: bool) -> None:
        """Add a row to the table of evaluations: under the bar, or as a line."""
        if self._quiet:
            return
        lines = self._table.lines(step, cells, best=best)
        if self._bar:
            self._bar.evaluated(lines)
            return
        for line in lines:
            self._print(line)
