"""Writing files whole or not at all."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from gancli.errors import GancliError


def check_name(what: str, path: Path) -> None:
    """Raise a GancliError if a name is no text in the encoding of this environment: libraries cannot handle it."""
    try:
        _ = str(path).encode()
    except UnicodeEncodeError:
        shown = str(path).encode(errors="backslashreplace").decode()
        raise GancliError(
            f"{what} '{shown}' has a name that is no text in the encoding of file names here "
            f"({sys.getfilesystemencoding()}). Set PYTHONUTF8=1, or rename it."
        ) from None


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals inside the block into one line about ``path``.

    Raises:
        GancliError: no permission, no space, no folder, ...
    """
    try:
        yield
    except OSError as error:
        # mkdir says "File exists" of a file where a folder should be.
        reason = "Not a directory" if isinstance(error, FileExistsError) else error.strerror or error
        raise GancliError(f"cannot write {path}: {reason}.") from None


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield a place beside ``path``; the file or folder that the block makes there becomes ``path`` at its end.

    A file that stood at ``path`` is replaced, and so is a folder if it is empty. After an error nothing is left.

    Raises:
        GancliError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
        try:
            yield part
            if path.is_dir():
                path.rmdir()
            part.replace(path)
        finally:
            _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | memoryview | str) -> None:
    """Write a file so that ``path`` always holds the old content or all of the new one.

    Raises:
        GancliError: it cannot be written; nothing is left behind.
    """
    # A name of a file that is no UTF-8 keeps its bytes.
    data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    if path.exists() and not path.is_file():  # a device or a pipe is written to, not replaced
        with writing(path):
            path.write_bytes(data)
        return
    with appearing(path) as part:
        part.write_bytes(data)
