import errno
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from gancli.errors import GancliError
from gancli.files import (
    appearing,
    check_free,
    check_name,
    keeping_nothing,
    read_arrays,
    read_json,
    remove_unfinished,
    unfinished,
    write_atomically,
)


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_atomically(path, "one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def full(self, data):
        with open(self, "wb") as file:
            file.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(GancliError) as caught:
        write_atomically(path, "new content")
    assert str(caught.value) == f"cannot write {path}: No space left on device."
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_device_is_one_line():
    with pytest.raises(GancliError) as caught:
        write_atomically(Path("/dev/full"), "x")
    assert str(caught.value) == "cannot write /dev/full: No space left on device."


def test_a_folder_appears_whole(tmp_path):
    folder = tmp_path / "new" / "folder"
    with appearing(folder) as part:
        part.mkdir()
        (part / "one").write_text("1")
        assert not folder.exists()
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]
    assert (folder / "one").read_text() == "1"


def test_a_folder_that_is_not_finished_leaves_nothing(tmp_path):
    def fail(part):
        part.mkdir()
        (part / "one").write_text("1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), appearing(tmp_path / "folder") as part:
        fail(part)
    assert list(tmp_path.iterdir()) == []


def test_what_is_unfinished_is_found_and_removed(tmp_path):
    with appearing(tmp_path / "file") as part, appearing(tmp_path / "folder") as other:
        part.touch()
        other.mkdir()
        (other / "one").touch()
        assert unfinished(tmp_path, "file") == [part]
        assert sorted(unfinished(tmp_path, "f*")) == sorted([part, other])
        remove_unfinished(tmp_path, "f*", age=3600.0)
        assert part.exists()
        assert (other / "one").exists()
        remove_unfinished(tmp_path, "folder")
        assert not other.exists()
        other.mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    remove_unfinished(tmp_path, "f*")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_two_may_make_the_same_file_at_a_time(tmp_path):
    with appearing(tmp_path / "file") as one, appearing(tmp_path / "file") as other:
        one.write_text("one")
        other.write_text("other")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "one")]


def test_only_an_empty_folder_is_replaced(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with appearing(folder) as part:
        part.mkdir()
        (part / "one").write_text("1")
    with pytest.raises(GancliError) as caught, appearing(folder) as part:
        part.mkdir()
    assert str(caught.value) == f"cannot write {folder}: Directory not empty."
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "one"]


def everything(names):
    return names


def test_arrays_are_read_by_their_names(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.arange(3), b=np.eye(2))
    np.save(tmp_path / "x.npy", np.arange(3))
    assert set(read_arrays(tmp_path / "x.npz", everything)) == {"a", "b"}
    assert list(read_arrays(tmp_path / "x.npz", lambda names: [names[0]])) == ["a"]
    np.testing.assert_array_equal(read_arrays(tmp_path / "x.npy", everything)[""], np.arange(3))


def patched(content, places, value):
    """Return a zip with other bytes in the headers of its members."""
    content = bytearray(content)
    for magic, offset in places:
        start = content.find(magic)
        while start >= 0:
            content[start + offset] = value
            start = content.find(magic, start + 1)
    return bytes(content)


DAMAGED = "'{path}' is not an .npz or .npy file, or damaged."


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: b"", DAMAGED),
        (lambda _: b"text", DAMAGED),
        (lambda content: content[: len(content) // 2], DAMAGED),
        (lambda content: content[:80] + bytes(40) + content[120:], DAMAGED),
        (lambda content: patched(content, [(b"PK\3\4", 6), (b"PK\1\2", 8)], 1), DAMAGED),  # asks for a password
        (lambda content: patched(content, [(b"PK\3\4", 8), (b"PK\1\2", 10)], 99), DAMAGED),  # an unknown compression
        (None, "no such file: '{path}'."),
    ],
    ids=["empty", "text", "cut", "zeros", "password", "compression", "missing"],
)
def test_what_cannot_be_read_as_arrays_is_one_line(tmp_path, damage, message):
    path = tmp_path / "x.npz"
    if damage:
        np.savez_compressed(path, images=np.random.default_rng(0).integers(0, 256, (4, 8, 8), np.uint8))
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(GancliError) as caught:
        read_arrays(path, everything)
    assert str(caught.value) == message.format(path=path)


def test_objects_and_arrays_beyond_memory_are_one_line(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.array([None, 1]))
    with pytest.raises(GancliError, match=r"x\.npz' holds Python objects instead of an array of numbers\.$"):
        read_arrays(tmp_path / "x.npz", everything)
    with (tmp_path / "y.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (4 * 10**15,)})
    with pytest.raises(GancliError, match=r"y\.npy' holds more than fits into memory\.$"):
        read_arrays(tmp_path / "y.npy", everything)
    with pytest.raises(GancliError, match=r"^cannot read '.*': Is a directory\.$"):
        read_arrays(tmp_path, everything)


def test_a_name_that_is_no_text_is_refused():
    check_name("the folder", Path("caf\u00e9"))
    with pytest.raises(GancliError) as refused:
        check_name("the folder", Path("caf\udce9"))
    assert str(refused.value) == (
        "the folder 'caf\\udce9' has a name that is no text in the encoding of file names here "
        f"({sys.getfilesystemencoding()}). Set PYTHONUTF8=1, or rename it."
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_is_read_in_every_encoding_of_unicode(tmp_path, encoding):
    (tmp_path / "a.json").write_bytes('{"é": 1}\r\n'.encode(encoding))
    assert read_json(tmp_path / "a.json") == {"é": 1}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xff", b"[" * 100_000])
def test_what_is_no_json_is_a_value_error(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "a.json")


def test_a_json_file_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(GancliError, match=r"^cannot read .*none\.json: No such file or directory\.$"):
        read_json(tmp_path / "none.json")
    with (tmp_path / "vast.json").open("wb") as file:
        file.truncate(2**43)
    with pytest.raises(GancliError, match=r"^cannot read .*vast\.json: it does not fit into memory\.$"):
        read_json(tmp_path / "vast.json")


def test_a_file_is_in_the_way_and_a_pipe_is_not(tmp_path):
    path, pipe = tmp_path / "x.png", tmp_path / "pipe.png"
    os.mkfifo(pipe)
    for free in (path, pipe, Path("/dev/null")):
        check_free(free, "--figure", overwrite=False)
    path.write_text("mine")
    with pytest.raises(GancliError) as caught:
        check_free(path, "--figure", overwrite=False)
    assert str(caught.value) == f"'{path}' exists. Replace it with --overwrite, or choose another --figure."
    check_free(path, "--figure", overwrite=True)
    for overwrite in (False, True):
        with pytest.raises(GancliError) as caught:
            check_free(tmp_path, "--figure", overwrite=overwrite)
        assert str(caught.value) == f"'{tmp_path}' is a folder. Choose another --figure."


def test_what_another_process_keeps_is_written_nowhere(tmp_path):
    there = tmp_path / "there"
    there.write_text("old")
    with keeping_nothing():
        write_atomically(there, "new")
        write_atomically(tmp_path / "folder" / "other", "new")
    assert there.read_text() == "old"
    assert list(tmp_path.iterdir()) == [there]
    write_atomically(there, "new")
    assert there.read_text() == "new"
