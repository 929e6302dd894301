"""One folder, one run: a lock that a process holds while it writes a run, and that dies with the process."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from gancli.errors import GancliError
from gancli.files import writing
from gancli.reporting import Reporter

LOCK = ".lock"
WAIT = 0.5  # seconds: whoever holds it may be about to end
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # what a file system without locks answers


@contextlib.contextmanager
def alone_in(folder: Path, reporter: Reporter) -> Iterator[None]:
    """Keep other processes from writing a run in ``folder`` during the block; an absent folder is made for it.

    The system's own lock (``flock``) ends with its holder, even one that was killed. Linux extends it over NFS to other
    machines. Readers need none. After the block nothing is left of the lock, nor of a folder that stayed empty.

    Raises:
        GancliError: another process writes a run there; names it. Or the folder cannot be written.
    """
    made = _make(folder)
    path = folder / LOCK
    lock = FileLock(path, timeout=WAIT, fallback_to_soft=False)
    try:
        with writing(path):
            try:
                lock.acquire()
            except Timeout:
                raise GancliError(
                    f"'{folder}' is in use: {_holder(path)} trains there. Wait for its end, stop it, "
                    f"or choose another --outdir."
                ) from None
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                reporter.warning(
                    f"the file system of '{folder}' has no locks ({error.strerror}): nothing keeps a second "
                    f"training out of that folder, so do not start one."
                )
        if lock.is_locked:
            with writing(path):
                path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        if lock.is_locked:
            path.unlink(missing_ok=True)  # before the release: afterwards it may be the lock of another process
            lock.release()
        for one in made:
            with contextlib.suppress(OSError):  # not empty
                one.rmdir()


def _make(folder: Path) -> list[Path]:
    """Make a folder and return what was made for it, the innermost first."""
    absent = []
    for one in (folder, *folder.parents):
        if one.exists():
            break
        absent.append(one)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return absent


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return path.read_text(encoding="utf-8").strip() or "another process"
    return "another process"
