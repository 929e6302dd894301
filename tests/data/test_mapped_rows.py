import re

import numpy as np
import pytest

from gancli.data.mapped_rows import read_rows
from gancli.errors import GancliError

ARRAY = np.random.default_rng(0).integers(0, 2**31, (50, 3, 2), np.int32)
CURE = "Delete its folder, which is made again, and continue with --resume."


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "rows.npy", ARRAY)
    return tmp_path / "rows.npy"


@pytest.mark.parametrize("part", [slice(None), slice(7, 40), slice(7, None)], ids=str)
def test_rows_of_a_file_are_those_of_memory(path, part):
    mapped = np.load(path, mmap_mode="r")
    numbers = np.array([4, 0, 32, 4, 9])
    np.testing.assert_array_equal(read_rows(mapped[part], numbers), ARRAY[part][numbers])
    np.testing.assert_array_equal(read_rows(mapped[part][1:], numbers[:2]), ARRAY[part][1:][numbers[:2]])
    np.testing.assert_array_equal(read_rows(ARRAY[part], numbers), ARRAY[part][numbers])


def test_rows_are_a_copy(path):
    rows = read_rows(np.load(path, mmap_mode="r"), np.arange(3))
    rows[:] = 0
    np.testing.assert_array_equal(np.load(path), ARRAY)


def test_a_file_that_is_cut_short_is_said_and_rows_before_the_cut_can_be_read(path):
    """Under the memory map, looking at such a row would end the process."""
    mapped = np.load(path, mmap_mode="r")
    path.write_bytes(path.read_bytes()[:-1])
    np.testing.assert_array_equal(read_rows(mapped, np.array([48])), ARRAY[48:49])
    message = f"the training data in '{path}' was cut short. {CURE}"
    with pytest.raises(GancliError, match=f"^{re.escape(message)}$"):
        read_rows(mapped, np.array([0, 49]))


def test_a_file_that_is_gone_is_said(path):
    mapped = np.load(path, mmap_mode="r")
    path.unlink()
    message = f"the training data in '{path}' cannot be read any more: No such file or directory. {CURE}"
    with pytest.raises(GancliError, match=f"^{re.escape(message)}$"):
        read_rows(mapped, np.array([0]))
