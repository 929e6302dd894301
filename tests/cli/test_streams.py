"""Standard output and error whose readers go away, whose encoding is poor, or whose disk is full."""

import os
import subprocess
import sys

import pytest

from gancli.cli.streams import Outlet
from tests.conftest import tiny

GANCLI = [sys.executable, "-m", "gancli"]


def test_what_nobody_reads_goes_nowhere():
    reading, writing = os.pipe()
    outlet = Outlet(writing, results=False)
    assert outlet.write(b"read") == 4
    os.close(reading)
    assert outlet.write(b"not read") == 8
    assert outlet.write(b"nor this") == 8
    outlet.close()


def test_a_full_pipe_that_does_not_block_is_waited_for():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    program = f"import os, time; time.sleep(0.2); os.read({reading}, 1_000_000); time.sleep(0.2)"
    with Outlet(writing, results=False) as outlet:
        filled = outlet.write(bytes(1_000_000))
        with subprocess.Popen([sys.executable, "-c", program], pass_fds=[reading]):
            assert filled < 1_000_000
            assert outlet.write(b"more") == 4
    os.close(reading)


def test_a_reader_of_results_may_leave(start):
    with start("list", "losses") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_training_goes_on_when_the_reader_of_its_log_leaves(start, tmp_path):
    options = [word for word in tiny() if word != "--quiet"]
    with start("train", "digits", "--outdir", tmp_path / "run", *options) as process:
        assert process.stdout
        assert process.stderr
        process.stderr.close()
        assert process.stdout.read().startswith("run ")
    assert process.returncode == 0
    assert (tmp_path / "run" / "checkpoints" / "20").is_dir()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_said_for_results_and_passed_over_for_messages():
    with open("/dev/full", "w") as full:
        done = subprocess.run([*GANCLI, "list", "losses"], stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1
        assert done.stderr == "error: cannot write to standard output: No space left on device.\n"
        assert subprocess.run([*GANCLI, "list", "nosuch"], stderr=full).returncode == 2


def test_a_stream_that_is_closed_is_none():
    done = subprocess.run(f"{sys.executable} -m gancli list losses >&- 2>&-", shell=True)
    assert done.returncode == 0
    done = subprocess.run(f"{sys.executable} -m gancli list nosuch >&- 2>&-", shell=True)
    assert done.returncode == 2


POOR = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
PROGRAM = """
import sys
from rich.console import Console
from rich.table import Table
from gancli.cli.streams import lasting_streams
with lasting_streams():
    print("caf\\u00e9 \\u2193")
    print("caf\\u00e9 \\u2193", file=sys.stderr)
    table = Table("\\u2193 better")
    table.add_row("\\ud83d")
    Console().print(table)
"""


@pytest.mark.parametrize("change", POOR, ids=lambda change: next(iter(change.values())))
def test_every_character_can_be_printed(change):
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=os.environ | change, capture_output=True)
    assert done.returncode == 0, done.stderr
    expected = b"caf\xe9 \\u2193\n" if "latin-1" in change.values() else b"caf\\xe9 \\u2193\n"
    assert done.stdout.startswith(expected)
    assert done.stderr == expected


def test_a_name_that_is_no_text_can_be_printed(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    done = subprocess.run([*GANCLI, "data", "check", folder], capture_output=True)
    assert done.returncode == 1
    assert done.stderr == b"error: no such folder or file: '" + os.fsencode(tmp_path) + b"/caf\\udce9'.\n"
