"""How training looks on a terminal: a bar, its numbers, and under them a row for every evaluation."""

import time
from collections.abc import Iterable, Mapping

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from gancli.monitoring.forecast import Forecast
from gancli.reporting import duration

STEP, BEST = "step (* best)", " *"
WIDEST_SCORE = 16  # columns of a number with its error and what is likely to come


class EvaluationTable:
    """Rows of one table that come one by one; its columns are as wide as the first row makes them."""

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}

    def lines(self, step: int, cells: Mapping[str, str], *, best: bool) -> list[str]:
        """Return the line of an evaluation, after a heading where there is none yet or the columns are others."""
        found = []
        if list(cells) != list(self._widths):
            self._widths = {
                name: max(len(name), len(cell), WIDEST_SCORE if "±" in cell else 0) for name, cell in cells.items()
            }
            found.append(self._line(STEP, {name: name for name in cells}))
        shown = f"{step:,}{BEST if best else ' ' * len(BEST)}"
        return [*found, self._line(f"{shown:>{len(STEP)}}", cells)]

    def _line(self, first: str, cells: Mapping[str, str]) -> str:
        return "  ".join([first, *(f"{cell:{self._widths[name]}}" for name, cell in cells.items())]).rstrip()


class TimeColumn(ProgressColumn):
    """How long it has taken, and how long it will."""

    max_refresh = 0.5

    def __init__(self, forecast: Forecast):
        super().__init__()
        self._forecast = forecast

    def render(self, task: Task) -> Text:
        """Return the text."""
        now = time.monotonic()
        gone, left = self._forecast.elapsed(now), self._forecast.left(now)
        return Text(duration(gone) + (f", {duration(left)} left" if left and not task.finished else ""))


class WorkTimeColumn(ProgressColumn):
    """How long some work will take."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Return the text."""
        return Text("" if task.time_remaining is None else f"{duration(task.time_remaining)} left")


class TrainingBar(Progress):
    """A bar as wide as the terminal; under it the numbers or the work of the moment, and the evaluations.

    While it moves, it shows as many evaluations as there is room for; at the end all of them stay.
    """

    def __init__(self, console: Console, forecast: Forecast, num_steps: int, step: int):
        columns = (TextColumn("step"), MofNCompleteColumn(), BarColumn(bar_width=None), TimeColumn(forecast))
        self._numbers = self._work = ""
        self._rows: list[str] = []
        self._moves, self._screen = True, console  # asked for its height before the base class is ready
        super().__init__(*columns, console=console, expand=True)
        self._task = self.add_task("", total=num_steps, completed=step)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the lines."""
        yield self.make_tasks_table(self.tasks)
        yield Text(self._work or self._numbers)
        room = max(self._screen.height - 6, 1)
        rows = self._rows if not self._moves or len(self._rows) <= room else [self._rows[0], *self._rows[1 - room :]]
        for row in rows:
            yield Text(row)

    def advanced(self, step: int, numbers: str) -> None:
        """Show a step and its numbers; the work before it is done."""
        self._numbers, self._work = numbers, ""
        self.update(self._task, completed=step)

    def works(self, work: str) -> None:
        """Show what goes on between two steps, in the place of the numbers; nothing: it is done."""
        self._work = work

    def evaluated(self, lines: Iterable[str]) -> None:
        """Add lines to the evaluations."""
        self._rows += lines
        self._work = ""

    def stop(self) -> None:
        """Leave the bar, its last numbers and all evaluations on the terminal."""
        self._work, self._moves = "", False
        super().stop()
