"""What a person sees: results on stdout, everything else on stderr."""

import json
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from gancli.reporting import Progress as TrainingProgress

SECONDS_BETWEEN_LINES = 5.0


def print_json(values: dict[str, Any]) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(values, allow_nan=False))


def print_table(rows: Iterable[tuple[str, object]]) -> None:
    """Print names and values in two columns on stdout; long values are not broken, so that they can be copied."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:{width}}  {value}".rstrip())


def warn(message: str) -> None:
    """Print a warning on stderr."""
    print(f"warning: {message}", file=sys.stderr)


class TwoLineProgress(Progress):
    """A bar, and under it the numbers, so that 80 columns are enough."""

    numbers = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the two lines."""
        yield self.make_tasks_table(self.tasks)
        yield Text(self.numbers)


class TerminalReporter:
    """Follows training: a bar on a terminal, a line every few seconds elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool):
        self._console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
        self._quiet = quiet
        self._bar: TwoLineProgress | None = None
        self._num_steps = 0
        self._last_line = float("-inf")
        self._works: dict[str, tuple[float, int]] = {}  # when some work was first heard of, and how far it was
        self._work_bar: Progress | None = None

    def __enter__(self) -> "TerminalReporter":
        return self

    def __exit__(self, *_: object) -> None:
        for bar in (self._bar, self._work_bar):
            if bar:
                bar.stop()

    def status(self, message: str) -> None:
        """Print a line unless quiet."""
        if not self._quiet:
            self._console.print(message)

    def warning(self, message: str) -> None:
        """Print a warning, quiet or not."""
        self._console.print(f"warning: {message}")

    def start(self, num_steps: int, step: int) -> None:
        """Show the bar, where there is a terminal."""
        self._num_steps = num_steps
        if self._quiet or not self._console.is_terminal:
            return
        self._bar = TwoLineProgress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task("", total=num_steps, completed=step)
        self._bar.start()

    def advance(self, what: str, done: int, total: int) -> None:
        """Show how far some long work is: a bar with rate and time to go, or a line every few seconds."""
        if self._quiet:
            return
        if self._bar:  # in the middle of training: its second line
            self._bar.numbers = f"{what}: {done:,}/{total:,}"
            return
        if self._console.is_terminal:
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
            self._console.print(
                f"{what}: {done:,}/{total:,}  {rate:,.0f}/s, {(total - done) / max(rate, 1e-9):,.0f} s to go"
            )
        if done >= total:
            self._works.pop(what, None)

    def _show_work(self, what: str, done: int, total: int) -> None:
        if self._work_bar is None:
            self._work_bar = Progress(
                TextColumn("{task.description}"),
                MofNCompleteColumn(),
                BarColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
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
        numbers = f"{progress.images_per_second:,.0f} images/s  {progress.text}"
        now = time.monotonic()
        if self._bar:
            self._bar.numbers = numbers
            self._bar.update(self._task, completed=progress.step)
        elif not self._quiet and (now - self._last_line >= SECONDS_BETWEEN_LINES or progress.step == self._num_steps):
            self._last_line = now
            self._console.print(f"step {progress.step}/{self._num_steps}  {numbers}")
