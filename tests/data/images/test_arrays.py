from pathlib import Path

import numpy as np
import pytest

from gancli.data.images.arrays import in_unit_range, read_images
from gancli.errors import GancliError


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.full((2, 3, 4, 3), 7, np.uint8), np.full((2, 3, 4, 3), 7, np.uint8)),
        (np.full((2, 3, 4), 7, np.uint8), np.full((2, 3, 4, 1), 7, np.uint8)),
        (np.full((1, 2, 3, 4), 7, np.uint8), np.full((1, 2, 3, 4), 7, np.uint8)),
        (np.array([-1e-7, 0.5, 1 + 1e-7]).reshape(1, 1, 3), np.array([0, 128, 255], np.uint8).reshape(1, 1, 3, 1)),
        (np.array([0, 0.5, 1.0]).reshape(1, 1, 3), np.array([0, 128, 255], np.uint8).reshape(1, 1, 3, 1)),
    ],
)
def test_arrays_become_uint8_images(tmp_path, images, expected):
    np.save(tmp_path / "x.npy", images)
    np.savez(tmp_path / "x.npz", images)
    for name in ("x.npy", "x.npz"):
        np.testing.assert_array_equal(read_images(tmp_path / name), expected)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 3, 8, 8), np.uint8), "Put channels last: images.transpose(0, 2, 3, 1)."),
        (np.full((2, 8, 8, 3), -1.0), "float images must lie in [0, 1], got [-1, -1]"),
        (np.full((2, 8, 8, 3), 255.0), "float images must lie in [0, 1], got [255, 255]"),
        (np.full((2, 8, 8, 3), 1.0015), "float images must lie in [0, 1], got [1.002, 1.002]"),
        (np.zeros((2, 64), np.uint8), "images must be [N, H, W] or [N, H, W, 1, 3 or 4], got [2, 64]"),
        (np.zeros((2, 8, 8, 3), np.int64), "must be floats or uint8"),
    ],
)
def test_other_arrays_are_refused(tmp_path, images, message):
    np.save(tmp_path / "x.npy", images)
    with pytest.raises(GancliError) as caught:
        read_images(tmp_path / "x.npy")
    assert message in str(caught.value)


def test_a_hair_outside_is_the_edge():
    found = in_unit_range(np.array([-5e-4, 0.25, 1 + 1e-7, 1.0009]), Path("x.npy"))
    np.testing.assert_array_equal(found, [0, 0.25, 1, 1])


def test_pickled_objects_are_not_read(tmp_path):
    np.save(tmp_path / "x.npy", {"mu": np.zeros(4)})  # type: ignore[arg-type]
    with pytest.raises(GancliError) as caught:
        read_images(tmp_path / "x.npy")
    assert str(caught.value) == f"'{tmp_path / 'x.npy'}' holds Python objects instead of an array of numbers."
