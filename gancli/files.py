"""Writing files whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from gancli.errors import GancliError


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


def write_atomically(path: Path, content: bytes | memoryview | str) -> None:
    """Write a file so that ``path`` always holds the old content or all of the new one.

    Raises:
        GancliError: it cannot be written; nothing is left behind.
    """
    data = content.encode() if isinstance(content, str) else content
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a device or a pipe is written to, not replaced
            path.write_bytes(data)
            return
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
