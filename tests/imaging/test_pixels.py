import io

import numpy as np
import pytest
from PIL import Image

from gancli.imaging.pixels import gif_bytes, grid, png_bytes, to_uint8, to_unit

EVERY_PIXEL = np.arange(256, dtype=np.uint8)


def test_pixels_survive_the_way_there_and_back():
    unit = to_unit(EVERY_PIXEL)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, EVERY_PIXEL / 255, rtol=1e-6)
    assert unit[0] == 0
    assert unit[255] == 1
    np.testing.assert_array_equal(to_uint8(unit), EVERY_PIXEL)


def test_points_are_not_pixels():
    points = np.array([-3.0, 0.5, 7.0], np.float32)
    assert to_unit(points) is points


def test_rounding_is_to_the_nearest_and_values_outside_are_clipped():
    x = np.array([-0.1, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 1.3])
    np.testing.assert_array_equal(to_uint8(x), [0, 0, 0, 1, 255, 255])


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (5, 9), (64, 64)])
def test_a_grid_holds_every_image_in_order(shape, channels):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, *shape, channels), np.uint8)
    sheet = grid(images, columns=3)
    factor = max(1, 56 // shape[0])
    height, width = shape[0] * factor + 2, shape[1] * factor + 2
    assert sheet.shape == (2 * height + 2, 3 * width + 2, channels)
    for index, image in enumerate(images):
        top, left = index // 3 * height + 2, index % 3 * width + 2
        tile = sheet[top : top + height - 2 : factor, left : left + width - 2 : factor]
        np.testing.assert_array_equal(tile, image)
    assert (sheet[0] == 64).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_is_lossless(channels):
    image = np.random.default_rng(0).integers(0, 256, (6, 7, channels), np.uint8)
    with Image.open(io.BytesIO(png_bytes(image))) as picture:
        np.testing.assert_array_equal(np.asarray(picture).reshape(image.shape), image)


def test_a_gif_repeats_for_ever():
    frames = [np.full((4, 4, 1), shade, np.uint8) for shade in (0, 128, 255)]
    with Image.open(io.BytesIO(gif_bytes(frames))) as gif:
        assert getattr(gif, "n_frames", 1) == 3
        assert gif.info["loop"] == 0
