"""A disk that is full, or a read that fails, at a random moment: one line, nothing saved is lost, and the run goes on.

Two limits stand in for the disk, and both hold for Python and for C++: the size of a file (``RLIMIT_FSIZE``), which
every process may set, and a file system of two megabytes, which only some users may mount.
"""

import errno
import os
import random
import re
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gancli.runs import checkpoints
from gancli.runs.checkpoints import DAMAGED
from tests.storm.damage import STORM
from tests.storm.hits import COUNTS, Command, times
from tests.storm.survival import BEGIN_AGAIN, KEPT, check_saved, check_whole, finish, training, visible

pytestmark = [pytest.mark.usefixtures("counted"), pytest.mark.timeout(1800)]
WRITES = ("writing the record", "rewriting the log", "logging", "drawing", "drawing curves", "saving", "sealing")
HITS = 2  # of a test
ROOM = 2 * 2**20  # bytes of the small disk
UNKEPT = re.compile(r"warning: cannot keep compiled programs: .+\. The next command compiles them again\.")


def check_failure(folder: Path, ended: tuple[int, str, str], reason: str) -> bool:
    """Check that a command said one line of what it could not write; False: it needed no more room, and is done.

    Compiled programs are all that it does without, and it says so once.
    """
    code, out, err = ended
    lines = [line for line in err.splitlines() if not BEGIN_AGAIN.fullmatch(line)]
    unkept = [line for line in lines if UNKEPT.fullmatch(line)]
    assert len(unkept) <= 1, err
    lines = [line for line in lines if line not in unkept]
    if code == 0:
        assert lines == [], err
        return False
    assert (code, out, len(lines)) == (1, "", 1), err
    assert re.fullmatch(rf"error: cannot (write|use) .*{folder}.*: {reason}(;.*)?\.", lines[0]), err
    return True


def storm(
    place: Path,
    whole: Path,
    rng: random.Random,
    reason: str,
    fill: Callable[[Command], None],
    empty: Callable[[], None],
) -> None:
    """Let writes fail soon after random moments, and give room again."""
    folder, promised = place / "run", []
    while sum(COUNTS.values()) < HITS:
        command, moment = Command(training("ring", folder, keep=KEPT)), rng.choice(WRITES)
        if command.wait_for(moment, times(rng, moment)):
            promised += visible(folder)
            fill(command)
        failed = check_failure(folder, command.end(), reason)
        empty()
        if failed:
            COUNTS[moment, reason] += 1
            check_saved(folder, promised, whole)
        else:
            check_whole(folder, whole)
            shutil.rmtree(folder)
            promised.clear()
    finish("ring", place, whole)


@pytest.mark.parametrize("number", range(STORM))
def test_a_limit_on_the_size_of_files(whole, tmp_path, number):
    rng = random.Random(number)

    def fill(command: Command) -> None:
        most = rng.choice((0, 10, 100, 1000))
        resource.prlimit(command.pid, resource.RLIMIT_FSIZE, (most, most))

    storm(tmp_path, whole, rng, "File too large", fill, lambda: None)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place], capture_output=True, text=True
        )
    except OSError as error:
        pytest.skip(f"cannot mount a small file system: {error.strerror}")
    if mounted.returncode:
        pytest.skip(f"may not mount a small file system: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize("number", range(STORM))
def test_a_full_disk(whole, small_disk, tmp_path, number):
    rng, ballast = random.Random(number), small_disk / "ballast"

    def fill(command: Command) -> None:
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(free - 4096 * rng.choice((0, 0, 1, 5, 20)), 1))

    storm(small_disk, whole, rng, "No space left on device", fill, lambda: ballast.unlink(missing_ok=True))


@pytest.mark.parametrize("number", range(1 + STORM))
def test_reads_that_fail(gancli, whole, tmp_path, monkeypatch, number):
    """A read of a file by gancli itself, while a run goes on."""
    rng, folder = random.Random(number), tmp_path / "run"
    shutil.copytree(whole, folder)
    for step in visible(folder)[rng.randint(3, 8) :]:
        shutil.rmtree(folder / "checkpoints" / str(step))
    promised, arguments = visible(folder), training("ring", folder, keep=KEPT)
    fails_at, reads = rng.randint(1, 40), []
    read_bytes, sha256 = Path.read_bytes, checkpoints._sha256

    def failing(read: Callable) -> Callable:
        def perhaps(path: Path) -> Any:
            if path.is_relative_to(folder):
                reads.append(path)
                if len(reads) == fails_at:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
            return read(path)

        return perhaps

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", failing(read_bytes))
        patched.setattr(checkpoints, "_sha256", failing(sha256))
        code, _, err = gancli(*arguments)
    lines = err.splitlines()
    if len(reads) < fails_at:
        assert (code, lines) == (0, [])
    else:
        assert (code, len(lines)) == (int(lines[0].startswith("error: cannot ")), 1), err
        assert "Input/output error" in lines[0]
        COUNTS["a read", "Input/output error"] += 1
    if code == 0:
        check_whole_but_set_aside(folder, whole)
    else:
        check_saved(folder, promised, whole)
        finish("ring", tmp_path, whole)


def check_whole_but_set_aside(folder: Path, whole: Path) -> None:
    """Check that a run is whole, apart from a checkpoint that could not be read, and was set aside."""
    shutil.rmtree(folder / DAMAGED, ignore_errors=True)
    check_whole(folder, whole)
