"""Standard output and error that take every character, and that a reader may leave."""

import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from gancli.errors import GancliError

GONE = (errno.EPIPE, errno.EIO)  # what a pipe and a terminal answer when nobody reads them any more
STDOUT, STDERR = 1, 2


class Outlet(io.FileIO):
    """A standard stream. When its reader has gone away, what is written goes nowhere."""

    def __init__(self, descriptor: int, *, results: bool):
        """Write to a descriptor, which stays open; of results, what cannot be written is an error."""
        super().__init__(descriptor, "wb", closefd=False)
        self._results = results

    def write(self, data: Any) -> int:
        """Write bytes.

        Raises:
            GancliError: results cannot be written. Messages that cannot be written are lost, and the work goes on.
        """
        try:
            return self._write(data)
        except OSError as error:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self.fileno())
            if self._results and error.errno not in GONE:
                raise GancliError(f"cannot write to standard output: {error.strerror}.") from None
            return self._write(data)

    def _write(self, data: Any) -> int:
        while (count := super().write(data)) is None:  # somebody made it non-blocking, and it is full
            select.select([], [self], [])
        return count


@contextlib.contextmanager
def lasting_streams() -> Iterator[None]:
    """Make the process's standard streams outlets during the block.

    A character that a stream's encoding lacks is written as an escape, such as ``\\xb1``. Streams that somebody put in
    the place of the process's own, as a test does, stay.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _lasting(before[0], sys.__stdout__, STDOUT), _lasting(before[1], sys.__stderr__, STDERR)
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            sys.stdout, sys.stderr = before


def _lasting(stream: Any, own: Any, descriptor: int) -> TextIO:
    if stream is None:  # it was closed before the process began
        return open(os.devnull, "w", encoding="utf-8")
    if stream is not own or stream.fileno() != descriptor:
        return stream
    stream.flush()
    return outlet(descriptor, stream, results=descriptor == STDOUT)


def outlet(descriptor: int, stream: Any, *, results: bool) -> TextIO:
    """Return an outlet to a descriptor that encodes and buffers as a stream does."""
    return io.TextIOWrapper(
        io.BufferedWriter(Outlet(descriptor, results=results)),
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
