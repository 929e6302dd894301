"""Evaluation while training: what is measured, what may fail, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from gancli.metrics import frechet as fid
from gancli.metrics.frechet import Estimate
from tests.conftest import tiny, write_folder
from tests.monitoring.evaluated import lines, train


def test_metrics_are_written_and_are_those_of_evaluate(gancli):
    code, out, _ = train(gancli, steps=20, evaluate_every=20, metrics="fid,modes,inception-score")
    assert code == 0
    assert [set(line) & {"fid", "modes", "inception_score"} for line in lines()] == [
        set(),
        {"fid", "modes", "inception_score"},
    ]
    _, told, _ = gancli("evaluate", "ckpt", "--fid", "--modes", "--samples", 50, "--json", "--quiet")
    later = json.loads(told)["metrics"]
    assert lines()[1]["fid"]["value"] == later["fid"]["value"]
    assert lines()[1]["modes"]["hit"] == later["modes"]["hit"]
    assert "evaluation  1 in " in out
    assert f"best        step 20, fid {later['fid']['value']:.4g} (the last one)" in out


def test_the_last_step_is_evaluated_whatever_the_cadence(gancli):
    code, out, _ = train(gancli, steps=20, evaluate_every=15)
    assert code == 0
    assert [line["step"] for line in lines() if "fid" in line] == [15, 20]
    code, out, _ = train(gancli, "--resume", steps=30, evaluate_every=15)
    assert code == 0
    assert [line["step"] for line in lines() if "fid" in line] == [15, 20, 30]
    assert "evaluation  1 in " in out


def test_evaluation_changes_no_weight(gancli):
    train(gancli, steps=20)
    gancli("sample", "ckpt", "--output", "a.npz")
    train(gancli, "--overwrite", steps=20, evaluate_every=0)
    gancli("sample", "ckpt", "--output", "b.npz")
    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()


def test_a_metric_that_fails_is_a_null_and_training_goes_on(gancli, monkeypatch):
    calls = iter([False, True, False])

    def sometimes(*_):
        if next(calls):
            raise ValueError("eigenvalues did not converge")
        return Estimate(1.0, None, None)

    monkeypatch.setattr(fid, "frechet", sometimes)
    code, out, err = train(gancli, steps=30)
    assert code == 0
    assert "warning: fid could not be measured at step 20: eigenvalues did not converge" in err
    assert [line["fid"] and line["fid"]["value"] for line in lines()] == [1.0, None, 1.0]
    assert "best        step 10, fid 1 (--step best; the last one has 1)" in out
    assert json.loads(gancli("sample", "--step", "best", "--json")[1])["step"] == 10


def test_points_can_be_watched_by_their_modes(gancli):
    assert gancli("train", "ring", *tiny(evaluate_every=20, metrics="modes", evaluate_samples=50))[0] == 0
    assert lines()[-1]["modes"]["total"] == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--metrics", "fdi"], "unknown metric 'fdi'. Did you mean 'fid'? Known: fid, kid, inception-score, "),
        (["--metrics", ""], "--metrics must name at least one, got nothing."),
        (
            ["--metrics", "nearest"],
            "--metrics: 'nearest' is not measured while training; use `gancli evaluate --nearest`.",
        ),
        (
            ["--metrics", "precision-recall,fid"],
            "--metrics must begin with one that says which checkpoint is best (fid, ",
        ),
        (["--evaluate-every", "-1"], "--evaluate-every must be at least 0, got -1."),
        (["--evaluate-samples", "5"], "--evaluate-samples must be at least 20, got 5."),
        (["--patience", "-2"], "--patience must be at least 0, got -2."),
    ],
)
def test_bad_options_are_one_line(gancli, options, message):
    code, out, err = gancli("train", "digits", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {message}")
    assert not Path("ckpt").exists()


def test_metrics_of_images_are_refused_for_points(gancli):
    code, _, err = gancli("train", "ring", *tiny(evaluate_every=20, metrics="fid"))
    assert (code, err) == (2, "error: --metrics fid needs images, and the samples are points.\n")
    assert not Path("ckpt").exists()


def test_weights_that_cannot_be_had_stop_a_run_before_it_begins(gancli, tmp_path, monkeypatch):
    from gancli.features.inception import weights as inception_weights
    from tests.data.archives import trust, write_idx_set

    write_idx_set(tmp_path / "data")
    trust(monkeypatch, "kmnist", tmp_path / "data", num_train=50)
    monkeypatch.setattr(inception_weights, "URL", "http://127.0.0.1:1/weights")
    options = tiny(evaluate_every=20, features="inception-v3", model="mlp")
    code, _, err = gancli("train", "kmnist", *options, "--data-dir", tmp_path / "data")
    assert code == 1
    assert err.startswith("error: cannot download pt_inception-2015-12-05-6726825d.pth: ")
    assert not Path("ckpt").exists()


def test_a_single_image_is_trained_on_and_not_evaluated(gancli):
    write_folder("one", np.zeros((1, 8, 8, 1), np.uint8))
    options = tiny(model="dcgan", base_channels=2, steps=2, batch_size=1, evaluate_every=1, held_out=0)
    code, _, err = gancli("train", "one", *options)
    assert code == 0
    reason = "--metrics fid needs at least 2 images, and 1 are trained on."
    assert f"warning: the run is not evaluated while it trains: {reason}" in " ".join(err.split())
    assert not [line for line in lines() if "fid" in line]
