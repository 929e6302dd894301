"""How a workflow reports while it works, without knowing to whom; and the plain data that it reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

Watch = Callable[[int, int], None]  # told how many parts of some work are done, of how many


@dataclass(frozen=True)
class Progress:
    """Where training stands after a chunk of steps. Plain data."""

    step: int  # steps done
    images_seen: int  # real images taken
    images_per_second: float  # of this chunk
    measured: dict[str, float]  # whatever the game measures, means over the chunk's steps, and what follows from them
    text: str  # the same in one line
    concluded: dict[str, str] = field(default_factory=dict)  # what it amounts to, by name

    def to_dict(self) -> dict[str, float | int]:
        """Return the line for ``metrics.jsonl``."""
        values = {"step": self.step, "images_seen": self.images_seen, "images_per_second": self.images_per_second}
        return values | self.measured


class Reporter(Protocol):
    """Receives what happens: a terminal, a log, a test."""

    def status(self, message: str) -> None:
        """Take note of something that happened."""

    def warning(self, message: str) -> None:
        """Take note of something the user should act on."""

    def start(self, num_steps: int, step: int) -> None:
        """Training begins at ``step`` and is to end at ``num_steps``."""

    def progress(self, progress: "Progress") -> None:
        """A chunk of steps is done."""

    def evaluated(self, step: int, cells: Mapping[str, str], *, best: bool) -> None:
        """An evaluation is done; ``cells`` are a row of a table, by column. ``best``: of the run so far."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Of some long work besides training, ``done`` of ``total`` parts are finished."""

    def end(self) -> None:
        """Training is over, or stops here."""


class Silence:
    """Drops every report."""

    def status(self, message: str) -> None:
        """Drop it."""

    def warning(self, message: str) -> None:
        """Drop it."""

    def start(self, num_steps: int, step: int) -> None:
        """Drop it."""

    def progress(self, progress: "Progress") -> None:
        """Drop it."""

    def evaluated(self, step: int, cells: Mapping[str, str], *, best: bool) -> None:
        """Drop it."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Drop it."""

    def end(self) -> None:
        """Drop it."""


class OnlyProgress(Silence):
    """Passes on how far long work is; what is to be said of it is said elsewhere."""

    def __init__(self, reporter: Reporter):
        self._reporter = reporter

    def advance(self, what: str, done: int, total: int) -> None:
        """Pass it on."""
        self._reporter.advance(what, done, total)


class Aside(OnlyProgress):
    """Passes on warnings, too: what else a rehearsal says is not about the run."""

    def warning(self, message: str) -> None:
        """Pass it on."""
        self._reporter.warning(message)


def number_of(count: int, one: str, several: str) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{count:,} {one if count == 1 else several}"


def show_shape(shape: tuple[int, ...]) -> str:
    """Return ``28x28x1`` for ``(28, 28, 1)``."""
    return "x".join(map(str, shape))


def duration(seconds: float) -> str:
    """Return ``4.2 s``, ``41 s``, from two minutes on ``14 min``, and from an hour on ``1 h 12 min``."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min"


def time_of_day(when: datetime, now: datetime) -> str:
    """Return ``14:32``, with the date where it is more than a day away."""
    return f"{when:%H:%M}" if when - now < timedelta(days=1) else f"{when:%Y-%m-%d %H:%M}"
