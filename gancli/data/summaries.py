"""What all examples of a split come to: their digest and their mean; of many, read once and kept beside their file."""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from gancli.data.mapped_rows import place_of, read_rows
from gancli.errors import GancliError
from gancli.files import read_json, write_atomically
from gancli.reporting import Reporter

LARGE = 2**30  # bytes from which on a summary is kept; what takes a second or two is read again at every start
AT_A_TIME = 1000  # examples
NAME = "summaries.json"


class Summary(NamedTuple):
    """Of all rows of an array."""

    sha256: str  # as :func:`digest_of` returns it
    sums: np.ndarray  # int64 [*shape]


def digest_of(array: np.ndarray) -> str:
    """Return the SHA-256 of shape, type and content."""
    digest = _begun(array)
    for start in range(0, len(array), AT_A_TIME):
        digest.update(np.ascontiguousarray(array[start : start + AT_A_TIME]).data)
    return digest.hexdigest()


def kept_summary(array: np.ndarray) -> Summary | None:
    """Return the summary that :func:`keep_summary` kept, as long as the file's size and date are the same."""
    if not _is_large(array):
        return None
    path, start = place_of(array)
    try:
        found = _parts(path)[_name(array, start)]
        return Summary(str(found["sha256"]), np.array(found["sums"], np.int64).reshape(array.shape[1:]))
    except (ValueError, TypeError, KeyError):
        return None


def keep_summary(array: np.ndarray, listener: Reporter) -> None:
    """Read a large uint8 array that is mapped from a file, and keep its summary there, unless it is kept already.

    Where the folder cannot be written, nothing is done.

    Raises:
        GancliError: the file cannot be read.
    """
    if not _is_large(array) or kept_summary(array) is not None:
        return
    if not os.access(place_of(array)[0].parent, os.W_OK):
        return
    digest, sums = _begun(array), np.zeros(array.shape[1:], np.int64)
    for first in range(0, len(array), AT_A_TIME):  # not by the map, whose pages would fill the memory
        rows = read_rows(array, np.arange(first, min(first + AT_A_TIME, len(array))))
        digest.update(rows.data)
        sums += rows.sum(axis=0, dtype=np.uint32)
        listener.advance("reading all images once", first + len(rows), len(array))
    with contextlib.suppress(GancliError):  # no space left: then it is read again
        write_summary(array, Summary(digest.hexdigest(), sums))


def write_summary(array: np.memmap, summary: Summary) -> None:
    """Put the summary of an array beside its file, to those of the file's other parts.

    Raises:
        GancliError: it cannot be written.
    """
    path, start = place_of(array)
    parts = _parts(path) | {_name(array, start): {"sha256": summary.sha256, "sums": summary.sums.ravel().tolist()}}
    write_atomically(path.with_name(NAME), json.dumps({"file": _state(path), "parts": parts}))


def _parts(path: Path) -> dict[str, Any]:
    """Return what is kept of parts of a file; nothing where it has changed since, or where that is damaged."""
    try:
        about: Any = read_json(path.with_name(NAME))
        return dict(about["parts"]) if about["file"] == _state(path) else {}
    except (GancliError, OSError, ValueError, TypeError, KeyError):
        return {}


def _is_large(array: np.ndarray) -> TypeGuard[np.memmap]:
    rows = isinstance(array, np.memmap) and array.dtype == np.uint8 and array.flags.c_contiguous
    return rows and array.nbytes >= LARGE


def _name(array: np.ndarray, start: int) -> str:
    return f"{start} {list(array.shape)}"


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _begun(array: np.ndarray) -> Any:
    return hashlib.sha256(f"{array.shape} {array.dtype}".encode())
