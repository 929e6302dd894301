"""Rows of an array by their numbers; of one that is mapped from a file, from that file."""

import os
from pathlib import Path

import numpy as np

from gancli.errors import GancliError

CURE = "Delete its folder, which is made again, and continue with --resume."


def read_rows(array: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Copy rows ``numbers`` [B] of an array ``[N, ...]`` into memory.

    Under a memory map, a file that was cut short or a disk that fails kills the process without a word (SIGBUS);
    reading says what is wrong.

    Raises:
        GancliError: the file behind the array cannot be read any more, or was cut short.
    """
    if not isinstance(array, np.memmap):
        return array.take(numbers, axis=0)
    path, offset = place_of(array)
    rows = np.empty((len(numbers), *array.shape[1:]), array.dtype)
    flat = rows.reshape(len(rows), -1).view(np.uint8)
    try:
        with path.open("rb", buffering=0) as file:
            for place in np.argsort(numbers):  # in the order of the file: neighbors lie in one page
                buffer = flat[place].data
                if os.preadv(file.fileno(), [buffer], offset + int(numbers[place]) * len(buffer)) < len(buffer):
                    raise GancliError(f"the training data in '{path}' was cut short. {CURE}")
    except OSError as error:
        raise GancliError(f"the training data in '{path}' cannot be read any more: {error.strerror}. {CURE}") from None
    return rows


def place_of(array: np.memmap) -> tuple[Path, int]:
    """Return the file of an array, which may be a part of what was mapped, and the byte at which it begins."""
    whole = array
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    assert array.flags.c_contiguous, "rows of a file lie one behind the other"
    start = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return Path(str(whole.filename)), whole.offset + start
