import shutil

import numpy as np
import pytest
from PIL import Image

from gancli.data.images.find import EXTENSIONS, find_images
from gancli.data.images.uniform import UniformImages
from gancli.errors import GancliError


def write(path, size=(6, 4), mode="RGB", seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return pixels


def test_images_of_any_depth_and_case_in_the_order_of_their_paths(tmp_path):
    expected = [write(tmp_path / name, seed=seed) for seed, name in enumerate(["A/1.PNG", "b/2.png", "b/c/3.Png"])]
    (tmp_path / "notes.txt").write_text("not an image")
    folder = UniformImages.scan(tmp_path)
    assert folder.shape == (4, 6, 3)
    assert len(folder) == 3
    for size in (1, 2, 10):
        np.testing.assert_array_equal(np.concatenate(list(folder.batches(size, 3))), expected)
    assert [len(batch) for batch in folder.batches(2, 3)] == [2, 1]
    before = folder.fingerprint
    write(tmp_path / "b" / "2.png", seed=9)
    assert UniformImages.scan(tmp_path).fingerprint != before


def test_gray_images_have_one_channel(tmp_path):
    write(tmp_path / "1.webp", mode="L")
    write(tmp_path / "2.webp", mode="L")
    # WebP has no gray mode: Pillow reads it as RGB.
    assert UniformImages.scan(tmp_path).shape == (4, 6, 3)
    write(tmp_path / "gray" / "1.png", mode="L")
    assert UniformImages.scan(tmp_path / "gray").shape == (4, 6, 1)


def test_mixtures_are_counted_and_refused(tmp_path):
    for index in range(3):
        write(tmp_path / "sizes" / f"{index}.png", size=(6, 4 + index % 2))
        write(tmp_path / "modes" / f"{index}.png", mode="L" if index else "RGB")
        write(tmp_path / "formats" / f"{index}.{'png' if index else 'jpg'}")
    for name, found in (
        ("sizes", "mixed sizes: 2 4x6, 1 5x6"),
        ("modes", "mixed color modes: 2 L, 1 RGB"),
        ("formats", "mixed formats: 2 PNG, 1 JPEG"),
    ):
        with pytest.raises(GancliError) as caught:
            UniformImages.scan(tmp_path / name)
        assert f"the 3 images in '{tmp_path / name}' have {found}." in str(caught.value)


def test_no_images_says_what_is_there(tmp_path):
    (tmp_path / "x.mov").write_text("")
    (tmp_path / "y.txt").write_text("")
    (tmp_path / "z.txt").write_text("")
    with pytest.raises(GancliError) as caught:
        UniformImages.scan(tmp_path)
    assert str(caught.value) == f"no images in '{tmp_path}' ({', '.join(EXTENSIONS)}). It has: 2 .txt, 1 .mov."


def test_what_is_transparent_lies_on_white(tmp_path):
    """As it does in training."""
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "1.png")
    images = UniformImages.scan(tmp_path)
    assert images.shape == (1, 2, 3)
    np.testing.assert_array_equal(next(images.batches(1, 1))[0], [[[10, 20, 30], [255, 255, 255]]])


def test_images_on_their_side_are_turned(tmp_path):
    upright = write(tmp_path / "up" / "1.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "side").mkdir()
    Image.fromarray(np.rot90(upright).copy()).save(tmp_path / "side" / "1.png", exif=exif)
    up, side = (UniformImages.scan(tmp_path / name) for name in ("up", "side"))
    assert up.shape == side.shape
    np.testing.assert_array_equal(next(up.batches(1, 1)), next(side.batches(1, 1)))


def test_every_file_is_seen_that_training_sees(tmp_path):
    write(tmp_path / "1.png")
    write(tmp_path / "2.bmp")
    write(tmp_path / "3.tif")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "._1.png").write_bytes(b"no image")
    assert len(find_images(tmp_path).files) == 3
    with pytest.raises(GancliError, match=r"^the 3 images in '.*' have mixed formats: 1 PNG, 1 BMP, 1 TIFF\. "):
        UniformImages.scan(tmp_path)


def test_a_zip_holds_the_same_as_its_folder(tmp_path):
    write(tmp_path / "all" / "1.png", seed=1)
    write(tmp_path / "all" / "2.png", seed=2)
    shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "all")
    one, other = (UniformImages.scan(tmp_path / name) for name in ("all", "all.zip"))
    assert (one.fingerprint, one.shape) == (other.fingerprint, other.shape)
    np.testing.assert_array_equal(next(one.batches(2, 2)), next(other.batches(2, 2)))


def test_a_damaged_image_is_named(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(GancliError) as caught:
        UniformImages.scan(tmp_path)
    assert str(caught.value) == (
        f"empty.png in '{tmp_path}' cannot be measured: it is no image, or its header is damaged."
    )
    (tmp_path / "empty.png").unlink()
    write(tmp_path / "cut.jpg", size=(60, 60))
    content = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    images = UniformImages.scan(tmp_path)
    with pytest.raises(GancliError) as caught:
        list(images.batches(10, 1))
    assert str(caught.value) == (
        f"cut.jpg in '{tmp_path}' cannot be measured: its pixels cannot be read: it is damaged or cut short."
    )
