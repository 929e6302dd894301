"""Sheets: where images lie, how far they are enlarged, and what stands above them."""

import numpy as np
import pytest

from gancli.imaging import sheets
from gancli.imaging.sheets import GAP, GROUP_GAP, LINE_HEIGHT, MARGIN, SHADE, Heading, grid, scale_for


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("shape", "scale"), [((8, 8), 4), ((28, 28), 1), ((5, 9), 3), ((64, 64), None)])
def test_a_grid_holds_every_image_in_order(shape, scale, channels):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, *shape, channels), np.uint8)
    sheet = grid(images, columns=3, scale=scale)
    factor = scale or 4
    height, width = shape[0] * factor + 2, shape[1] * factor + 2
    assert sheet.shape == (2 * height + 2, 3 * width + 2, channels)
    for index, image in enumerate(images):
        top, left = index // 3 * height + 2, index % 3 * width + 2
        tile = sheet[top : top + height - 2, left : left + width - 2]
        np.testing.assert_array_equal(tile, image.repeat(factor, axis=0).repeat(factor, axis=1))
    assert (sheet[0, :, :3] == SHADE).all()
    assert (sheet[0, :, 3:] == 255).all()


@pytest.mark.parametrize(
    ("side", "columns", "scale"),
    [
        (8, 1, 32),  # 256 pixels: no image becomes larger
        (8, 8, 16),
        (28, 2, 9),
        (28, 8, 4),  # 64 samples of MNIST: 914 pixels
        (32, 2, 8),  # a walk of four: 518 pixels
        (32, 8, 4),
        (28, 20, 2),  # 1,162 pixels: rather a wider sheet than smaller images
        (28, 32, 1),  # twice as large, the sheet would have 1,858 pixels
        (64, 8, 2),
        (128, 8, 1),
        (300, 1, 1),
    ],
)
def test_images_are_enlarged_as_suits_their_sheet(side, columns, scale):
    assert scale_for(side, side, columns) == scale
    images = np.zeros((columns, side, side, 1), np.uint8)
    assert grid(images, columns).shape == (side * scale + 4, columns * (side * scale + 2) + 2, 1)


def test_groups_of_columns_share_the_width():
    assert (scale_for(20, 20, 21, groups=1), scale_for(20, 20, 21, groups=10)) == (2, 2)
    assert (scale_for(19, 19, 21, groups=1), scale_for(19, 19, 21, groups=20)) == (3, 2)


def test_the_longer_side_counts():
    assert scale_for(10, 100, 4) == scale_for(100, 10, 4) == 2


def text_rows(strip):
    """Return which rows of a strip have something written."""
    return np.flatnonzero((strip != SHADE).any(axis=(1, 2)))


def test_every_column_has_its_heading():
    images = np.full((4, 32, 32, 3), 9, np.uint8)
    plain, headed = grid(images, 2, scale=2), grid(images, 2, scale=2, headings=[[Heading("cat"), Heading("")]])
    top = LINE_HEIGHT + MARGIN
    assert headed.shape == (plain.shape[0] + top, *plain.shape[1:])
    np.testing.assert_array_equal(headed[top:], plain)
    left, right = headed[:top, : GAP + 64], headed[:top, GAP + 64 :]
    assert (left != SHADE).any()
    assert (right == SHADE).all()
    written = np.flatnonzero((left != SHADE).any(axis=(0, 2)))
    assert abs((written[0] + written[-1]) / 2 - (GAP + 32)) <= 2  # in the middle of its column
    assert written[0] > GAP
    assert written[-1] < GAP + 64


def test_groups_lie_apart_and_a_heading_may_span_columns():
    images = np.arange(1, 7, dtype=np.uint8).reshape(6, 1, 1, 1).repeat(100, 1).repeat(100, 2)
    sheet = grid(images, 3, scale=1, headings=[[Heading("samples", 2)], [Heading("nearest image")]])
    row = sheet[-GAP - 1, :, 0]
    expected = [SHADE] * GAP + [4] * 100 + [SHADE] * GAP + [5] * 100 + [SHADE] * GROUP_GAP + [6] * 100 + [SHADE] * GAP
    np.testing.assert_array_equal(row, expected)
    written = np.flatnonzero((sheet[:20] != SHADE).any(axis=(0, 2)))
    first = written[written < 202 + GAP]
    assert abs((first[0] + first[-1]) / 2 - (GAP + 101)) <= 2  # over both columns


def test_a_group_of_tiny_images_is_as_wide_as_its_longest_word():
    images = np.full((2, 4, 4, 1), 255, np.uint8)
    sheet = grid(images, 2, scale=1, headings=[[Heading("a")], [Heading("nearest training image")]])
    width = sheets._length("training")
    assert sheet.shape == (3 * LINE_HEIGHT + MARGIN + 8, GAP + sheets._length("a") + GROUP_GAP + width + GAP, 1)
    row = np.flatnonzero(sheet[-GAP - 1, :, 0] == 255)
    assert len(row) == 8
    assert row[-1] - row[-4] == 3
    assert row[4] == sheet.shape[1] - GAP - width + (width - 4) // 2  # in the middle


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("nearest training image", 200, ["nearest training image"]),
        ("nearest training image", 100, ["nearest training", "image"]),
        ("nearest training image", 60, ["nearest", "training", "image"]),
        ("one two three four five", 30, ["one", "two", "thr…"]),
        ("automobile", 60, ["automo…"]),
        ("automobile", 3, [""]),
        ("  two\nlines ", 100, ["two lines"]),
        ("", 100, []),
        ("Käfer", 100, ["Kafer"]),
        ("猫 1", 100, ["? 1"]),
        ("\udcff", 100, ["?"]),
    ],
)
def test_headings_fit_their_columns(text, width, lines):
    wrapped = sheets._wrap(text, width)
    assert all(sheets._length(line) <= width for line in wrapped)
    assert wrapped == lines


def test_short_headings_lie_on_the_images():
    images = np.zeros((2, 60, 60, 1), np.uint8)
    sheet = grid(images, 2, scale=1, headings=[[Heading("sample"), Heading("nearest training image")]])
    top = 3 * LINE_HEIGHT + MARGIN
    assert sheet.shape == (top + 64, 2 * 62 + 2, 1)
    assert text_rows(sheet[:top, : GAP + 60])[0] > 2 * LINE_HEIGHT
    assert text_rows(sheet[:top, GAP + 60 :])[0] < LINE_HEIGHT
