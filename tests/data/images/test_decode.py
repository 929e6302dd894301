"""Every kind of image file to uint8 [H, W, C]."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from gancli.data.images.decode import Framing, decode, frame, open_image, upright_size
from gancli.errors import GancliError, UsageError

RAMP = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10  # 4 high, 6 wide


def saved(image, form="PNG", **options):
    """Write an image and open it again."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return open_image(buffer.getvalue())


def pixels(image, channels):
    return np.asarray(decode(image, channels))


def test_gray_becomes_what_is_asked_for():
    gray = saved(Image.fromarray(RAMP))
    np.testing.assert_array_equal(pixels(gray, 1), RAMP)
    np.testing.assert_array_equal(pixels(gray, 3), np.stack([RAMP] * 3, -1))
    np.testing.assert_array_equal(pixels(gray, 4), np.stack([RAMP] * 3 + [np.full_like(RAMP, 255)], -1))


def test_sixteen_bits_keep_the_upper_eight_rounded():
    deep = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    np.testing.assert_array_equal(pixels(saved(Image.fromarray(deep)), 1), [[0, 0, 1, 1, 128, 255]])


def test_bits_and_palettes():
    np.testing.assert_array_equal(pixels(saved(Image.fromarray(RAMP > 100)), 1), (RAMP > 100) * 255)
    palette = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 1, 2, 3])
    np.testing.assert_array_equal(pixels(saved(palette), 3), [[[255, 0, 0], [0, 255, 0], [1, 2, 3]]])
    see_through = saved(palette, transparency=1)
    np.testing.assert_array_equal(pixels(see_through, 3), [[[255, 0, 0], [255, 255, 255], [1, 2, 3]]])
    np.testing.assert_array_equal(pixels(see_through, 4)[0, :, 3], [255, 0, 255])


def test_what_is_transparent_lies_on_white():
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    np.testing.assert_array_equal(pixels(saved(Image.fromarray(rgba)), 3)[0, :2], [[10, 20, 30], [255, 255, 255]])
    assert abs(int(pixels(saved(Image.fromarray(rgba)), 1)[0, 2]) - 127) <= 1
    np.testing.assert_array_equal(pixels(saved(Image.fromarray(rgba)), 4), rgba)
    gray_alpha = Image.merge("LA", [Image.fromarray(RAMP), Image.fromarray(np.zeros_like(RAMP))])
    np.testing.assert_array_equal(pixels(saved(gray_alpha), 1), 255)


def test_cmyk_becomes_red_green_and_blue():
    ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # no cyan: red
    red = pixels(saved(ink, "JPEG", quality=100), 3).mean((0, 1))
    np.testing.assert_allclose(red, [255, 0, 0], atol=3)


@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (3, 2), (6, -1), (8, 1), (99, 0)])
def test_a_camera_held_sideways(orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.rot90(RAMP, turn)
    image = saved(Image.fromarray(RAMP), exif=exif)
    assert upright_size(image) == upright.shape[::-1]
    np.testing.assert_array_equal(pixels(image, 1), upright)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_to_hold_a_camera_as_pillow_turns_it(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = saved(Image.fromarray(RAMP), exif=exif)
    np.testing.assert_array_equal(pixels(image, 1), np.asarray(ImageOps.exif_transpose(image)))


def test_a_note_of_the_camera_that_pillow_cannot_write_again():
    """A resolution that is text: reading the picture does not need it."""
    entries = struct.pack("<HHIHHHHI4s", 274, 3, 1, 6, 0, 282, 2, 3, b"72\0\0")
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 0)
    image = saved(Image.fromarray(RAMP), "JPEG", exif=exif, quality=100)
    assert upright_size(image) == (4, 6)
    np.testing.assert_allclose(pixels(image, 1), np.rot90(RAMP, -1), atol=4)


def test_of_several_frames_the_first():
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (50, 200)]
    animated = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(pixels(animated, 1), 50)


def test_floating_point_is_refused():
    with pytest.raises(GancliError) as error:
        decode(saved(Image.fromarray(RAMP.astype(np.float32)), "TIFF"), 1)
    assert str(error.value) == (
        "its pixels are floating-point numbers, whose range no one knows; save it with 8 or 16 bits"
    )


def test_integers_of_32_bits_are_refused_unless_the_format_gives_them_a_range():
    deep = Image.fromarray(RAMP.astype(np.int32))
    with pytest.raises(GancliError) as error:
        decode(saved(deep, "TIFF"), 1)
    assert str(error.value) == "its pixels are 32-bit integers, whose range no one knows; save it with 8 or 16 bits"
    of_16_bits = b"P5 2 1 65535\n" + np.array([0, 32896], ">u2").tobytes()
    np.testing.assert_array_equal(pixels(open_image(of_16_bits), 1), [[0, 128]])


def test_what_is_no_image_and_what_is_cut_short():
    with pytest.raises(GancliError) as error:
        open_image(b"nothing of the kind")
    assert str(error.value) == "it is no image, or its header is damaged"
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(buffer, "JPEG")
    with pytest.raises(GancliError) as error:
        decode(open_image(buffer.getvalue()[:1500]), 3)
    assert str(error.value) == "its pixels cannot be read: it is damaged or cut short"


def test_the_middle_is_cut_out():
    wide = np.zeros((4, 8), np.uint8)
    wide[:, 2:6] = 100
    np.testing.assert_array_equal(frame(Image.fromarray(wide), 4, "center")[..., 0], 100)
    np.testing.assert_array_equal(frame(Image.fromarray(wide), 4, "random", (0.0, 0.0))[..., 0], wide[:, :4])
    np.testing.assert_array_equal(frame(Image.fromarray(wide), 4, "random", (1.0, 1.0))[..., 0], wide[:, 4:])
    squeezed = frame(Image.fromarray(wide), 4, "none")[..., 0]
    np.testing.assert_array_equal(squeezed, squeezed[:, ::-1])
    assert int(squeezed[0, 0]) < 20 < 80 < int(squeezed[0, 1])


@pytest.mark.parametrize("crop", ["center", "random", "none"])
def test_an_image_of_the_right_size_is_not_touched(crop):
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    np.testing.assert_array_equal(frame(Image.fromarray(image), 16, crop), image)


def test_a_smooth_image_stays_smooth():
    """Averaging four pixels of a ramp: Lanczos keeps a straight line straight inside."""
    ramp = np.repeat(np.arange(64, dtype=np.uint8)[None] * 4, 64, axis=0)
    small = frame(Image.fromarray(ramp), 16, "center")[8, 2:-2, 0].astype(int)
    np.testing.assert_allclose(np.diff(small), 16, atol=1)


@pytest.mark.parametrize(
    ("framing", "message"),
    [
        (Framing(-1), "--resolution must be at least 1, or 0 to choose it by the images, got -1."),
        (Framing(crop="up"), "--crop must be one of center, random, none, got 'up'."),
        (Framing(channels="2"), "--channels must be one of auto, 1, 3, 4, got '2'."),
    ],
)
def test_framings_that_are_none(framing, message):
    with pytest.raises(UsageError) as error:
        framing.check()
    assert str(error.value) == message
