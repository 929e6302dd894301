import numpy as np
import pytest
from PIL import Image

from gancli.data.images.arrays import read_images
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
        assert f"the 3 images under '{tmp_path / name}' have {found}." in str(caught.value)


def test_no_images_says_what_is_there(tmp_path):
    (tmp_path / "x.gif").write_text("")
    (tmp_path / "y.txt").write_text("")
    (tmp_path / "z.txt").write_text("")
    with pytest.raises(GancliError) as caught:
        UniformImages.scan(tmp_path)
    assert str(caught.value) == (f"no images under '{tmp_path}' (.png, .jpg, .jpeg, .webp). It has: 2 .txt, 1 .gif.")


def test_unusual_modes_are_refused(tmp_path):
    write(tmp_path / "1.png", mode="RGBA")
    with pytest.raises(GancliError, match="have color mode RGBA; convert them to L \\(gray\\) or RGB"):
        UniformImages.scan(tmp_path)


def test_a_damaged_image_is_named(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(GancliError, match=r"empty.png' cannot be read as an image"):
        UniformImages.scan(tmp_path)
    (tmp_path / "empty.png").unlink()
    write(tmp_path / "cut.png", size=(60, 60))
    content = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    folder = UniformImages.scan(tmp_path)
    with pytest.raises(GancliError, match=r"cut.png' is damaged: its pixels cannot be read"):
        list(folder.batches(10, 1))


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.full((2, 3, 4, 3), 7, np.uint8), np.full((2, 3, 4, 3), 7, np.uint8)),
        (np.full((2, 3, 4), 7, np.uint8), np.full((2, 3, 4, 1), 7, np.uint8)),
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
        (np.zeros((2, 64), np.uint8), "images must be [N, H, W] or [N, H, W, 1 or 3], got [2, 64]"),
        (np.zeros((2, 8, 8, 3), np.int64), "must be floats or uint8"),
    ],
)
def test_other_arrays_are_refused(tmp_path, images, message):
    np.save(tmp_path / "x.npy", images)
    with pytest.raises(GancliError) as caught:
        read_images(tmp_path / "x.npy")
    assert message in str(caught.value)
