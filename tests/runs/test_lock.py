"""Who may write a run: one process at a time, and the next one as soon as it is gone, however it went."""

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gancli.cli.console import TerminalReporter
from gancli.errors import GancliError
from gancli.reporting import Silence
from gancli.runs.folder import Run
from gancli.runs.lock import LOCK, alone_in

HOLDER = """
import sys, time
from pathlib import Path
from gancli.reporting import Silence
from gancli.runs.lock import alone_in
with alone_in(Path(sys.argv[1]), Silence()):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of ``run``."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path / "run"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def enter(folder):
    with alone_in(folder, Silence()):
        pass


def test_a_second_process_is_refused_and_told_of_the_first_until_it_is_killed(tmp_path, holder):
    folder = tmp_path / "run"
    for _ in range(2):  # the first refusal leaves the name of the holder as it is
        with pytest.raises(GancliError) as refused:
            enter(folder)
        assert str(refused.value) == (
            f"'{folder}' is in use: process {holder.pid} on {socket.gethostname()} trains there. Wait for its end, "
            "stop it, or choose another --outdir."
        )
    holder.kill()
    holder.wait()
    assert [path.name for path in folder.iterdir()] == [LOCK]  # left behind, and in nobody's way
    Run.check_free(folder, overwrite=False)
    with alone_in(folder, Silence()):
        assert (folder / LOCK).read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    assert list(folder.iterdir()) == []


def test_one_process_has_one_run_in_a_folder_too(tmp_path):
    with alone_in(tmp_path, Silence()), pytest.raises(GancliError, match=f"in use: process {os.getpid()} on"):
        enter(tmp_path)


def test_a_folder_that_stays_empty_is_not_left_behind(tmp_path):
    folder = tmp_path / "a" / "b"
    with pytest.raises(NotADirectoryError), alone_in(folder, Silence()):
        (folder / LOCK / "no folder").touch()
    assert list(tmp_path.iterdir()) == []
    with alone_in(folder, Silence()):
        (folder / "something").touch()
    assert [path.name for path in folder.iterdir()] == ["something"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_a_file_system_has_no_locks_a_warning_says_so(tmp_path, monkeypatch, capsys, number):
    def flock(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with alone_in(tmp_path / "run", TerminalReporter(quiet=True)):
        (tmp_path / "run" / "something").touch()
    assert capsys.readouterr().err == (
        f"warning: the file system of '{tmp_path / 'run'}' has no locks ({os.strerror(number)}): nothing keeps a "
        "second training out of that folder, so do not start one.\n"
    )


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with pytest.raises(GancliError, match=r"^cannot write /proc/nowhere/run: No such file or directory\.$"):
        enter(Path("/proc/nowhere/run"))
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(GancliError, match=r"^cannot write .*/\.lock: Read-only file system\.$"):
        enter(tmp_path)
