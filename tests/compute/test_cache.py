"""The cache, and what is done where it cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gancli.compute import cache
from gancli.errors import GancliError


def test_it_is_where_the_user_wants_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "gancli"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.cache_folder() == tmp_path / "home" / ".cache" / "gancli"
    assert list(cache.cache_folder().iterdir()) == []  # nothing is left of the test whether it can be written


@pytest.mark.parametrize("where", ["HOME", "XDG_CACHE_HOME"])
def test_a_temporary_folder_takes_the_place_of_one_that_cannot_be_written(tmp_path, where):
    (tmp_path / "file").write_text("")
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
    wanted = tmp_path / "file" / (".cache/gancli" if where == "HOME" else "gancli")
    code = "from gancli.compute.cache import *; print(cache_folder()); print(find_kept('x')); "
    code += "assert cache_folder().is_dir(); import os, subprocess, sys; "
    code += "again = 'from gancli.compute.cache import *; print(cache_folder())'; "
    code += "print(subprocess.check_output([sys.executable, '-c', again], text=True))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {where: str(tmp_path / "file"), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    folder, kept, of_another_process = map(Path, found.stdout.split())
    assert folder.parent.parent == tmp_path
    assert kept == folder / "x"
    assert of_another_process == folder
    assert not folder.parent.exists()  # it went with the command
    assert found.stderr == (
        f"cannot write {wanted} (Not a directory): the cache lasts for this command only. "
        "Set XDG_CACHE_HOME to a folder that can be written.\n"
    )


def test_without_any_folder_it_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    def nowhere(**_):
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.mkdtemp", nowhere)
    with pytest.raises(GancliError) as error:
        cache.cache_folder()
    assert str(error.value) == (
        f"cannot write {tmp_path / 'file' / 'gancli'}: Not a directory. "
        "Set XDG_CACHE_HOME to a folder that can be written."
    )


def test_nobody_has_a_home(monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where the user is unknown
    assert cache.cache_folder().is_dir()
    assert "(there is no home folder)" in capsys.readouterr().err
