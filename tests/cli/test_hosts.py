"""Several processes that train one run: how they are started, what they agree on, how they end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gancli.cli.hosts import VOICES, launch, supervise
from gancli.compute.hosts import Launch
from gancli.errors import GancliError, UsageError
from gancli.reporting import Silence
from gancli.runs.folder import Run
from gancli.runs.lock import alone_in
from tests.conftest import thorough, tiny
from tests.together import begin, child_of, ends
from tests.workflows.runs import assert_same

THIS = Launch("node1:1234", 2, 1)


def test_a_process_is_alone_where_nobody_says_otherwise():
    assert launch(None, None, None, {}) is None
    assert launch("node1:1234", 1, 0, {}) is None
    # Slurm's job has many tasks, but this shell of it is no step: no srun has started it.
    assert launch(None, None, None, {"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}) is None
    # A task of an array is a step of its own.
    assert launch(None, None, None, {"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}) is None
    assert launch(None, 1, None, {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3"}) is None


def test_launchers_are_heard_and_the_user_first():
    slurm = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3"}
    mpi = {"OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_RANK": "7"}
    assert launch(None, None, None, slurm) == Launch(None, 4, 3)
    assert launch(None, None, None, mpi) == Launch(None, 8, 7)
    assert launch("node1:1234", 2, 1, slurm) == THIS
    assert launch("[::1]:1234", 2, 0, {}) == Launch("[::1]:1234", 2, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("node1:1234", 2, None), "--coordinator, --processes and --process go together. Give all three, or none."),
        ((None, 2, 0), "--coordinator, --processes and --process go together. Give all three, or none."),
        (("node1", 2, 0), "--coordinator must be HOST:PORT, as in node1:1234, got 'node1'."),
        (("node1:0", 2, 0), "--coordinator must be HOST:PORT, as in node1:1234, got 'node1:0'."),
        (("node1:65536", 2, 0), "--coordinator must be HOST:PORT, as in node1:1234, got 'node1:65536'."),
        (("node1:1234", 0, 0), "--processes must be from 1 to 100,000, got 0."),
        (("node1:1234", 2, 2), "--process must be from 0 to 1, below --processes, got 2."),
        (("node1:1234", 2, -1), "--process must be from 0 to 1, below --processes, got -1."),
    ],
)
def test_options_that_make_no_sense_are_refused(options: tuple[str | None, int | None, int | None], message: str):
    with pytest.raises(UsageError) as refused:
        launch(*options, {})
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["cifar10"], "several processes cannot measure how many steps take a time. Give --steps."),
        (["ring", "--dry-run"], "--dry-run is for a process that is alone. Leave it out, or add --processes 1."),
        (["ring", "--seeds", "0-1"], "--seeds is for a process that is alone. Leave it out, or add --processes 1."),
    ],
)
def test_what_several_processes_cannot_do_is_said_at_once(gancli, options, message):
    code, _, err = gancli("train", *options, "--coordinator", "localhost:1", "--processes", 2, "--process", 0)
    assert (code, err) == (2, f"error: {message}\n")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(3)", 3),
        (
            "os.abort()",
            "process 1 of 2 ended because it lost another one: that one was stopped, or cannot be reached. ",
        ),
        ("os.kill(os.getpid(), 9)", "process 1 of 2 was killed by SIGKILL."),
        ("print('no room', file=sys.stderr, flush=True); os.kill(os.getpid(), 11)", "SIGSEGV: no room."),
    ],
)
def test_the_end_of_the_child_is_an_exit_code_or_one_line(monkeypatch, capfd, code, outcome):
    says = f"import os, sys; os.write(int(os.environ['{VOICES}'].split(',')[1]), b'heard\\n'); print('noise'); {code}"
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-c", says])
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    if isinstance(outcome, int):
        assert supervise(THIS) == outcome
    else:
        with pytest.raises(GancliError) as ended:
            supervise(THIS)
        assert outcome in str(ended.value)
    assert capfd.readouterr() == ("", "heard\n")


@pytest.mark.parametrize("loads", ["", "import jax; "])
def test_a_child_that_failed_says_why_before_it_waits_for_the_others(loads):
    code = f"""
{loads}import os, sys
from gancli.cli import hosts
if {bool(loads)}:
    from gancli.compute import hosts as met
    met.linger = lambda: os.write(2, b"waited\\n")
with hosts.speaking():
    print("error: it failed.", file=sys.stderr)
    raise SystemExit(3)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {VOICES: "1,2"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (3, "error: it failed.\n" + ("waited\n" if loads else ""))


@pytest.fixture
def together(start, tmp_path):
    """Start two processes that train one run of points, each on one device; by hand or as srun starts them."""

    def run(*options: object, **how: Any) -> list[subprocess.Popen]:
        return begin(start, ["train", "ring", "--outdir", tmp_path / "run", *tiny(batch_size=16)[:-1], *options], **how)

    return run


def wait_for_step(folder: Path, step: int) -> None:
    deadline = time.monotonic() + 180
    while not any(line["step"] >= step for line in lines(folder)):
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.1)


def lines(folder: Path) -> list[dict]:
    path = folder / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_two_processes_train_the_run_of_one_with_two_devices(gancli, together, tmp_path):
    run = tmp_path / "run"
    evaluated = ("--evaluate-every", 20, "--evaluate-samples", 1300, "--metrics", "modes")  # three blocks of samples
    (code, out, err), follower = ends(together("--stream", "always", "--json", *evaluated))
    assert (code, follower) == (0, (0, "", "")), err
    assert json.loads(out)["steps"] == 20  # nothing of the libraries stands beside it
    assert err.startswith("2 processes on 1 host with 2 devices; process 0 keeps the run\n")
    options = (*tiny(batch_size=16), *evaluated)
    assert gancli("train", "ring", "--outdir", tmp_path / "alone", "--devices", 2, *options)[0] == 0
    assert_same(run, tmp_path / "alone", 20)

    # One process goes on with what two began.
    for folder in (run, tmp_path / "alone"):
        assert gancli("train", "ring", "--outdir", folder, "--resume", "--steps", 30, "--quiet")[0] == 0
    assert_same(run, tmp_path / "alone", 30)


@thorough
def test_two_processes_go_on_each_with_half_of_the_data(gancli, together, tmp_path):
    whole = tmp_path / "alone"
    assert gancli("train", "ring", "--outdir", whole, "--devices", 2, *tiny(batch_size=16))[0] == 0
    shutil.copytree(whole, tmp_path / "run")
    divided = ("--stream", "never", "--data-placement", "divided")
    (code, _, err), follower = ends(together("--resume", "--steps", 40, *divided))
    assert (code, follower) == (0, (0, "", "")), err
    assert "\nthe data is divided: --data-placement divided\n" in err
    assert gancli("train", "ring", "--outdir", whole, "--resume", "--steps", 40, "--quiet")[0] == 0
    assert_same(tmp_path / "run", whole, 40)


def test_two_processes_measure_what_one_does(gancli, start, digits_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ("evaluate", digits_run, "--fid", "--samples", 600, "--quiet", "--json")
    (code, out, err), follower = ends(begin(start, [*command, "--save-statistics", "two.npz"]))
    assert (code, err, follower) == (0, "", (0, "", ""))
    _, alone, _ = gancli(*command, "--save-statistics", "one.npz")
    assert json.loads(out)["metrics"] == json.loads(alone)["metrics"]
    two, one = np.load("two.npz"), np.load("one.npz")
    for name in one.files:
        np.testing.assert_array_equal(two[name], one[name])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npz", "two.npz"]


@thorough
def test_two_processes_sample_what_one_does(gancli, start, digits_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ("sample", digits_run, "-n", 600, "--quiet")
    (code, _, err), follower = ends(begin(start, [*command, "-o", "two.npz"]))
    assert (code, err, follower) == (0, "", (0, "", ""))
    assert gancli(*command, "-o", "one.npz")[0] == 0
    two, one = np.load("two.npz"), np.load("one.npz")
    assert len(two["samples"]) == 600
    for name in one.files:
        np.testing.assert_array_equal(two[name], one[name])


def test_a_signal_to_one_stops_both_at_the_same_step_and_saves(together, tmp_path):
    processes = together("--steps", 10_000_000, "--quiet", slurm=True)
    wait_for_step(tmp_path / "run", 10)
    processes[1].send_signal(signal.SIGTERM)
    (first, _, said), (second, _, also_said) = ends(processes)
    assert (first, second) == (143, 143), said + also_said
    run = Run.open(tmp_path / "run")
    with run.checkpoints() as checkpoints:
        saved = checkpoints.steps()[-1]
    line = f"stopped by SIGTERM at step {saved}; saved. Continue with --resume.\n"
    assert said.endswith(line)
    assert also_said.endswith(line)
    assert [line["step"] for line in run.metrics()][-1] == saved


def test_the_death_of_one_ends_the_other_with_one_line(together, tmp_path):
    victim = 0  # where all meet
    processes = together("--steps", 10_000_000, "--quiet")
    wait_for_step(tmp_path / "run", 10)
    while not list((tmp_path / "run" / "checkpoints").glob("[0-9]*0")):
        time.sleep(0.1)
    os.kill(child_of(processes[victim]), signal.SIGKILL)
    began = time.monotonic()
    found = ends(processes)
    assert time.monotonic() - began < 120
    assert [code for code, _, _ in found] == [1, 1]
    assert found[victim][2] == f"error: process {victim} of 2 was killed by SIGKILL.\n"
    survivor = 1 - victim
    assert found[survivor][2].splitlines() == [
        f"error: process {survivor} of 2 ended because it lost another one: that one was stopped, or cannot be "
        f"reached. What was saved stays. Start all again, a training with --resume auto."
    ]
    with Run.open(tmp_path / "run").checkpoints() as checkpoints:
        assert checkpoints.steps()


def test_nothing_begins_where_the_processes_differ(together, tmp_path):
    first, second = ends(together("--quiet", each=(("--seed", 1), ("--seed", 2))))
    for (code, out, err), (own, other) in zip((first, second), ((0, 1), (1, 0)), strict=True):
        assert (code, out) == (1, "")
        assert err == (
            f"error: process {own} and process {other} of 2 differ in their configuration. Start all with the same "
            f"command and versions, on the same data.\n"
        )
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_keeps_all_processes_out(together, tmp_path):
    run = tmp_path / "run"
    with alone_in(run, Silence()):
        (leader, _, said), (follower, _, also_said) = ends(together("--quiet", "--resume", "auto"))
    in_use = f"'{run}' is in use: process {os.getpid()} on {socket.gethostname()} trains there."
    assert (leader, follower) == (1, 1)
    assert said.startswith(f"error: {in_use} Wait for its end")
    assert also_said.startswith(f"error: process 0 of 2 failed, so all end: {in_use} Wait for its end")
    assert not run.exists()
