"""Grids, trained: the table, the ranking, what fails, going on, and a script for Slurm."""

import csv
import json
import os
import shutil
import statistics
import subprocess

import pytest

from gancli.cli.app import entry_point
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.recipes.grid import members, parse_grid
from gancli.recipes.request import Budget, Request
from gancli.reporting import Silence
from gancli.runs.folder import Run
from gancli.workflows import several
from gancli.workflows import sweep as workflow
from tests.conftest import tiny
from tests.workflows.runs import assert_same

GRID = ["--grid", "loss=hinge,non-saturating", "--seeds", "0-1"]
OPTIONS = tiny(evaluate_every=10, evaluate_samples=200)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept") / "s"
    with pytest.raises(SystemExit) as ended:
        entry_point(["sweep", "ring", *GRID, "--outdir", str(folder), *OPTIONS])
    assert not ended.value.code
    return folder


def rows(folder):
    with (folder / "sweep.csv").open() as file:
        return list(csv.DictReader(file))


def test_each_run_has_a_folder_and_a_line(swept):
    found = rows(swept)
    assert [(row["run"], row["loss"], row["seed"], row["status"], row["steps_done"]) for row in found] == [
        (f"loss={loss}/seed{seed}", loss, str(seed), "done", "20")
        for loss in ("hinge", "non-saturating")
        for seed in (0, 1)
    ]
    for row in found:
        run = Run.open(swept / row["run"])
        assert run.record.config.loss == row["loss"]
        scores = run.scores()
        best = run.best_step(scores)
        assert int(row["best_step"]) == best
        assert float(row["modes.kl"]) == scores[best]
    assert (swept / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_is_the_same_that_train_trains(gancli, swept, tmp_path):
    command = ("train", "ring", "--loss", "hinge", "--seed", 1, "--outdir", tmp_path / "alone", *OPTIONS)
    assert gancli(*command)[0] == 0
    assert_same(swept / "loss=hinge/seed1", tmp_path / "alone", 20)


def test_the_same_command_reads_what_is_done_and_ranks_by_the_mean(gancli, swept):
    before = {path: path.stat().st_mtime_ns for path in swept.rglob("checkpoints/*")}
    code, out, err = gancli("sweep", "ring", *GRID, "--outdir", swept, *OPTIONS, "--json")
    assert (code, err) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in swept.rglob("checkpoints/*")} == before
    found = json.loads(out)
    assert found["metric"] == "KL of modes"
    scores = {
        loss: [one["score"] for one in found["runs"] if one["values"]["loss"] == loss]
        for loss in ("hinge", "non-saturating")
    }
    means = {loss: statistics.fmean(values) for loss, values in scores.items()}
    assert [one["values"]["loss"] for one in found["settings"]] == sorted(means, key=lambda loss: means[loss])
    for one in found["settings"]:
        values = scores[one["values"]["loss"]]
        assert one["mean"] == pytest.approx(means[one["values"]["loss"]])
        assert one["standard_error"] == pytest.approx(statistics.stdev(values) / 2**0.5)
        assert (one["measured"], one["runs"]) == (2, 2)


def test_a_run_that_fails_is_named_and_the_others_go_on(gancli, tmp_path):
    folder = tmp_path / "s"
    taken = folder / "loss=hinge" / "seed0"
    taken.mkdir(parents=True)
    (taken / "something").touch()
    command = ("sweep", "ring", "--grid", "loss=hinge,non-saturating", "--outdir", folder, *OPTIONS)
    code, out, err = gancli(*command)
    why = f"'{taken}' exists and is not a run. Choose another --outdir."
    assert code == 1
    assert err == f"warning: {taken}: {why}\n"
    assert f"failed: {taken}: {why}\n" in out
    assert [(row["status"], row["steps_done"], row["failure"]) for row in rows(folder)] == [
        ("failed", "0", why),
        ("done", "20", ""),
    ]
    assert "not measured" in out


def test_the_table_has_what_has_ended_while_other_runs_train(gancli, swept, tmp_path, monkeypatch):
    folder = tmp_path / "s"
    shutil.copytree(swept, folder)
    shutil.rmtree(folder / "loss=hinge" / "seed1")
    (folder / "sweep.csv").unlink()
    tables = []
    write = workflow.write_atomically

    def kept(path, content):
        write(path, content)
        if path.name == "sweep.csv":
            tables.append([row["run"] for row in rows(folder)])

    monkeypatch.setattr(workflow, "write_atomically", kept)
    assert gancli("sweep", "ring", *GRID, "--outdir", folder, *OPTIONS)[0] == 0
    every = [f"loss={loss}/seed{seed}" for loss in ("hinge", "non-saturating") for seed in (0, 1)]
    assert tables[0] == [every[0], *every[2:]]  # what an earlier command trained, before the missing one trains
    assert tables[1:] == [every] * 3


def test_a_run_whose_record_is_damaged_is_named_and_the_others_are_ranked(gancli, swept, tmp_path):
    folder = tmp_path / "s"
    shutil.copytree(swept, folder)
    record = folder / "loss=hinge" / "seed0" / "config.json"
    record.write_text("{}")
    code, out, err = gancli("sweep", "ring", *GRID, "--outdir", folder, *OPTIONS)
    assert code == 1
    assert err == f"warning: {record.parent}: cannot read {record}: it has no 'gancli'.\n"
    assert [row["status"] for row in rows(folder)] == ["failed", "done", "done", "done"]
    assert out.count("failed: ") == 1


def test_where_every_run_fails_the_first_failure_is_the_answer(gancli, tmp_path):
    code, out, err = gancli("sweep", "ring", "--grid", "batch-size=60000,70000", "--outdir", tmp_path / "s", "--quiet")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "error: --batch-size must be at most the 50000 training examples of 'ring', got 60000."
    )
    assert not (tmp_path / "s" / "sweep.csv").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nothing varies. Give --grid OPTION=V1,V2, --seeds 0-2, or both."),
        (["--grid", "loss=hing"], "unknown loss 'hing'. Did you mean 'hinge'?"),
        (["--seeds", "0-1", "--seed", 1], "--seeds and --seed exclude each other."),
        (["--grid", "k=1,2", "--time", "soon"], "--time must be from 10s to 365d"),
        (
            ["--grid", "steps=5,9", "--time", "30m"],
            "--time and --steps exclude each other: a time is turned into steps.\n",
        ),
    ],
)
def test_wrong_usage_is_said_before_anything_begins(gancli, tmp_path, options, message):
    code, _, err = gancli("sweep", "ring", "--outdir", tmp_path / "s", *options)
    assert code == 2
    assert err.startswith(f"error: {message}")
    assert not (tmp_path / "s").exists()


def test_a_time_is_measured_once_for_all_runs_and_kept_when_the_grid_goes_on(swept, tmp_path, monkeypatch):
    asked = []

    def within(config: TrainConfig, seconds: float, said, reporter, data_dir=None, *, most_steps=None) -> TrainConfig:
        asked.append((config.loss, seconds, most_steps))
        return TrainConfig.from_dict(config.to_dict() | {"num_steps": 30 + len(asked), "evaluate_every": 10})

    monkeypatch.setattr(several, "within", within)
    request = Request.read("ring", None, None, {"log_every": 10}, None)

    def steps(losses: str, *, overwrite: bool = False) -> list[int]:
        runs = members(request, parse_grid([f"loss={losses}"]), [0])
        found = workflow.settled(
            runs,
            tmp_path,
            Silence(),
            budget=Budget(60.0, 500),
            said=("log_every",),
            data_dir=None,
            overwrite=overwrite,
        )
        return [one.config.num_steps for one in found]

    assert steps("hinge,minimax") == [31, 31]
    assert asked == [("hinge", 60.0, 500)]
    record = json.loads((swept / "loss=hinge/seed0/config.json").read_text())
    record["config"]["num_steps"] = 77
    (tmp_path / "loss=minimax/seed0").mkdir(parents=True)
    (tmp_path / "loss=minimax/seed0/config.json").write_text(json.dumps(record))
    assert steps("hinge,minimax,wasserstein") == [77, 77, 77]
    assert len(asked) == 1
    assert steps("minimax", overwrite=True) == [32]


def test_no_time_decides_what_the_grid_names(gancli, tmp_path, monkeypatch):
    found = []

    def settled(runs, *_, budget, said, **__):
        found.append((budget, set(said)))
        raise UsageError("enough")

    monkeypatch.setattr(workflow, "settled", settled)
    command = ("sweep", "cifar10", "--slurm", "--outdir", tmp_path / "s")
    for grid in ("steps=5,9", "base-channels=32,64"):
        assert gancli(*command, "--grid", grid)[0] == 2
    assert found == [(None, {"num_steps"}), (Budget(3600.0, 20_000), {"base_channels"})]


SRUN = '#!/bin/bash\necho "$@" >> "$CALLS"\nexit "$CODE"\n'
SCONTROL = '#!/bin/bash\necho "scontrol $*" >> "$CALLS"\n'


def test_a_script_for_slurm_trains_a_run_a_task_and_goes_back_into_the_queue(gancli, tmp_path):
    folder = tmp_path / "a folder"
    code, out, err = gancli("sweep", "ring", *GRID, "--slurm", "--outdir", folder, *OPTIONS, "--data-dir", tmp_path)
    assert (code, err) == (0, "")
    script = folder / "sweep.slurm"
    assert out.startswith(f"4 runs in {script}. Start them with `sbatch {script}`.\n")
    assert "#SBATCH --array=0-3\n" in script.read_text()
    assert not list(folder.rglob("config.json"))
    code, out, err = gancli("sweep", "ring", *GRID, "--slurm", "--json", "--outdir", tmp_path / "j", *OPTIONS)
    assert (code, err) == (0, "")
    runs = [
        str(tmp_path / "j" / f"loss={loss}" / f"seed{seed}") for loss in ("hinge", "non-saturating") for seed in (0, 1)
    ]
    assert json.loads(out) == {"script": str(tmp_path / "j" / "sweep.slurm"), "runs": runs}

    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"

    def task(number: int, exit_code: int) -> list[str]:
        calls.unlink(missing_ok=True)
        environment = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_JOB_ID": "7", "CODE": str(exit_code)}
        environment |= {"CALLS": str(calls), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", script], env=os.environ | environment, check=False, timeout=30)
        assert done.returncode == exit_code
        return calls.read_text().splitlines()

    run = folder.absolute() / "loss=non-saturating" / "seed1"
    command = f"gancli train --config {run}.toml --outdir {run} --resume auto --data-dir {tmp_path}"
    assert task(3, 0) == [command]
    assert task(3, 143) == [command, "scontrol requeue 7_3"]
    assert task(3, 1) == [command]


def test_the_settings_that_a_script_names_make_the_run_of_the_grid(gancli, swept, tmp_path):
    assert gancli("sweep", "ring", *GRID, "--slurm", "--outdir", tmp_path / "s", *OPTIONS)[0] == 0
    run = tmp_path / "s" / "loss=hinge" / "seed0"
    assert gancli("train", "--config", f"{run}.toml", "--outdir", run, "--resume", "auto", "--quiet")[0] == 0
    assert_same(run, swept / "loss=hinge" / "seed0", 20)
    assert Run.open(run).record.config == Run.open(swept / "loss=hinge" / "seed0").record.config
