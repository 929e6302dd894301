import errno
import sys
from pathlib import Path

import pytest

from gancli.errors import GancliError
from gancli.files import appearing, check_name, write_atomically


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


def test_a_name_that_is_no_text_is_refused():
    check_name("the folder", Path("caf\u00e9"))
    with pytest.raises(GancliError) as refused:
        check_name("the folder", Path("caf\udce9"))
    assert str(refused.value) == (
        "the folder 'caf\\udce9' has a name that is no text in the encoding of file names here "
        f"({sys.getfilesystemencoding()}). Set PYTHONUTF8=1, or rename it."
    )
