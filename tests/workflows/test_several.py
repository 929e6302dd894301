"""Several seeds: one after another, beside each other, stopped and gone on with."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gancli.cli.console import TerminalReporter
from gancli.errors import GancliError
from gancli.recipes.resolve import resolve
from gancli.reporting import Silence
from gancli.runs.folder import Run
from gancli.runs.lock import LOCK, alone_in
from gancli.workflows import several
from gancli.workflows.several import Goal, train_all
from tests.conftest import first_of, thorough, tiny
from tests.workflows.runs import wait_for

SMALL = {"batch_size": 16, "generator_widths": (8,), "discriminator_widths": (8,), "log_every": 5, "num_steps": 10}
SMALL |= {"evaluate_every": 0}


def goals(folder, seeds, **changes):
    return [Goal(resolve("ring", None, SMALL | {"seed": seed} | changes), folder / f"seed{seed}") for seed in seeds]


def samples(gancli, run):
    assert gancli("sample", run, "-n", 5, "--no-ema", "--output", f"{run}.npz")[0] == 0
    return np.load(f"{run}.npz")["samples"]


def test_a_sweep_has_a_run_for_each_seed_and_a_summary(gancli, tmp_path):
    code, out, err = gancli("train", "ring", "--seeds", "0,2", "--outdir", tmp_path / "runs", *tiny())
    assert (code, err) == (0, "")
    assert gancli("train", "ring", "--seed", 2, "--outdir", tmp_path / "alone", *tiny())[0] == 0
    np.testing.assert_array_equal(samples(gancli, tmp_path / "runs/seed2"), samples(gancli, tmp_path / "alone"))
    summary = json.loads((tmp_path / "runs/summary.json").read_text())
    values = [
        json.loads((tmp_path / f"runs/seed{seed}/metrics.jsonl").read_text().splitlines()[-1])["jsd_bound"]
        for seed in (0, 2)
    ]
    found = summary["metrics"]["jsd_bound"]
    assert found["mean"] == pytest.approx(np.mean(values))
    assert found["standard_deviation"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    assert found["count"] == 2
    (line,) = [line for line in out.splitlines() if line.startswith("jsd_bound ")]
    assert f"{found['mean']:.6g} ± " in line
    assert (summary["best"], summary["verdicts"]) == ([None, None], [None, None])


def test_what_is_there_is_not_replaced_unasked(gancli, tmp_path):
    runs = tmp_path / "runs"
    assert gancli("train", "ring", "--seeds", "1", "--outdir", runs, *tiny())[0] == 0
    code, _, err = gancli("train", "ring", "--seeds", "0-1", "--outdir", runs, *tiny())
    assert (code, err.startswith(f"error: '{runs}/seed1' already holds a run.")) == (1, True)
    assert not (runs / "seed0").exists()
    assert gancli("train", "ring", "--seeds", "0-1", "--outdir", runs, "--resume", *tiny(steps=30))[0] == 0
    assert json.loads((runs / "summary.json").read_text())["metrics"]["step"] == {
        "mean": 30.0,
        "standard_deviation": 0.0,
        "count": 2,
    }
    assert gancli("train", "ring", "--seeds", "0-1", "--outdir", runs, "--overwrite", *tiny(steps=10))[0] == 0
    assert json.loads((runs / "summary.json").read_text())["metrics"]["step"]["mean"] == 10.0


def test_nothing_is_replaced_while_one_of_the_runs_is_in_use(gancli, tmp_path):
    runs = tmp_path / "runs"
    command = ("train", "ring", "--seeds", "0-1", "--outdir", runs)
    assert gancli(*command, *tiny())[0] == 0
    with alone_in(runs / "seed1", Silence()):
        for mode in ("--overwrite", "--resume"):
            code, _, err = gancli(*command, mode, *tiny(steps=30))
            assert (code, err.startswith(f"error: '{runs}/seed1' is in use: process ")) == (1, True)
    steps = [json.loads((runs / f"seed{seed}/metrics.jsonl").read_text().splitlines()[-1])["step"] for seed in (0, 1)]
    assert steps == [20, 20]


def test_a_time_is_measured_once_and_kept_when_seeds_go_on(gancli, tmp_path, monkeypatch):
    runs, asked = tmp_path / "runs", []

    def within(config, seconds, said, reporter, data_dir=None, *, most_steps=None):
        asked.append((config.seed, seconds, most_steps))
        return dataclasses.replace(config, num_steps=10 + len(asked))

    monkeypatch.setattr(several, "within", within)
    options = tiny(evaluate_every=10)
    del options[options.index("--steps") : options.index("--steps") + 2]
    command = ("train", "ring", "--time", "40s", "--outdir", runs, *options)
    assert gancli(*command, "--seeds", "1")[0] == 0
    assert gancli(*command, "--seeds", "0-1", "--resume", "auto")[0] == 0
    assert asked == [(1, 40.0, None)]
    found = json.loads((runs / "summary.json").read_text())["best"]
    assert [(one["step"] in (10, 11), one["metric"], one["last_step"]) for one in found] == [
        (True, "KL of modes", 11)
    ] * 2
    assert [Run.open(runs / f"seed{seed}").record.config.num_steps for seed in (0, 1)] == [11, 11]
    code, _, err = gancli(*command, "--seeds", "1")
    assert (code, err.startswith(f"error: '{runs}/seed1' already holds a run.")) == (1, True)
    assert len(asked) == 1


def test_seed_and_seeds_exclude_each_other(gancli):
    code, _, err = gancli("train", "ring", "--seeds", "0-1", "--seed", 1)
    assert (code, err) == (2, "error: --seeds and --seed exclude each other.\n")


def test_runs_in_processes_of_their_own_are_the_same_runs(gancli, tmp_path):
    reporter = TerminalReporter(quiet=True)
    beside = train_all(goals(tmp_path / "beside", (0, 1)), reporter, None, how="processes")
    after = train_all(goals(tmp_path / "after", (0, 1)), reporter, None, how="in turn")
    assert [result.steps for result in beside] == [result.steps for result in after] == [10, 10]
    for seed in (0, 1):
        one, other = (samples(gancli, tmp_path / kind / f"seed{seed}") for kind in ("beside", "after"))
        np.testing.assert_array_equal(one, other)


def test_runs_at_different_steps_all_get_where_they_should(gancli, tmp_path):
    reporter = TerminalReporter(quiet=True)
    train_all(goals(tmp_path / "some", (0,), num_steps=5), reporter, None)
    results = train_all(goals(tmp_path / "some", (0, 1)), reporter, None, how="in turn")
    assert [result.steps for result in results] == [10, 10]
    train_all(goals(tmp_path / "whole", (0,)), reporter, None)
    one, other = (samples(gancli, tmp_path / kind / "seed0") for kind in ("some", "whole"))
    np.testing.assert_array_equal(one, other)
    assert not np.allclose(one, samples(gancli, tmp_path / "some" / "seed1"))
    steps = [json.loads(line)["step"] for line in (tmp_path / "some/seed0/metrics.jsonl").read_text().splitlines()]
    assert steps == [5, 10]


@thorough
def test_streamed_runs_are_the_same_runs(gancli, tmp_path):
    reporter = TerminalReporter(quiet=True)
    streamed = train_all(goals(tmp_path / "streamed", (0, 1), stream="always"), reporter, None, how="in turn")
    train_all(goals(tmp_path / "whole", (0, 1)), reporter, None, how="in turn")
    assert [result.steps for result in streamed] == [10, 10]
    for seed in (0, 1):
        one, other = (samples(gancli, tmp_path / kind / f"seed{seed}") for kind in ("streamed", "whole"))
        np.testing.assert_array_equal(one, other)


def test_the_failure_of_one_stops_the_others_and_is_said(tmp_path):
    runs = goals(tmp_path, (0, 1), num_steps=100_000)
    runs[1].folder.mkdir()
    (runs[1].folder / "something").touch()
    with pytest.raises(GancliError, match=rf"^{tmp_path}/seed1: '{tmp_path}/seed1' exists and is not a run"):
        train_all(runs, TerminalReporter(quiet=True), None, how="processes")


STOPPED = """
if __name__ == "__main__":  # the processes of the runs import this file, too, and need nothing of it
    from pathlib import Path
    from gancli.errors import Interrupted
    from gancli.recipes.resolve import resolve
    from gancli.reporting import Silence
    from gancli.workflows.several import Goal, train_all
    from tests.child import end_with_parent

    end_with_parent()
    try:
        settings = {settings!r} | {{"num_steps": 10_000_000}}
        seeds = {{seed: resolve("ring", None, settings | {{"seed": seed}}) for seed in (0, 1)}}
        runs = [Goal(config, Path({folder!r}) / f"seed{{seed}}") for seed, config in seeds.items()]
        train_all(runs, Silence(), None, how="processes")
    except Interrupted as stop:
        print(stop)
        raise SystemExit(stop.exit_code)
"""


@pytest.fixture
def training(tmp_path):
    """A command that trains two runs in processes of their own, both with metrics already."""
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED.format(folder=str(tmp_path), settings=SMALL))
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        start_new_session=True,
    )
    logs = [tmp_path / f"seed{seed}" / "metrics.jsonl" for seed in (0, 1)]
    wait_for(lambda: all(log.exists() and log.stat().st_size for log in logs), process)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", first_of([signal.SIGINT, signal.SIGTERM]))
def test_a_signal_stops_every_run_after_saving(gancli, tmp_path, training, number):
    """SIGTERM to the command alone; Ctrl-C as a terminal sends it, to all of its processes."""
    if number == signal.SIGTERM:
        training.send_signal(number)
    else:
        os.killpg(training.pid, number)
    out, _ = training.communicate(timeout=60)
    assert (training.returncode, out) == (
        128 + number,
        "stopped; every run is saved. Continue with --resume (reproduce and sweep: the same command).\n",
    )
    for seed in (0, 1):
        assert samples(gancli, tmp_path / f"seed{seed}").shape == (5, 2)


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGKILL,), pytest.param((signal.SIGINT, signal.SIGINT), marks=thorough)],
    ids=["killed", "impatient"],
)
def test_runs_save_though_nobody_waits_for_them(tmp_path, training, numbers):
    for number in numbers:
        training.send_signal(number)
        time.sleep(0.1)
    _, err = training.communicate(timeout=60)  # of the runs, too: until all have ended
    assert "BrokenPipeError" not in err
    for seed in (0, 1):
        run = Run.open(tmp_path / f"seed{seed}")
        with run.checkpoints() as checkpoints:
            assert checkpoints.steps()[-1] == run.metrics()[-1]["step"]
        assert not (run.folder / LOCK).exists()
