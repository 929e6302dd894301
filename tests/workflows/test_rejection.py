"""Rejection by the discriminator of a run: what passes, how it is told, and where it cannot be done."""

import json

import numpy as np
import pytest

from tests.conftest import tiny


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a function that trains a short run with some options."""
    from gancli.cli.app import entry_point

    def train(dataset, **options):
        folder = tmp_path_factory.mktemp("runs") / "run"
        with pytest.raises(SystemExit):
            entry_point(["train", dataset, "--outdir", str(folder), *tiny(**options)])
        return folder

    return train


@pytest.fixture(scope="module")
def points_run(trained):
    """Return a run whose G hardly moves, so that D soon tells its samples from data."""
    return trained("gaussian", steps=100, generator_learning_rate=1e-6, discriminator_learning_rate=1e-2)


def arrays(path):
    with np.load(path, allow_pickle=False) as content:
        return dict(content)


def test_the_samples_that_pass_are_some_of_those_drawn_and_the_first_ones_stay(points_run, gancli):
    code, out, err = gancli("sample", points_run, "-n", 400, "--reject", "-o", "kept.npz", "--json", "--quiet")
    assert code == 0, err
    told = json.loads(out)
    assert told["acceptance_rate"] == told["num_samples"] / told["looked_at"] < 1
    gancli("sample", points_run, "-n", told["looked_at"], "-o", "all.npz")
    kept, drawn = arrays("kept.npz")["samples"], arrays("all.npz")["samples"]
    places = [int(np.flatnonzero((drawn == one).all(axis=1))[0]) for one in kept]
    assert places == sorted(set(places))
    assert places[-1] == told["looked_at"] - 1
    gancli("sample", points_run, "-n", 7, "--reject", "-o", "few.npz")
    np.testing.assert_array_equal(arrays("few.npz")["samples"], kept[:7])
    code, out, _ = gancli("sample", points_run, "--reject", "-o", "s.png")
    assert code == 0
    assert out.splitlines()[2].startswith("accepted")


def test_what_passes_is_measured(points_run, gancli):
    code, out, err = gancli("evaluate", points_run, "--modes", "--reject", "--samples", 300, "--json", "--quiet")
    assert code == 0, err
    found = json.loads(out)
    gancli("sample", points_run, "-n", 300, "--reject", "-o", "kept.npz")
    near = np.mean(np.abs(arrays("kept.npz")["samples"]) <= 3)
    every = json.loads(gancli("evaluate", points_run, "--modes", "--samples", 300, "--json")[1])["metrics"]["modes"]
    assert found["metrics"]["modes"]["protocol"] == every["protocol"]
    assert found["metrics"]["modes"]["high_quality"] == pytest.approx(near)
    assert 0 < found["acceptance_rate"] < 1
    assert found["metrics"]["modes"]["protocol_text"].endswith("ema, seed 0, rejection")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": "hinge"},
            "--reject needs a discriminator whose output is a logit, and --loss hinge of the run in '{folder}' makes "
            "another one. Leave it out, or train with --loss non-saturating.",
        ),
        (
            {"loss": "mmd"},
            "--reject asks a discriminator of single examples, and the run in '{folder}' has none. Leave it out.",
        ),
    ],
)
def test_a_run_without_logits_is_refused(trained, gancli, options, message):
    folder = trained("gaussian", steps=2, **options)
    for command in ("sample", "evaluate"):
        code, _, err = gancli(command, folder, "--reject")
        assert code == 2
        assert message.format(folder=folder) in err


def test_rejection_is_for_runs_and_without_truncation(points_run, gancli):
    code, _, err = gancli("evaluate", "digits", "--fid", "--reject")
    assert (code, "--reject is for runs that draw samples, and 'digits' is none." in err) == (2, True)
    code, _, err = gancli("sample", points_run, "--reject", "--truncation", 1)
    assert (code, "--truncation and --reject exclude each other. Leave one of them out." in err) == (2, True)
