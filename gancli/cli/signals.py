"""Ctrl-C and SIGTERM: a command ends, whatever is at work when they arrive."""

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Self

from gancli.training.interrupts import SIGNALS

MOMENT = 0.02  # seconds
LONGEST_IMPORT = 1.0  # seconds that a signal waits for one


class Stopped(KeyboardInterrupt):
    """A signal arrived. A class of its own: of the plain one Python remembers that it passed an ``exec``, and dies."""


class Stoppable:
    """While active, Ctrl-C and SIGTERM raise a :class:`Stopped` that gets through.

    What is raised in a callback is dropped by Python ("Exception ignored in"), as in JAX's at every collection of
    garbage; it is raised once more a moment later. While a library is imported nothing is raised, because C++ may
    answer by aborting: the signal waits for the end of the import, or ends the process if that takes long. Training
    has its own answer to signals (:mod:`gancli.training.interrupts`) and puts this one back when it ends.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None  # of the last one
        self._arrived = 0.0
        self._previous: dict[int, Any] = {}
        self._hook = sys.unraisablehook

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # the only one that may set handlers
            self._previous = {number: signal.signal(number, self._interrupt) for number in SIGNALS}
            self._hook, sys.unraisablehook = sys.unraisablehook, self._notice
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
        if sys.unraisablehook == self._notice:  # else another hook stands before it, and hands on
            sys.unraisablehook = self._hook

    def message(self) -> str:
        """Return what to say after a signal."""
        return f"stopped by {signal.Signals(self.signal_number or 0).name}."

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is None:
            self._arrived = time.monotonic()
        self.signal_number = number
        if not _importing(frame):
            raise Stopped
        if time.monotonic() - self._arrived > LONGEST_IMPORT:
            with contextlib.suppress(OSError):
                os.write(sys.stderr.fileno(), f"error: {self.message()}\n".encode())
            os._exit(128 + number)
        self._again_later()

    def _notice(self, dropped: Any) -> None:
        if issubclass(dropped.exc_type, Stopped) and self._previous:
            self._again_later()
        else:
            self._hook(dropped)

    def _again_later(self) -> None:
        timer = threading.Timer(MOMENT, self._again)
        timer.daemon = True
        timer.start()

    def _again(self) -> None:
        if self._previous and self.signal_number is not None:
            signal.pthread_kill(threading.main_thread().ident or 0, self.signal_number)


def _importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
