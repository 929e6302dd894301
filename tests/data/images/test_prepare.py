"""Your images, brought to one size and kept."""

import hashlib
import json
import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.compute.cache import cache_folder
from gancli.data.catalog import SPLITS
from gancli.data.images.decode import Framing
from gancli.data.images.prepare import prepare
from gancli.data.images.splits import split_rows
from gancli.data.load import load, open_dataset
from gancli.data.mapped_rows import read_rows
from gancli.errors import GancliError, UsageError
from gancli.reporting import Silence

FOLDERS = ("0", "1", "2", "10", "11")


class Heard(Silence):
    """Remembers what it is told."""

    def __init__(self):
        self.warnings, self.told, self.works = [], [], set()

    def advance(self, what, done, total):
        assert done <= total
        self.works.add(what)

    def warning(self, message):
        self.warnings.append(message)

    def status(self, message):
        self.told.append(message)


def picture(seed, shape=(12, 10, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def fill(folder, count=60, shape=(12, 10, 3)):
    """Write pictures in two classes."""
    for index in range(count):
        path = folder / ("cats" if index % 3 else "dogs") / f"{index:03d}.PNG"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(index, shape)).save(path)
    return folder


def test_a_folder_is_split_by_content_wherever_it_lies(tmp_path):
    one = fill(tmp_path / "one")
    other = tmp_path / "other"
    shutil.copytree(one / "cats", other / "cats")
    for index, path in enumerate(sorted((one / "dogs").iterdir(), reverse=True)):
        (other / "dogs").mkdir(exist_ok=True)
        shutil.copy(path, other / "dogs" / f"renamed {index}.png")
    parts = {split: load(str(one), split) for split in ("train", "validation", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 54, "validation": 3, "test": 3}
    assert parts["train"].shape == (8, 8, 3)  # the multiple of 4 below 10
    for split, part in parts.items():
        again = load(str(other), split)
        assert again.fingerprint == part.fingerprint
        np.testing.assert_array_equal(again.labels, part.labels)
    everything = np.concatenate([part.examples for part in parts.values()])
    assert len(np.unique(everything, axis=0)) == 60
    assert np.bincount(np.concatenate([part.labels for part in parts.values()])).tolist() == [40, 20]


def test_pictures_of_the_right_size_arrive_bit_for_bit(tmp_path):
    folder = fill(tmp_path / "same", 20, (16, 16, 3))
    prepared = prepare(folder, Framing(16), Heard())
    assert {image.tobytes() for image in prepared.images} == {picture(i, (16, 16, 3)).tobytes() for i in range(20)}


def test_folder_zip_and_arrays_hold_the_same(tmp_path):
    folder = fill(tmp_path / "folder", 20, (16, 16, 3))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(folder.rglob("*.PNG")):
            archive.write(path, path.relative_to(folder).as_posix())
        archive.writestr("__MACOSX/cats/._000.png", b"not a picture")
    labels = np.array(["cats" if i % 3 else "dogs" for i in range(20)])
    np.savez(tmp_path / "all.npz", images=np.stack([picture(i, (16, 16, 3)) for i in range(20)]), labels=labels)
    found = [prepare(tmp_path / name, Framing(), Heard()) for name in ("folder", "all.zip", "all.npz")]
    pairs = [sorted(zip((i.tobytes() for i in one.images), one.labels.tolist(), strict=True)) for one in found]
    assert pairs[0] == pairs[1] == pairs[2]


def test_gray_pictures_have_one_channel_unless_others_are_among_them(tmp_path):
    for index in range(3):
        Image.fromarray(picture(index, (8, 8))).save(tmp_path / f"{index}.png")
    assert prepare(tmp_path, Framing(), Heard()).images.shape == (3, 8, 8, 1)
    assert prepare(tmp_path, Framing(12, channels="4"), Heard()).images.shape == (3, 12, 12, 4)
    Image.fromarray(picture(9, (8, 8, 3))).save(tmp_path / "color.bmp")
    assert prepare(tmp_path, Framing(), Heard()).images.shape == (4, 8, 8, 3)


def test_what_is_passed_over_is_said_every_time(tmp_path):
    folder = fill(tmp_path / "folder", 2)
    (folder / "notes.txt").write_text("x")
    for _ in range(2):  # prepared, and found in the cache
        heard = Heard()
        prepare(folder, Framing(), heard)
        assert heard.told[0] == f"passed over 1 file that is no image in '{folder}': 1 .txt"


def test_what_cannot_be_reached_is_a_warning_every_time(tmp_path):
    folder = fill(tmp_path / "folder", 2)
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    for _ in range(2):  # prepared, and found in the cache
        heard = Heard()
        prepare(folder, Framing(), heard)
        assert heard.warnings == [f"there may be images in '{folder}' that cannot be reached: 1 broken link."]
        assert not any("passed over" in told for told in heard.told)


def test_without_a_cache_images_are_prepared_for_this_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        assert len(prepare(fill(tmp_path / "folder", 2), Framing(), Heard()).images) == 2
    assert capsys.readouterr().err.count("cannot write") == 1


def test_frames_and_pages_behind_the_first_are_said(tmp_path):
    shown = [Image.fromarray(picture(seed)) for seed in range(3)]
    for ending in ("gif", "tif", "png", "webp"):
        shown[0].save(tmp_path / f"several.{ending}", save_all=True, append_images=shown[1:])
    shown[0].save(tmp_path / "one.gif")
    for _ in range(2):  # prepared, and found in the cache
        heard = Heard()
        assert len(prepare(tmp_path, Framing(), heard).images) == 5
        assert heard.told[0] == f"passed over 8 frames or pages behind the first of 4 images in '{tmp_path}'"


def test_what_a_table_has_too_much_is_said(tmp_path):
    folder = fill(tmp_path / "folder", 3)
    table = "".join(f"{path.relative_to(folder)},x\n" for path in folder.rglob("*.PNG"))
    (folder / "labels.csv").write_text(table + "gone.png,y\n")
    heard = Heard()
    prepare(folder, Framing(), heard)
    assert (
        heard.told[0] == f"labels.csv in '{folder}' has classes for 1 file that is no image here, the first is gone.png"
    )


def test_images_of_too_many_pixels_are_left_out_and_named(tmp_path):
    for side in (8, 10):
        Image.fromarray(picture(side, (side, side, 3))).save(tmp_path / f"{side}.png")
    for most, left_out in ((100, []), (99, ["10.png"])):
        heard = Heard()
        assert len(prepare(tmp_path, Framing(max_pixels=most), heard).images) == 2 - len(left_out)
        assert heard.warnings == [
            f"left out 1 of the 2 images in '{tmp_path}' ({name}: it has 100 pixels, and --max-pixels of "
            "train, data check, evaluate and translate is 99)."
            for name in left_out
        ]


def test_preparation_is_kept_until_something_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, heard = fill(tmp_path / "folder", 6), Heard()
    first = prepare(folder, Framing(), heard)
    assert heard.works == {"looking at images", "preparing images"}
    assert heard.told == [
        f"6 images in '{folder}' as 8x8x3, cropped to the center, 2 classes: 6 to train on, 0 for validation, 0 for "
        "testing"
    ]
    for changed, works in ((False, set()), (True, {"looking at images"})):
        if changed:  # in name alone
            (folder / "cats" / "001.PNG").rename(folder / "cats" / "new.PNG")
        heard = Heard()
        again = prepare(folder, Framing(), heard)
        assert heard.works == works
        assert again.classes == first.classes
        np.testing.assert_array_equal(first.images, again.images)
        np.testing.assert_array_equal(first.labels, again.labels)
    for change in (Framing(12), Framing(crop="none"), Framing(channels="1")):
        heard = Heard()
        prepare(folder, change, heard)
        assert "preparing images" in heard.works
    Image.fromarray(picture(99)).save(folder / "cats" / "new.png")
    assert len(prepare(folder, Framing(), Heard()).images) == 7
    kept = list((cache_folder() / "images").iterdir())
    assert not [path for path in kept if path.name.startswith(".")]  # nothing half-done
    folders = [path for path in kept if path.is_dir()]
    assert len(folders) == 5
    for path in folders:
        shutil.rmtree(path)
    assert len(prepare(folder, Framing(), Heard()).images) == 7


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "about.json", "receipt"])
@pytest.mark.parametrize("content", [None, b"", b"x", b"[]", b"{}", "half"])
def test_what_the_cache_has_lost_or_damaged_is_made_again(tmp_path, monkeypatch, name, content):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = fill(tmp_path / "folder", 6)
    first = prepare(folder, Framing(), Silence())
    images, labels = first.images.copy(), first.labels.copy()
    (kept,) = (path for path in (cache_folder() / "images").iterdir() if path.is_dir())
    (receipt,) = (path for path in (cache_folder() / "images").iterdir() if path.is_file())
    path = receipt if name == "receipt" else kept / name
    whole = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    again = prepare(folder, Framing(), Silence())
    np.testing.assert_array_equal(again.images, images)
    np.testing.assert_array_equal(again.labels, labels)


def test_a_file_beyond_memory_is_left_out_and_named(tmp_path):
    folder, heard = fill(tmp_path / "folder", 6), Heard()
    with (folder / "cats" / "vast.png").open("wb") as file:
        file.truncate(2**43)  # of zeros, which take no place on the disk
    assert len(prepare(folder, Framing(), heard).images) == 6
    assert heard.warnings == [f"left out 1 of the 7 images in '{folder}' (cats/vast.png: it does not fit into memory)."]


def test_a_file_that_was_replaced_by_one_as_old_and_as_long_is_seen(tmp_path):
    folder = fill(tmp_path / "folder", 2, (8, 8, 3))
    bitmaps = [folder / "dogs" / f"{index}.bmp" for index in range(2)]  # not compressed: of equal length
    for index, path in enumerate(bitmaps):
        Image.fromarray(picture(index + 90, (8, 8, 3))).save(path)
        os.utime(path, ns=(0, 0))
    assert bitmaps[0].stat().st_size == bitmaps[1].stat().st_size
    before = prepare(folder, Framing(), Heard()).images
    shutil.copy2(bitmaps[0], bitmaps[1])  # with its times
    after = prepare(folder, Framing(), Heard()).images
    assert not np.array_equal(before, after)


def test_a_preparation_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gancli.data.images.prepare.np.save", full)
    with pytest.raises(GancliError, match=r"^cannot write .*: No space left on device\.$"):
        prepare(fill(tmp_path / "folder", 6), Framing(), Heard())
    assert list((cache_folder() / "images").iterdir()) == []


def test_two_may_prepare_the_same_images_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, others = fill(tmp_path / "folder", 6), []

    def meanwhile(*arguments):
        monkeypatch.undo()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        others.append(prepare(folder, Framing(), Heard()))
        return split_rows(*arguments)

    monkeypatch.setattr("gancli.data.images.prepare.split_rows", meanwhile)
    one = prepare(folder, Framing(), Heard())
    np.testing.assert_array_equal(one.images, others[0].images)
    assert sorted(path.suffix for path in (cache_folder() / "images").iterdir()) == ["", ".json"]


def test_pictures_that_could_not_be_read_are_tried_again(tmp_path, monkeypatch):
    folder = fill(tmp_path / "folder", 6)
    (folder / "nowhere.png").symlink_to(tmp_path / "gone.png")
    lost = f"there may be images in '{folder}' that cannot be reached: 1 broken link."
    read = Path.read_bytes

    def refused(path):
        if path.name == "003.PNG":
            raise PermissionError(13, "Permission denied")
        return read(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refused)
        heard = Heard()
        assert len(prepare(folder, Framing(), heard).images) == 5
        left_out = f"left out 1 of the 6 images in '{folder}' (dogs/003.PNG: Permission denied)."
        assert heard.warnings == [lost, left_out]
    heard = Heard()
    assert len(prepare(folder, Framing(), heard).images) == 6
    assert heard.warnings == [lost]


def fail_to_read(path):
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (fail_to_read, "cannot read dogs/003.PNG in '{}' any more: Input/output error."),
        (lambda path: b"other bytes", "dogs/003.PNG in '{}' changed while it was read. Start again."),
    ],
)
def test_an_image_that_cannot_be_read_the_second_time_is_not_left_out_for_ever(tmp_path, monkeypatch, second, reason):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, read, seen = fill(tmp_path / "folder", 6), Path.read_bytes, []

    def once(path):
        seen.append(path.name)
        return second(path) if path.name == "003.PNG" and seen.count(path.name) > 1 else read(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", once)
        with pytest.raises(GancliError) as failed:
            prepare(folder, Framing(), Heard())
    assert str(failed.value) == reason.format(folder)
    assert list((cache_folder() / "images").iterdir()) == []
    assert len(prepare(folder, Framing(), Heard()).images) == 6


def test_what_a_killed_preparation_left_is_removed_a_day_later(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    images = cache_folder() / "images"
    yesterday, today = (images / f".{name}.0123456789ab.part" for name in ("a", "b"))
    for part in (yesterday, today):
        part.mkdir(parents=True)
        (part / "images.npy").touch()
    for path in (yesterday / "images.npy", yesterday):
        os.utime(path, (time.time() - 25 * 3600, time.time() - 25 * 3600))
    prepare(fill(tmp_path / "folder", 3), Framing(), Heard())
    assert not yesterday.exists()
    assert today.exists()  # somebody may still write there


def test_images_of_which_no_pixel_can_be_read_are_named(tmp_path):
    Image.fromarray(picture(0, (8, 8)).astype(np.int32)).save(tmp_path / "deep.tif")
    heard = Heard()
    with pytest.raises(GancliError) as error:
        prepare(tmp_path, Framing(), heard)
    assert heard.warnings == [
        f"left out 1 of the 1 images in '{tmp_path}' (deep.tif: its pixels are 32-bit integers, whose range no one "
        "knows; save it with 8 or 16 bits)."
    ]
    assert str(error.value) == f"none of the images in '{tmp_path}' can be read."


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are text")
def test_names_may_be_any_bytes(tmp_path):
    folder = fill(tmp_path / "folder", 3)
    odd = folder / os.fsdecode(b"\xff") / os.fsdecode(b"\xfe.png")
    odd.parent.mkdir()
    Image.fromarray(picture(70)).save(odd)
    for _ in range(2):  # prepared, and found in the cache
        prepared = prepare(folder, Framing(), Heard())
        assert (len(prepared.images), prepared.classes) == (4, ("cats", "dogs", odd.parent.name))


def test_broken_pictures_are_left_out_and_named(tmp_path):
    folder = fill(tmp_path / "folder", 6)
    (folder / "cats" / "bad.jpg").write_bytes(b"no picture")
    Image.fromarray(picture(50, (64, 64, 3))).save(folder / "dogs" / "cut.jpg")
    cut = (folder / "dogs" / "cut.jpg").read_bytes()[:1500]  # its header is whole
    (folder / "dogs" / "cut.jpg").write_bytes(cut)
    for _ in range(2):  # prepared, and found in the cache
        heard = Heard()
        assert len(prepare(folder, Framing(), heard).images) == 6
        assert heard.warnings == [
            f"left out 2 of the 8 images in '{folder}' (cats/bad.jpg: it is no image, or its header is damaged; "
            "dogs/cut.jpg: its pixels cannot be read: it is damaged or cut short)."
        ]
    shutil.rmtree(folder / "dogs")
    shutil.rmtree(folder / "cats")
    (folder / "only.png").write_bytes(b"no picture")
    heard = Heard()
    with pytest.raises(GancliError) as error:
        prepare(folder, Framing(), heard)
    assert heard.warnings == [
        f"left out 1 of the 1 images in '{folder}' (only.png: it is no image, or its header is damaged)."
    ]
    assert str(error.value) == f"none of the images in '{folder}' can be read."


def labeled(path, labels, seed=0):
    """Write images of 8 by 8, and what their classes are."""
    np.savez(path, images=np.stack([picture(seed + row, (8, 8, 3)) for row in range(len(labels))]), labels=labels)
    return path


def test_classes_that_are_numbers_are_ordered_as_numbers(tmp_path):
    for labels, names in (
        (list(range(12)) * 2, [str(number) for number in range(12)]),
        ([10, 9, 1, -1], ["-1", "1", "9", "10"]),
        (["cat", "10", "7", "7"], ["7", "10", "cat"]),
    ):
        prepared = prepare(labeled(tmp_path / "x.npz", labels), Framing(), Heard())
        assert list(prepared.classes) == names
        found = {image.tobytes(): names[label] for image, label in zip(prepared.images, prepared.labels, strict=True)}
        assert found == {picture(row, (8, 8, 3)).tobytes(): str(label) for row, label in enumerate(labels)}
    for name in FOLDERS:
        (tmp_path / "folder" / name).mkdir(parents=True)
        Image.fromarray(picture(int(name))).save(tmp_path / "folder" / name / "a.png")
    assert prepare(tmp_path / "folder", Framing(), Heard()).classes == FOLDERS
    table = "".join(f"{n}/a.png,{30 - int(n)}\n" for n in FOLDERS)
    (tmp_path / "folder" / "labels.csv").write_text(table)
    assert prepare(tmp_path / "folder", Framing(), Heard()).classes == ("19", "20", "28", "29", "30")
    (tmp_path / "folder" / "labels.csv").unlink()
    pairs = json.dumps({"labels": [[f"{n}/a.png", int(n)] for n in FOLDERS]})
    (tmp_path / "folder" / "dataset.json").write_text(pairs)
    assert prepare(tmp_path / "folder", Framing(), Heard()).classes == FOLDERS


def test_each_class_has_its_share_of_every_split(tmp_path):
    """A rare image whose hash is among the first is trained on all the same."""
    seeds = range(1000)
    rare = next(s for s in seeds if hashlib.sha256(picture(s, (8, 8, 3)).tobytes()).hexdigest() < "08")
    path = labeled(tmp_path / "x.npz", ["rare"] + ["a"] * 40 + ["b"] * 40, rare)
    for held_out, held in ((0.1, 2), (0.2, 4), (0.5, 10), (0.0, 0)):
        opened = open_dataset(str(path), framing=Framing(held_out=held_out))
        parts = {split: opened.split(split) for split in SPLITS}
        counts = {split: np.bincount(part.labels, minlength=3).tolist() for split, part in parts.items()}
        assert counts == {
            **{"train": [40 - 2 * held, 40 - 2 * held, 1]},
            **{"validation": [held, held, 0], "test": [held, held, 0]},
        }
        everything = np.concatenate([part.examples for part in parts.values()])
        assert len(np.unique(everything, axis=0)) == 81
        assert isinstance(parts["train"].examples, np.memmap)  # which can be streamed
        numbers = np.array([3, 0])
        np.testing.assert_array_equal(
            read_rows(parts["train"].examples, numbers), np.asarray(parts["train"].examples)[numbers]
        )
    assert len(opened.split("train").held_out()) == 81
    with pytest.raises(UsageError) as caught:
        opened.split("test").held_out()
    assert str(caught.value) == (
        f"no images of '{path}' are held out for test. Train on more images, or with a higher --held-out, at most 0.5."
    )


def test_copies_of_an_image_in_two_classes_are_in_one_order(tmp_path):
    images = np.stack([picture(0, (8, 8, 3))] * 2)
    for labels in (["a", "b"], ["b", "a"]):
        np.savez(tmp_path / "x.npz", images=images, labels=labels)
        assert prepare(tmp_path / "x.npz", Framing(), Heard()).labels.tolist() == [0, 1]


def test_a_class_of_broken_images_stays_a_class(tmp_path):
    folder = fill(tmp_path / "folder", 3)
    (folder / "rare").mkdir()
    cut = (folder / "cats" / "001.PNG").read_bytes()[:120]  # its header is whole
    (folder / "rare" / "cut.png").write_bytes(cut)
    assert load(str(folder)).class_counts() == {"cats": 2, "dogs": 1, "rare": 0}
