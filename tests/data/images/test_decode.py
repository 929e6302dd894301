"""Every kind of image file to uint8 [H, W, C]."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from gancli.data.images.decode import (
    EXTENSIONS,
    Framing,
    check_pixels,
    decode,
    frame,
    num_frames,
    open_image,
    upright_size,
)
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
        (Framing(max_pixels=0), "--max-pixels must be at least 1, got 0."),
        (Framing(channels="2"), "--channels must be one of auto, 1, 3, 4, got '2'."),
    ],
)
def test_framings_that_are_none(framing, message):
    with pytest.raises(UsageError) as error:
        framing.check()
    assert str(error.value) == message


def encoded(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["TIFF", "PNG", "WEBP", "AVIF", "JPEG"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_the_size_that_is_seen_is_known_before_the_pixels(form, orientation):
    """TIFFs are turned by Pillow, and others by gancli."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = saved(Image.fromarray(RAMP).convert("RGB"), form, exif=exif)
    size = upright_size(image)
    assert size == ((4, 6) if orientation > 4 else (6, 4))
    assert decode(image, 3).size == size
    if form in ("TIFF", "PNG"):
        turned = ImageOps.exif_transpose(saved(Image.fromarray(RAMP), exif=exif))
        np.testing.assert_array_equal(np.asarray(decode(saved(Image.fromarray(RAMP), form, exif=exif), 1)), turned)


@pytest.mark.parametrize("orientation", ["6", b"\6", 6.5, (6, 6)])
def test_a_note_that_is_no_number_turns_nothing(orientation, monkeypatch):
    image = saved(Image.fromarray(RAMP))
    monkeypatch.setattr(type(image), "getexif", lambda _: {0x0112: orientation})
    assert upright_size(image) == (6, 4)
    np.testing.assert_array_equal(pixels(image, 1), RAMP)


def tiff(array, bits, photometric=1, kind=1):
    """Write a gray TIFF of little-endian numbers, not compressed."""
    height, width = array.shape
    content = array.tobytes()
    if bits == 12:  # two pixels in three bytes
        flat = array.ravel().astype(int)
        content = b"".join(
            bytes([one >> 4, (one & 15) << 4 | other >> 8, other & 255])
            for one, other in zip(flat[::2], flat[1::2], strict=True)
        )
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 200), (277, 1), (278, height)]
    tags += [(279, len(content)), (339, kind)]
    header = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(struct.pack("<HHII", t, 4, 1, v) for t, v in tags)
    return open_image((header + bytes(4)).ljust(200, b"\0") + content)


def test_deep_gray_is_scaled_by_the_range_of_its_file():
    twelve = np.array([[0, 8, 9, 2048, 4094, 4095]], np.uint16)
    np.testing.assert_array_equal(pixels(tiff(twelve, 12), 1), np.rint(twelve / 4095 * 255))
    deep = np.array([[0, 257, 65535]], np.uint16)
    np.testing.assert_array_equal(pixels(tiff(deep, 16), 1), [[0, 1, 255]])
    np.testing.assert_array_equal(pixels(tiff(deep, 16, photometric=0), 1), [[255, 254, 0]])  # white is zero


def test_signed_integers_have_no_known_range():
    with pytest.raises(GancliError) as error:
        decode(tiff(np.zeros((1, 2), np.int16), 16, kind=2), 1)
    assert str(error.value) == (
        "its pixels are signed 16-bit integers, whose range no one knows; save it with 8 or 16 bits"
    )


def test_what_is_transparent_among_deep_pixels_lies_on_white():
    deep = np.array([[0, 257 * 7, 65535 - 257]], np.uint16)
    content = encoded(Image.fromarray(deep), transparency=257 * 7)
    np.testing.assert_array_equal(pixels(open_image(content), 1), [[0, 255, 254]])
    np.testing.assert_array_equal(pixels(open_image(content), 4)[0, :, 3], [255, 0, 255])


@pytest.mark.parametrize(("mode", "form"), [("LAB", "TIFF"), ("CMYK", "TIFF"), ("YCbCr", "TIFF"), ("PA", "TIFF")])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_color_mode_becomes_every_number_of_channels(mode, form, channels):
    color = Image.new("RGB", (4, 4), (200, 40, 90))
    found = pixels(saved(color.convert(mode), form), channels)
    expected = pixels(saved(color), channels)
    assert found.shape == expected.shape
    if mode != "PA":
        np.testing.assert_allclose(found.astype(int), expected, atol=3)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3 * 2**20))),
        (b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(3 * 2**20))),
        (b"tEXt", b"Comment\0" + b"x" * (3 * 2**20)),
        (b"iCCP", b"profile\0\0" + zlib.compress(bytes(3 * 2**20))),
    ],
)
def test_a_picture_with_a_long_description_is_read(name, content, place):
    png = encoded(Image.fromarray(RAMP))
    where = png.index(b"IDAT" if place == "before" else b"IEND") - 4
    image = open_image(png[:where] + chunk(name, content) + png[where:])
    np.testing.assert_array_equal(pixels(image, 1), RAMP)


def test_an_image_of_too_many_pixels_names_the_option():
    image = saved(Image.fromarray(RAMP))
    check_pixels(image, 24)
    with pytest.raises(GancliError) as error:
        check_pixels(image, 23)
    assert str(error.value) == ("it has 24 pixels, and --max-pixels of train, data check, evaluate and translate is 23")
    image = open_image(b"P5 20000 10000 255\n")  # 200 million, which Pillow alone would not open
    with pytest.raises(GancliError, match=r"^it has 200,000,000 pixels, and --max-pixels .* is 178,956,970$"):
        check_pixels(image, Framing().max_pixels)


@pytest.mark.parametrize("form", ["GIF", "TIFF", "PNG", "WEBP", "AVIF", "MPO"])
def test_frames_are_counted(form):
    shown = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (10, 100, 200)]
    assert num_frames(saved(shown[0], form, save_all=True, append_images=shown[1:])) == 3
    assert num_frames(saved(shown[0], "PNG")) == 1


def test_only_formats_with_a_mark_are_recognized_whatever_they_are_called():
    targa = encoded(Image.fromarray(RAMP), "TGA")
    np.testing.assert_array_equal(pixels(open_image(targa, ".TGA"), 1), RAMP)
    postscript = encoded(Image.fromarray(RAMP), "EPS")  # a program, which Pillow would have run
    for content, extension in ((targa, ".png"), (postscript, ".png"), (postscript, ".jpg")):
        with pytest.raises(GancliError, match=r"^it is no image, or its header is damaged$"):
            open_image(content, extension)
    assert {".mpo", ".jfif", ".ppm", ".tga", ".avif", ".apng"} <= set(EXTENSIONS)
