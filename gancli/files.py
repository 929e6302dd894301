"""Files: written whole or not at all; arrays and JSON read, or one line that says why not."""

import contextlib
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gancli.errors import GancliError

if TYPE_CHECKING:
    import numpy as np

PART = ".part"  # how the names of unfinished files end
_keeps = True


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


def check_free(path: Path, option: str, *, overwrite: bool) -> None:
    """Raise a GancliError if a file that the user names by an option is there already and must not be replaced."""
    if path.is_dir():
        raise GancliError(f"'{path}' is a folder. Choose another {option}.")
    if path.is_file() and not overwrite:
        raise GancliError(f"'{path}' exists. Replace it with --overwrite, or choose another {option}.")


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
def keeping_nothing() -> Iterator[None]:
    """Let every file that is written during the block vanish: another process does the same, and keeps it."""
    global _keeps
    before, _keeps = _keeps, False
    try:
        yield
    finally:
        _keeps = before


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield a place beside ``path``; the file or folder that the block makes there becomes ``path`` at its end.

    A file that stood at ``path`` is replaced, and so is a folder if it is empty. After an error nothing is left. The
    place is new: processes of two machines or containers, with one number, may make the same ``path`` at a time.

    Raises:
        GancliError: it cannot be written.
    """
    if not _keeps:
        with tempfile.TemporaryDirectory(prefix="gancli-") as folder:
            yield Path(folder, path.name)
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}{PART}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            if path.is_dir():
                path.rmdir()
            part.replace(path)
        finally:
            _remove(part)


def unfinished(folder: Path, name: str) -> list[Path]:
    """Return what processes that were killed left behind in ``folder`` instead of ``name``, or of a pattern of names.

    Those that still write are among them.
    """
    return list(folder.glob(f".{name}.*{PART}"))


def remove_unfinished(folder: Path, name: str, *, age: float = 0.0) -> None:
    """Remove what is unfinished, see :func:`unfinished`, unless it was written to in the last ``age`` seconds."""
    for part in unfinished(folder, name):
        with contextlib.suppress(OSError):
            newest = max(one.stat().st_mtime for one in (part, *part.glob("*")))
            if time.time() - newest >= age:
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
    if _keeps and path.exists() and not path.is_file():  # a device or a pipe is written to, not replaced
        with writing(path):
            path.write_bytes(data)
        return
    with appearing(path) as part:
        part.write_bytes(data)


def read_json(path: Path) -> Any:
    """Read a JSON file, in UTF-8, UTF-16 or UTF-32, with or without a mark of the byte order.

    Raises:
        GancliError: it cannot be read.
        ValueError: it is no JSON; says where.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise GancliError(f"cannot read {path}: {error.strerror}.") from None
    except MemoryError:
        raise GancliError(f"cannot read {path}: it does not fit into memory.") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_arrays(path: Path, choose: Callable[[list[str]], Iterable[str]]) -> dict[str, "np.ndarray"]:
    """Read the arrays of an ``.npz`` file that ``choose`` takes of their names; of an ``.npy`` file the one, as ``""``.

    Raises:
        GancliError: it is no such file, damaged, or holds Python objects instead of numbers.
    """
    import numpy as np  # `gancli --help` does without

    try:
        with path.open("rb") as file:  # NumPy leaves a file open that it cannot make sense of
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return {"": found}
            return {name: np.asarray(found[name]) for name in choose(found.files)}  # bytes where it is no array
    except GancliError:
        raise
    except FileNotFoundError:
        raise GancliError(f"no such file: '{path}'.") from None
    except (PermissionError, IsADirectoryError) as error:
        raise GancliError(f"cannot read '{path}': {error.strerror}.") from None
    except MemoryError:
        raise GancliError(f"'{path}' holds more than fits into memory.") from None
    except Exception as error:  # NumPy and zipfile raise whatever a damaged file leads them to
        if "Object arrays" in str(error):
            raise GancliError(f"'{path}' holds Python objects instead of an array of numbers.") from None
        raise GancliError(f"'{path}' is not an .npz or .npy file, or damaged.") from None
