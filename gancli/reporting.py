"""How a workflow reports while it works, without knowing to whom; and the plain data that it reports."""

from collections.abc import Callable
from dataclasses import dataclass, field
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

    def advance(self, what: str, done: int, total: int) -> None:
        """Of some long work besides training, ``done`` of ``total`` parts are finished."""


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

    def advance(self, what: str, done: int, total: int) -> None:
        """Drop it."""


def number_of(count: int, one: str, several: str) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{count:,} {one if count == 1 else several}"


def show_shape(shape: tuple[int, ...]) -> str:
    """Return ``28x28x1`` for ``(28, 28, 1)``."""
    return "x".join(map(str, shape))
