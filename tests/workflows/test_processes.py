import os
import signal
from pathlib import Path

import pytest

from gancli.errors import GancliError, Interrupted, UsageError
from gancli.workflows import processes


def answer(connection, what):
    os.kill(os.getpid(), signal.SIGINT)  # which only the parent is to hear
    if what == "refuse":
        raise UsageError("refused.")
    if what == "stop":
        raise Interrupted("stopped.", signal.SIGTERM)
    if what == "die":
        os._exit(9)
    connection.send(("step", 1))
    return 7


def test_work_reports_until_its_last_message():
    told = {}
    started = {what: processes.start(answer, what) for what in ("do", "refuse", "stop", "die")}
    for what, (connection, process) in started.items():
        told[what] = []
        try:
            while True:
                told[what].append(connection.recv())
        except EOFError:
            process.join()
    assert told == {
        "do": [("step", 1), ("result", 7)],
        "refuse": [("failed", ("refused.", 2))],
        "stop": [("stopped", ("stopped.", 143))],
        "die": [],
    }
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize(("what", "message", "code"), [("refuse", "refused.", 2), ("die", "the process of the", 1)])
def test_a_rehearsal_fails_as_its_process_does(monkeypatch, what, message, code):
    from gancli.config import TrainConfig
    from gancli.workflows import plan  # not by the processes: with it comes JAX

    own = processes.start
    monkeypatch.setattr(processes, "start", lambda *_: own(answer, what))
    with pytest.raises(GancliError, match=message) as refused:
        plan._peak_elsewhere(TrainConfig(dataset="digits"), Path("nowhere"), None)
    assert refused.value.exit_code == code
