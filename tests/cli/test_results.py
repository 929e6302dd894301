"""What verbs print of runs."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from gancli.cli.results import best_told, show_result, show_seeds
from gancli.monitoring.best import Best
from gancli.reporting import Progress
from gancli.workflows.train import TrainResult

BEST = Best(20, "fid", 2.0, 40, 2.125, None)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "step 20, fid 2 (--step best; the last one has 2.125)"),
        ({"differs": True}, "step 20, fid 2 (--step best; the last one has 2.125)"),
        ({"differs": False}, "step 20, fid 2 (the last one has 2.125, worse by less than 2 standard errors)"),
        ({"last": None}, "step 20, fid 2 (--step best)"),
        ({"step": 40, "last": 2.0, "differs": False}, "step 40, fid 2 (the last one)"),
    ],
)
def test_the_best_step_is_named_where_it_is_better(changes, text):
    assert best_told(replace(BEST, **changes)) == text


def test_the_best_of_each_seed_is_told_where_any_was_evaluated(capsys):
    metrics = {"step": {"mean": 40.0, "standard_deviation": 0.0, "count": 2}}
    summary = {"runs": ["runs/seed0", "runs/seed11"], "best": [asdict(BEST), None], "metrics": metrics}
    summary["verdicts"] = [None, None]
    show_seeds(summary, Path("runs"), as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "2 runs in runs",
        "best checkpoint of each:",
        "seed0   step 20, fid 2 (--step best; the last one has 2.125)",
        "seed11  not evaluated",
        "mean and standard deviation over them, also in summary.json there:",
        "step  40 ± 0",
    ]
    show_seeds(summary | {"best": [None, None]}, Path("runs"), as_json=False)
    assert "best" not in capsys.readouterr().out


def test_the_verdicts_on_seeds_are_counted(capsys):
    verdicts = ["healthy", "collapse", None, "healthy"]
    metrics = {"step": {"mean": 40.0, "standard_deviation": 0.0, "count": 4}}
    show_seeds(
        {"runs": list("abcd"), "best": [None] * 4, "verdicts": verdicts, "metrics": metrics},
        Path("runs"),
        as_json=False,
    )
    assert "verdicts: 2 healthy, 1 collapse" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("best", "row"),
    [
        (None, "run/samples/fakes000040.png"),
        (BEST, "run/samples/fakes000020.png (of the best step; of the last one: fakes000040.png)"),
        (replace(BEST, step=30), "run/samples/fakes000040.png"),  # of which no picture was kept
        (replace(BEST, differs=False), "run/samples/fakes000040.png"),
        (replace(BEST, step=40, last=2.0, differs=False), "run/samples/fakes000040.png"),
    ],
)
def test_the_picture_of_the_best_step_is_named_where_it_is_better(capsys, tmp_path, monkeypatch, best, row):
    monkeypatch.chdir(tmp_path)
    Path("run/samples").mkdir(parents=True)
    Path("run/samples/fakes000020.png").touch()
    last = Progress(40, 640, 640.0, {}, "")
    show_result(TrainResult(Path("run"), 40, 640, 1.0, 640.0, 0.0, 0, None, last=last, best=best), as_json=False)
    rows = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert rows["samples"].strip() == row


@pytest.mark.parametrize(("spikes", "row"), [(0, None), (1, "1 gradient"), (1200, "1,200 gradients")])
def test_spikes_have_a_row_where_there_were_any(capsys, spikes, row):
    result = TrainResult(Path("run"), 40, 640, 1.0, 640.0, 1.0, 0, None, last=None, best=BEST, spikes=spikes)
    show_result(result, as_json=False)
    rows = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert rows.get("spikes") == (row and f"{row} far longer than usual")
    show_result(result, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["spikes"] == spikes
    assert (found["best_step"], found["best_score"], found["last_score"]) == (20, 2.0, 2.125)
