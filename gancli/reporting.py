"""How a workflow speaks while it works, without knowing to whom."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gancli.training.loop import Progress

Watch = Callable[[int, int], None]  # called with how many parts of some work are done, and of how many


class Reporter(Protocol):
    """Who listens: a terminal, a log, a test."""

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
    """Nobody listens."""

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
