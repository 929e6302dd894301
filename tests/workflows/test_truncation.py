"""Truncated latents: samples of them, and what they bring and cost."""

import json

import numpy as np
import pytest
from PIL import Image

from gancli.data.load import load
from gancli.features import extractor
from gancli.metrics.precision_recall import precision_recall
from tests.conftest import tiny


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def points_run(tmp_path_factory):
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("points") / "ring"
    with pytest.raises(SystemExit):
        entry_point(["train", "ring", "--outdir", str(folder), *tiny(prior="spherical")])
    return folder


def arrays(path):
    with np.load(path, allow_pickle=False) as content:
        return dict(content)


def test_samples_of_truncated_latents(digits_run, gancli):
    code, out, _ = gancli("sample", digits_run, "-n", 700, "--truncation", 0.5, "-o", "s.npz")
    assert code == 0
    assert out.splitlines()[1].endswith("700 of step 40, averaged weights, seed 0, truncation 0.5")
    latents = arrays("s.npz")["latents"]
    assert 0.49 < np.abs(latents).max() <= 0.5
    # The prior is uniform: the same draws, on a smaller cube.
    gancli("sample", digits_run, "-n", 10, "-o", "whole.npz")
    np.testing.assert_allclose(latents[:10], arrays("whole.npz")["latents"] * 0.5 / 3**0.5, rtol=1e-4, atol=1e-6)
    assert json.loads(gancli("sample", digits_run, "--truncation", 2, "-o", "s.png", "--json")[1])["truncation"] == 2


def test_the_curve_has_a_row_a_truncation_and_the_whole_prior(digits_run, gancli):
    asked = ("evaluate", digits_run, "--truncation", "0.5", "--samples", 60, "--figure", "curve.png")
    code, out, err = gancli(*asked, "--precision-recall", "--fid", "--quiet")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "truncation"
    assert [line.split()[0] for line in lines[1:3]] == ["0.5", "none"]
    with Image.open("curve.png") as picture:
        assert picture.width > 600
    found = json.loads(gancli(*asked, "--precision-recall", "--fid", "--json", "--overwrite")[1])
    assert [one["truncation"] for one in found["results"]] == [0.5, None]
    network, train = extractor.classifier("digits"), load("digits").examples
    chosen = np.random.default_rng(0).choice(len(train), 60, replace=False)
    reference, _ = extractor.extract(network, [train[np.sort(chosen)]], 60)
    for result in found["results"]:
        limit = [] if result["truncation"] is None else ["--truncation", result["truncation"]]
        gancli("sample", digits_run, "-n", 60, *limit, "-o", "s.npz", "--overwrite")
        features, _ = extractor.extract(network, [arrays("s.npz")["images"]], 60)
        expected = precision_recall(features, reference)
        metric = result["metrics"]["precision_recall"]
        assert (metric["precision"], metric["recall"]) == (expected.precision, expected.recall)
    plain = json.loads(gancli("evaluate", digits_run, "--samples", 60, "--fid", "--precision-recall", "--json")[1])
    assert plain["metrics"] == found["results"][-1]["metrics"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--truncation", "0"), "--truncation must be above 0, got 0."),
        (("--truncation", "0.5,x"), "--truncation must be numbers like 0.4,0.6,1, got '0.5,x'."),
        (("--truncation", "1", "--figure", "c.jpg"), "--figure must end in .png, got 'c.jpg'."),
        (("--truncation", "1", "--all"), "--truncation and --all exclude each other. Leave one of them out."),
        (("--truncation", "1", "--reject"), "--truncation and --reject exclude each other. Leave one of them out."),
        (
            ("--truncation", "1", "--nearest"),
            "--nearest draws pairs of one set of samples. Leave out --nearest or --truncation.",
        ),
    ],
)
def test_what_is_asked_wrongly(digits_run, gancli, arguments, message):
    code, out, err = gancli("evaluate", digits_run, *arguments)
    assert (code, out) == (2, "")
    assert err.strip().removeprefix("error: ").removeprefix("Error: ") == message


def test_only_runs_whose_prior_has_components_are_truncated(points_run, gancli):
    message = (
        "--truncation 1 bounds each component of a latent, and --prior spherical has none that stand alone. Leave it "
        "out, or take a run with --prior uniform, gaussian or mixture."
    )
    for command in ("sample", "evaluate"):
        code, _, err = gancli(command, points_run, "--truncation", 1)
        assert code == 2
        assert message in err
    code, _, err = gancli("evaluate", "digits", "--truncation", 1)
    assert (code, "--truncation is for runs, and 'digits' is none." in err) == (2, True)
