"""Where pictures go, what is never overwritten, and the formats by the ending of a name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.errors import GancliError, UsageError
from gancli.imaging.pixels import png_bytes
from gancli.sampling import outputs
from gancli.sampling.outputs import check_sheet, choose_output, write_animation, write_picture

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def choose(given, *, overwrite=False):
    return choose_output(Path(given) if given else None, Path("run/pictures/samples.png"), overwrite=overwrite)


def test_a_picture_goes_where_the_user_says_or_beside_the_run():
    assert choose(None) == Path("run/pictures/samples.png")
    assert choose("x.png") == Path("x.png")


def test_a_file_that_the_user_names_is_replaced_if_the_user_says_so():
    Path("x.png").write_bytes(png_bytes(PICTURE))
    with pytest.raises(GancliError) as error:
        choose("x.png")
    assert str(error.value) == "'x.png' exists. Replace it with --overwrite, or choose another --output."
    assert error.value.exit_code == 1
    assert choose("x.png", overwrite=True) == Path("x.png")


def test_a_folder_is_never_replaced():
    Path("x.png").mkdir()
    for overwrite in (False, True):
        with pytest.raises(GancliError, match=r"^'x\.png' is a folder\. Choose another --output\.$"):
            choose("x.png", overwrite=overwrite)


def test_beside_the_run_a_picture_of_gancli_gives_way_and_no_other_file():
    place = choose(None)
    write_picture(place, PICTURE)
    assert choose(None) == place
    Image.fromarray(PICTURE).save(place)
    with pytest.raises(GancliError) as error:
        choose(None)
    assert str(error.value) == (
        "'run/pictures/samples.png' exists, and gancli did not write it. Replace it with --overwrite, or choose "
        "another --output."
    )
    assert choose(None, overwrite=True) == place


def test_the_ending_is_the_format():
    write_picture(Path("x.png"), PICTURE)
    write_picture(Path("x.webp"), PICTURE)
    for name, form in (("x.png", "PNG"), ("x.webp", "WEBP")):
        with Image.open(name) as picture:
            assert picture.format == form
            np.testing.assert_array_equal(np.asarray(picture), PICTURE)
    frames = [PICTURE, 255 - PICTURE]
    for name, form in (("y.gif", "GIF"), ("y.webp", "WEBP")):
        write_animation(Path(name), frames)
        with Image.open(name) as picture:
            assert (picture.format, getattr(picture, "n_frames", 1)) == (form, 2)


def test_what_webp_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(outputs, "WEBP_SIDE", 6)
    message = (
        r"^'x\.webp' would have 7x6 pixels, and a \.webp has at most 6 on a side\. "
        r"Choose another ending, a smaller --scale, or fewer images\.$"
    )
    for write in (lambda: write_picture(Path("x.webp"), PICTURE), lambda: write_animation(Path("x.webp"), [PICTURE])):
        with pytest.raises(UsageError, match=message):
            write()
    assert not list(Path().iterdir())


def test_a_sheet_has_a_largest_scale():
    check_sheet(None, 10**9, (28, 28, 1))
    check_sheet(1, 10**9, (28, 28, 1))
    check_sheet(128, 64, (8, 8, 1))  # 8,192 x 8,192 pixels
    with pytest.raises(UsageError) as error:
        check_sheet(129, 64, (8, 8, 1))
    assert str(error.value) == (
        "--scale 129 makes a picture of 64 images of 1,032x1,032 pixels, more than 67,108,864 pixels in all. "
        "Choose a --scale of at most 128."
    )
