"""Where gancli keeps what can be made again: prepared images, features, compiled programs and weights."""

import atexit
import functools
import os
import shutil
import sys
import tempfile
from pathlib import Path

from gancli.errors import GancliError


def cache_folder() -> Path:
    """Return a folder that can be written: ``XDG_CACHE_HOME/gancli``, by default ``~/.cache/gancli``.

    Where it cannot be, a temporary folder takes its place until the command ends, and a line on stderr says so once.

    Raises:
        GancliError: there is no temporary folder, either.
    """
    return _writable(_usual())


def find_kept(name: str) -> Path:
    """Return where ``name`` lies in the cache, also in one that cannot be written, or else where it is to be put."""
    usual = _usual() / name
    return usual if os.path.exists(usual) else cache_folder() / name


def _usual() -> Path:
    # Unlike Path.home(), expanduser leaves ~ where there is no home.
    return Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")) / "gancli"


@functools.cache
def _writable(folder: Path) -> Path:
    try:
        if not folder.is_absolute() and folder.parts[0] == "~":
            raise OSError(0, "there is no home folder")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # rights alone do not tell
            return folder
    except OSError as error:
        reason, cure = error.strerror or error, "Set XDG_CACHE_HOME to a folder that can be written"
        try:
            temporary = Path(tempfile.mkdtemp(prefix="gancli-"))
        except OSError:
            raise GancliError(f"cannot write {folder}: {reason}. {cure}.") from None
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        os.environ["XDG_CACHE_HOME"] = str(temporary)  # of libraries and of new processes, too
        print(f"cannot write {folder} ({reason}): the cache lasts for this command only. {cure}.", file=sys.stderr)
        return _writable(temporary / "gancli")
