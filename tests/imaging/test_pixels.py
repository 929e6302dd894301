import io

import numpy as np
import pytest
from PIL import Image

from gancli.imaging.pixels import MARK, gif_bytes, png_bytes, to_uint8, to_unit, webp_bytes

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
@pytest.mark.parametrize("encode", [png_bytes, lambda image: webp_bytes([image])], ids=["png", "webp"])
def test_png_and_webp_are_lossless(encode, channels):
    image = np.random.default_rng(0).integers(0, 256, (6, 7, channels), np.uint8)
    image[..., 3:] |= 1  # of pixels that nobody sees, WebP keeps no color
    with Image.open(io.BytesIO(encode(image))) as picture:
        assert getattr(picture, "n_frames", 1) == 1
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
        np.testing.assert_array_equal(np.asarray(picture.convert(mode)).reshape(image.shape), image)


def test_a_png_bears_a_mark_near_its_beginning():
    content = png_bytes(np.zeros((6, 7, 3), np.uint8))
    assert MARK in content[:80]
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.info["Software"] == "gancli"


@pytest.mark.parametrize("encode", [gif_bytes, webp_bytes])
def test_an_animation_repeats_for_ever(encode):
    frames = [np.full((4, 4, 1), shade, np.uint8) for shade in (0, 128, 255)]
    with Image.open(io.BytesIO(encode(frames))) as animation:
        assert getattr(animation, "n_frames", 1) == 3
        assert animation.info["loop"] == 0
        for index, frame in enumerate(frames):
            animation.seek(index)
            animation.load()
            assert animation.info["duration"] == 100
            np.testing.assert_array_equal(np.asarray(animation.convert("L")), frame[..., 0])
