"""Ctrl-C, SIGTERM and SIGHUP at any moment at which training does not answer them itself."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gancli.cli import app
from gancli.cli.signals import Stoppable, Stopped
from gancli.training.interrupts import SIGNALS
from tests.conftest import tiny
from tests.workflows.runs import wait_for

pytestmark = pytest.mark.usefixtures("hangups_count")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_and_the_handlers_come_back(number):
    before = [signal.getsignal(one) for one in SIGNALS], sys.unraisablehook
    stoppable = Stoppable()
    assert stoppable.signal_number is None
    with pytest.raises(Stopped), stoppable:
        signal.raise_signal(number)
    assert (stoppable.signal_number, stoppable.message()) == (number, f"stopped by {number.name}.")
    assert ([signal.getsignal(one) for one in SIGNALS], sys.unraisablehook) == before


def test_a_second_hangup_does_not_disturb_what_the_first_one_ends():
    ended = []

    def work():
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGHUP)
            ended.append(1)
            signal.raise_signal(signal.SIGINT)  # somebody is impatient
            ended.append(2)

    with pytest.raises(Stopped), Stoppable() as stoppable:
        work()
    assert (ended, stoppable.signal_number) == ([1], signal.SIGINT)


def test_a_hangup_that_is_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Stoppable() as stoppable:
        signal.raise_signal(signal.SIGHUP)
    assert (stoppable.signal_number, signal.getsignal(signal.SIGHUP)) == (None, signal.SIG_IGN)


def test_nothing_is_raised_once_a_command_is_done():
    with Stoppable() as stoppable:
        stoppable.raise_no_more()
        signal.raise_signal(signal.SIGTERM)
    assert stoppable.signal_number == signal.SIGTERM


def test_an_interrupt_during_the_exit_of_python_is_quiet(tmp_path):
    program = "import atexit; atexit.register(signal.raise_signal, 2)\nwith Stoppable(): pass"
    done = run(f"signal.signal(2, signal.default_int_handler)\n{program}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


class Callback:
    """Python drops what is raised while this goes."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_that_a_callback_drops_is_raised_again():

    def work():
        Callback()
        time.sleep(30)

    before = time.monotonic()
    with pytest.raises(Stopped), Stoppable():
        work()
    assert time.monotonic() - before < 5


def test_what_else_a_callback_drops_goes_where_it_went(monkeypatch):
    class Wrong:
        def __del__(self):
            raise ValueError("other")

    dropped = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: dropped.append(str(unraisable.exc_value)))
    with Stoppable() as stoppable:
        Wrong()
    assert (dropped, stoppable.signal_number) == (["other"], None)


def test_a_signal_waits_for_the_end_of_an_import(tmp_path, monkeypatch):
    (tmp_path / "imports_briefly.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\ndone = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def work():
        importlib.import_module("imports_briefly")
        time.sleep(30)

    with pytest.raises(Stopped), Stoppable():
        work()
    assert sys.modules["imports_briefly"].done


def run(program: str, folder: Path) -> subprocess.CompletedProcess:
    program = (
        f"import signal, sys, time\nfrom gancli.cli.signals import Stoppable, Stopped\n"
        f"sys.path.append({str(folder)!r})\n{program}"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)


def test_a_long_import_is_not_waited_for(tmp_path):
    (tmp_path / "imports_for_ever.py").write_text("import signal, time\nsignal.raise_signal(15)\ntime.sleep(600)\n")
    done = run("with Stoppable():\n import imports_for_ever", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "error: stopped by SIGTERM.\n")


def test_the_exit_code_is_that_of_the_command_though_code_was_executed(tmp_path):
    """Of a plain KeyboardInterrupt Python remembers that it passed ``exec``, and kills itself at the end."""
    program = "with Stoppable():\n try: exec('signal.raise_signal(2)')\n except Stopped: pass\nsys.exit(130)"
    assert run(program, tmp_path).returncode == 130


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_streams_are_made_ends_with_one_line(number, monkeypatch, capsys):
    @contextlib.contextmanager
    def lasting_streams():
        signal.raise_signal(number)
        yield

    monkeypatch.setattr(app, "lasting_streams", lasting_streams)
    with pytest.raises(SystemExit) as end:
        app.entry_point(["--version"])
    assert (end.value.code, *capsys.readouterr()) == (128 + number, "", f"error: stopped by {number.name}.\n")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux whether the handlers are set")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_that_only_begins_ends_with_one_line(start, tmp_path, number):
    def caught() -> int:
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
        return int(lines["SigCgt"], 16) >> (signal.SIGHUP - 1) & 1  # the last one to be set

    process = start("train", "digits", "--outdir", tmp_path / "run", *tiny(steps=10_000_000), env=dict(os.environ))
    wait_for(caught, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (128 + number, "", f"error: stopped by {number.name}.\n")
    assert list(tmp_path.iterdir()) == []
