"""Ctrl-C, SIGTERM and SIGHUP: a command ends, whatever is at work when they arrive."""

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Self

from gancli.training.interrupts import to_answer

MOMENT = 0.02  # seconds
LONGEST_IMPORT = 1.0  # seconds that a signal waits for one


class Stopped(KeyboardInterrupt):
    """A signal arrived. A class of its own: of the plain one Python remembers that it passed an ``exec``, and dies."""


class Stoppable:
    """While active, Ctrl-C, SIGTERM and SIGHUP raise a :class:`Stopped` that gets through.

    What is raised in a callback is dropped by Python ("Exception ignored in"), as in JAX's at every collection of
    garbage; it is raised once more a moment later. While a library is imported nothing is raised, because C++ may
    answer by aborting: the signal waits for the end of the import, or ends the process if that takes long. A second
    SIGHUP raises nothing: shell and terminal both send one, and what the first one ends may still be cleaning up.
    Training has its own answer to signals (:mod:`gancli.training.interrupts`) and puts this one back when it ends.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None  # of the last one
        self._arrived = 0.0
        self._raised = self._over = False
        self._previous: dict[int, Any] = {}
        self._hook = sys.unraisablehook

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # the only one that may set handlers
            self._previous = {number: signal.signal(number, self._interrupt) for number in to_answer()}
            self._hook, sys.unraisablehook = sys.unraisablehook, self._notice
        return self

    def __exit__(self, *_: object) -> None:
        if sys.unraisablehook == self._notice:  # else another hook stands before it, and hands on
            sys.unraisablehook = self._hook
        if self._previous.get(signal.SIGINT) is signal.default_int_handler:  # what it raises, exit handlers would print
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_DFL)
        previous, self._previous = self._previous, {}
        for number, handler in reversed(previous.items()):  # Ctrl-C last: until then none raises
            signal.signal(number, handler)

    def raise_no_more(self) -> None:
        """Only remember what arrives from now on: the command is done, and says how it went."""
        self._over = True

    def message(self) -> str:
        """Return what to say after a signal."""
        return f"stopped by {signal.Signals(self.signal_number or 0).name}."

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is None:
            self._arrived = time.monotonic()
        self.signal_number = number
        if self._over or (self._raised and signal.Signals(number).name == "SIGHUP"):
            return
        if not _importing(frame):
            self._raised = True
            raise Stopped
        if time.monotonic() - self._arrived > LONGEST_IMPORT:
            with contextlib.suppress(OSError):
                os.write(sys.stderr.fileno(), f"error: {self.message()}\n".encode())
            os._exit(128 + number)
        self._again_later()

    def _notice(self, dropped: Any) -> None:
        if issubclass(dropped.exc_type, Stopped) and self._previous:
            self._raised = False
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
