"""Which files are images, in folders, zips and files of arrays, and what is said of the others."""

import inspect
import json
import os
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.data.catalog import is_path
from gancli.data.images.find import EXTENSIONS, find_images, state
from gancli.errors import GancliError

WAY_OUT = "Give a folder of images, or a .zip, .npz or .npy file."


def draw(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)


def names(path):
    return [one.name for one in find_images(path).files]


def labels(path):
    return [one.label for one in find_images(path).files]


def refused(path):
    with pytest.raises(GancliError) as error:
        find_images(path)
    return str(error.value)


def test_files_that_are_no_images_are_counted(tmp_path):
    draw(tmp_path / "a.png", tmp_path / "sub" / "b.JPG", tmp_path / "c.tga")
    for name in ("1.txt", "2.TXT", "README", "sub/x.mov"):
        (tmp_path / name).write_text("x")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    found = find_images(tmp_path)
    assert [one.name for one in found.files] == ["a.png", "c.tga", "sub/b.JPG"]
    assert found.passed_over == {".txt": 2, "broken link": 1, "special file": 1, "no extension": 1, ".mov": 1}


def test_what_systems_leave_behind_is_never_data(tmp_path):
    draw(tmp_path / "a.png", tmp_path / ".hidden" / "b.png", tmp_path / ".ipynb_checkpoints" / "a-checkpoint.png")
    draw(tmp_path / "@eaDir" / "a.png", tmp_path / "__MACOSX" / "a.png")
    for name in ("._a.png", "Thumbs.db", "desktop.ini", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    found = find_images(tmp_path)
    assert ([one.name for one in found.files], found.passed_over) == (["a.png"], {})


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path):
    draw(tmp_path / "store" / "dogs" / "1.png", tmp_path / "pets" / "cats" / "2.png")
    (tmp_path / "pets" / "dogs").symlink_to(tmp_path / "store" / "dogs")
    (tmp_path / "pets" / "cats" / "all").symlink_to(tmp_path / "pets")
    before = state(tmp_path / "pets")
    found = find_images(tmp_path / "pets")
    assert [(one.name, one.label) for one in found.files] == [("cats/2.png", "cats"), ("dogs/1.png", "dogs")]
    assert found.passed_over == {"link in a circle": 1}
    draw(tmp_path / "store" / "dogs" / "3.png")
    assert state(tmp_path / "pets") != before


@pytest.mark.parametrize("where", ["runs/hinge", "runs/sweep/seed-0"])
def test_runs_are_no_images(tmp_path, where):
    draw(tmp_path / where / "samples" / "000100.png", tmp_path / "runs" / "seeds.png")
    (tmp_path / where / "config.json").write_text('{"gancli": "0.1", "config": {}}')
    inside = where.removeprefix("runs/")
    assert refused(tmp_path / "runs") == (
        f"'{tmp_path / 'runs'}' holds runs of gancli ('{inside}' is one), whose pictures are no data. "
        "Give one of the runs, or a folder without runs."
    )
    assert refused(tmp_path / where) == f"'{tmp_path / where}' is a run of gancli, not a folder of images."


@pytest.mark.parametrize("content", ['{"model_type": "vit"}', "[1]", "no JSON"])
def test_a_config_of_something_else_is_no_run(tmp_path, content):
    draw(tmp_path / "sub" / "a.png")
    (tmp_path / "sub" / "config.json").write_text(content)
    assert find_images(tmp_path).passed_over == {".json": 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.zip", b"nothing", "'{path}' is not a zip file, or damaged."),
        ("no.npz", b"nothing", "'{path}' is not an .npz or .npy file, or damaged."),
        ("missing.zip", None, "no such folder or file: '{path}'."),
        ("x.parquet", b"PAR1", f"'{{path}}' has no form that gancli reads. {WAY_OUT}"),
        ("x.tar", b"nothing", f"'{{path}}' has no form that gancli reads. {WAY_OUT}"),
        ("x.csv", b"", f"'{{path}}' has no form that gancli reads. {WAY_OUT}"),
        ("x.lmdb", b"nothing", f"'{{path}}' has no form that gancli reads. {WAY_OUT}"),
        ("x.png", b"nothing", f"'{{path}}' is a single image. {WAY_OUT}"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert refused(path) == message.format(path=path)


def test_a_folder_without_images_says_what_it_has(tmp_path):
    (tmp_path / "notes.TXT").write_text("x")
    (tmp_path / ".hidden.png").write_text("x")
    assert refused(tmp_path) == f"no images in '{tmp_path}' ({', '.join(EXTENSIONS)}). It has: 1 .txt."


def test_a_name_of_the_catalog_is_never_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mnist").mkdir()
    Path("photos").mkdir()
    paths = ["./mnist", "photos", "photos.zip", "photos.npy", "a/b"]
    assert [is_path(name) for name in ("mnist", "mnits", *paths)] == [False, False, *[True] * len(paths)]


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members:
            archive.writestr(name, members[name])
    return path


def test_a_zip_of_a_folder_has_the_classes_of_the_folder(tmp_path):
    table = "".join(f"{name}/1.png,{name[0]}\n" for name in ("cats", "dogs"))
    for more, expected in (
        ({}, ["cats", "dogs"]),
        ({"pets/labels.csv": table}, ["c", "d"]),
        ({"pets/dataset.json": json.dumps({"labels": [["cats/1.png", 7], ["dogs/1.png", 8]]})}, ["7", "8"]),
    ):
        path = zipped(tmp_path / "pets.zip", {"pets/cats/1.png": b"", "pets/dogs/1.png": b"", "__MACOSX/x": b""} | more)
        assert labels(path) == expected
        assert find_images(path).passed_over == {}
    assert labels(zipped(tmp_path / "windows.zip", {"cats\\1.png": b"", "dogs\\1.png": b""})) == ["cats", "dogs"]
    assert labels(zipped(tmp_path / "one.zip", {"cats/1.png": b"", "cats/2.png": b""})) == ["cats", "cats"]


@pytest.mark.parametrize(
    ("method", "flag", "message"),
    [
        (9, 0, "the archive is compressed in a way that Python cannot read; zip it with Deflate"),
        (8, 1, "the archive asks for a password; zip it without"),
    ],
)
def test_members_that_python_cannot_read(tmp_path, method, flag, message):
    path = zipped(tmp_path / "all.zip", {"a.png": b"x" * 100})
    content = bytearray(path.read_bytes())
    for header, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = content.index(header) + place
        content[start : start + 4] = struct.pack("<HH", flag, method)
    path.write_bytes(content)
    (file,) = find_images(path).files
    with pytest.raises(GancliError) as error:
        file.read()
    assert str(error.value) == message


def test_arrays_and_their_labels(tmp_path):
    images = np.zeros((4, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=np.zeros(3, int))
    assert refused(tmp_path / "x.npz") == (
        f"labels in '{tmp_path / 'x.npz'}' must be integers or strings of shape [4], got int64 of shape [3]."
    )
    np.savez(tmp_path / "x.npz", images=images, labels=np.array([b"cat", b"dog"] * 2))
    assert labels(tmp_path / "x.npz") == ["cat", "dog", "cat", "dog"]
    np.save(tmp_path / "x.npy", images)
    assert names(tmp_path / "x.npy") == [f"images[{row}]" for row in range(4)]
    (tmp_path / "x.npy").rename(tmp_path / "x")
    assert labels(tmp_path / "x") == [""] * 4


def test_integer_labels_index_the_names_beside_them(tmp_path):
    images, path = np.zeros((3, 8, 8, 3), np.uint8), tmp_path / "x.npz"
    np.savez(path, images=images, labels=[1, 0, 1])
    assert labels(path) == ["1", "0", "1"]
    np.savez(path, images=images, labels=[1, 0, 1], class_names=["cat", "dog"])
    assert labels(path) == ["dog", "cat", "dog"]
    np.savez(path, images=images, labels=[1, 0, 1], class_names=[b"cat", b"dog"])
    assert labels(path) == ["dog", "cat", "dog"]
    np.savez(path, images=images, labels=["a", "b", "b"], class_names=["cat", "dog"])
    assert labels(path) == ["a", "b", "b"]
    for listed, found in (
        (["cat"], "<U3 of shape [1]"),
        ([1, 2], "int64 of shape [2]"),
    ):
        np.savez(path, images=images, labels=[1, 0, 1], class_names=listed)
        assert refused(path) == (
            f"class_names in '{path}' must be strings that the labels, 0 to 1, index; got {found}. "
            "Rename the array if it is something else."
        )


def test_labels_that_are_no_numbers_or_strings(tmp_path):
    images = np.zeros((2, 8, 8, 3), np.uint8)
    for name in ("labels", "class_names"):
        arrays = {"images": images, "labels": [0, 1], name: np.array(["cat", None])}
        np.savez(tmp_path / "x.npz", **arrays)  # type: ignore[arg-type]
        assert (
            refused(tmp_path / "x.npz")
            == f"'{tmp_path / 'x.npz'}' holds Python objects instead of an array of numbers."
        )


def test_names_in_a_zip_are_those_of_unpacked_files(tmp_path):
    members = ["./cats/1.png", "/cats/2.png", "../cats/3.png", "C:\\pets\\dogs\\4.png", "a/../dogs/5.png"]
    path = zipped(tmp_path / "odd.zip", dict.fromkeys(members, b""))
    assert names(path) == ["a/dogs/5.png", "cats/1.png", "cats/2.png", "cats/3.png", "pets/dogs/4.png"]
    assert find_images(path).passed_over == {}


def test_a_name_that_is_twice_in_a_zip_is_said(tmp_path):
    path = zipped(tmp_path / "twice.zip", {"a.png": b"first", "./a.png": b"second"})
    found = find_images(path)
    assert [file.read() for file in found.files] == [b"second"]  # as when it is unpacked
    assert found.passed_over == {"second file of one name": 1}


def test_empty_folders_are_said(tmp_path):
    draw(tmp_path / "pets" / "cats" / "1.png")
    (tmp_path / "pets" / "dogs" / "old").mkdir(parents=True)
    (tmp_path / "pets" / "birds" / ".git").mkdir(parents=True)
    assert find_images(tmp_path / "pets").passed_over == {"empty folder": 2}
    path = zipped(
        tmp_path / "pets.zip", {"cats/": b"", "cats/1.png": b"", "dogs/": b"", "dogs/old/": b"", "birds/": b""}
    )
    assert find_images(path).passed_over == {"empty folder": 2}
    (tmp_path / "none").mkdir()
    assert refused(tmp_path / "none") == f"no images in '{tmp_path / 'none'}' ({', '.join(EXTENSIONS)})."


def test_folders_may_be_deep(tmp_path):
    depth, limit = 250, sys.getrecursionlimit()
    draw(tmp_path.joinpath(*["a"] * depth, "1.png"))
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        found = find_images(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert len(found.files) == 1


def test_an_unreadable_folder_is_said(tmp_path, monkeypatch):
    draw(tmp_path / "a" / "1.png", tmp_path / "b" / "2.png")
    scan = os.scandir

    def refused_scan(path):
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused_scan)
    assert find_images(tmp_path).passed_over == {"unreadable folder": 1}


def test_a_name_that_no_file_can_have_is_one_line(tmp_path):
    for name in ("a" * 300, "a/b\0c.png"):
        assert refused(tmp_path / name) == f"no such folder or file: '{tmp_path / name}'."


def test_what_a_damaged_archive_raises_is_one_line(tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.zip", {"a.png": b"x" * 100})
    (file,) = find_images(path).files
    for raised, said in (
        (EOFError("Compressed file ended"), "the archive is damaged here (Compressed file ended)"),
        (struct.error("unpack requires"), "the archive is damaged here (unpack requires)"),
        (MemoryError(), "it does not fit into memory"),
    ):

        def read(*_, raised=raised):
            raise raised

        monkeypatch.setattr(zipfile.ZipFile, "read", read)
        with pytest.raises(GancliError) as error:
            file.read()
        assert str(error.value) == said


def test_links_inside_a_zip_are_said(tmp_path):
    path = tmp_path / "x.zip"
    link = zipfile.ZipInfo("cats/link.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16  # as `zip --symlinks` writes it on Unix
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cats/1.png", b"")
        archive.writestr(link, "1.png")
    found = find_images(path)
    assert [file.name for file in found.files] == ["cats/1.png"]
    assert found.passed_over == {"link inside an archive": 1}
