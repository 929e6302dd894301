"""Ctrl-C, SIGTERM and SIGHUP as a request that training answers between two chunks."""

import signal
from types import FrameType, TracebackType
from typing import Self

# Windows has no SIGHUP. It comes of a terminal or an ssh connection that is closed.
SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def to_answer() -> tuple[signal.Signals, ...]:
    """Return the signals that end a command: not SIGHUP where ``nohup`` has made the process ignore it."""
    return tuple(one for one in SIGNALS if one.name != "SIGHUP" or signal.getsignal(one) != signal.SIG_IGN)


class StopRequest:
    """While active, remembers the first signal instead of dying of it; a second one acts as it always did.

    A SIGHUP is never a first one, nor a second: shell and terminal both send one, about the same time, and a service
    manager one after its SIGTERM.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._previous: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        self._previous = {number: signal.signal(number, self._remember) for number in to_answer()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in list(self._previous):
            self._restore(number)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is None:
            self.signal_number = number
        if signal.Signals(number).name == "SIGHUP":
            return
        for other in [one for one in self._previous if signal.Signals(one).name != "SIGHUP"]:
            self._restore(other)

    def _restore(self, number: int) -> None:
        signal.signal(number, self._previous.pop(number))
