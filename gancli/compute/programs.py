"""Compiled programs, which XLA keeps on disk from one command to the next."""

import contextlib
import functools
import glob
import os
import re
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import jax

from gancli.compute.cache import cache_folder

_TROUBLE = re.compile(r"Error (reading|writing) persistent compilation cache entry for '(.+?)': (.+)", re.DOTALL)


def keep_compiled_programs() -> None:
    """Let XLA keep what it compiles on disk, unless ``JAX_COMPILATION_CACHE_DIR`` already says where.

    The second run of a command then starts in a fraction of the time. A folder that cannot be written costs only that.

    JAX writes each program in place. So a process that is killed, or a full disk, leaves a part of one, which JAX would
    find again at every start. Such parts are removed as soon as JAX finds one; then it keeps the program anew.
    """
    if not os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    if not isinstance(warnings.showwarning, _Mending):
        warnings.showwarning = _Mending(warnings.showwarning)


class _Mending:
    """Shows warnings as before, but for those of JAX about programs on disk, whose cause it removes."""

    def __init__(self, usual: Callable[..., None]):
        self._usual = usual

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        trouble = _TROUBLE.fullmatch(str(message))
        if trouble is None:
            self._usual(message, category, filename, lineno, file, line)
            return
        doing, name, reason = trouble.groups()
        removed = _remove_parts(name)
        if doing == "writing":
            _say_once(f"cannot keep compiled programs: {reason}. The next command compiles them again.")
        elif not removed:
            self._usual(message, category, filename, lineno, file, line)


def _remove_parts(name: str) -> int:
    """Remove what is no whole program of a name, and return how many files that were."""
    folder = Path(jax.config.values["jax_compilation_cache_dir"])
    parts = [one for one in folder.glob(f"{glob.escape(name)}-*") if not _is_whole(one)]
    for part in parts:
        with contextlib.suppress(OSError):  # another process was faster, or it may not be removed
            part.unlink()
    return sum(not part.exists() for part in parts)


def _is_whole(program: Path) -> bool:
    try:
        zlib.decompress(program.read_bytes())
    except (OSError, zlib.error):  # of a program packed in another way, too, which is then compiled again
        return False
    return True


@functools.cache
def _say_once(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr)
