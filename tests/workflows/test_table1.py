"""Table 1, from tiny archives and a few steps of the recipe."""

import json
from pathlib import Path

import pytest

from gancli import presets
from tests.data.archives import trust, write_idx_set


@pytest.fixture
def _small(tmp_path, monkeypatch):
    """MNIST of 60 training images, and the recipe with small networks."""
    monkeypatch.chdir(tmp_path)
    write_idx_set(tmp_path / "data" / "mnist")
    trust(monkeypatch, "mnist", tmp_path / "data" / "mnist", num_train=50)
    small = {"batch_size": 10, "generator_widths": (8, 8), "discriminator_widths": (4, 4), "evaluate_every": 0}
    recipe = presets.PRESETS["goodfellow2014-mnist"] | small
    monkeypatch.setitem(presets.PRESETS._entries, "goodfellow2014-mnist", recipe)


def reproduce(gancli, *options):
    return gancli("reproduce", "goodfellow2014", "--table", 1, "--data-dir", "data", "--quiet", *options)


@pytest.mark.usefixtures("_small")
def test_the_table_has_the_papers_rows_ours_and_the_baselines(gancli):
    code, out, _ = reproduce(gancli, "--seeds", "0,3", "--steps", 4)
    assert code == 0
    assert out == Path("reproduced/table1.md").read_text()
    rows = [line.split(" | ") for line in out.splitlines() if line.startswith("| ")]
    names = [row[0].removeprefix("| ") for row in rows]
    assert names[1:5] == ["DBN", "Stacked CAE", "Deep GSN", "Adversarial nets"]
    assert names[5:11] == ["the recipe, averaged weights", "the recipe, raw weights"] * 2 + [
        "the recipe, averaged weights, all seeds",
        "the recipe, raw weights, all seeds",
    ]
    assert [name.split()[1] for name in names[11:]] == ["training", "k-means"]
    content = json.loads(Path("reproduced/table1.json").read_text())
    assert [run["seed"] for run in content["runs"]] == [0, 3]
    assert [run["steps"] for run in content["runs"]] == [4, 4]
    score = json.loads(gancli("parzen", "reproduced/goodfellow2014-mnist-seed3", "--data-dir", "data", "--json")[1])
    assert content["runs"][1]["averaged"]["log_likelihood"] == score["log_likelihood"]
    assert Path("reproduced/table1-sigma.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.usefixtures("_small")
def test_the_same_command_again_goes_on(gancli):
    assert reproduce(gancli, "--seeds", 1, "--steps", 2)[0] == 0
    first = Path("reproduced/goodfellow2014-mnist-seed1/metrics.jsonl").read_text()
    assert reproduce(gancli, "--seeds", 1, "--steps", 2)[0] == 0
    assert Path("reproduced/goodfellow2014-mnist-seed1/metrics.jsonl").read_text() == first
    assert reproduce(gancli, "--seeds", "1-2", "--steps", 5)[0] == 0
    runs = json.loads(Path("reproduced/table1.json").read_text())["runs"]
    assert [(run["seed"], run["steps"]) for run in runs] == [(1, 5), (2, 5)]
    assert Path("reproduced/goodfellow2014-mnist-seed1/metrics.jsonl").read_text().startswith(first)


@pytest.mark.parametrize("seeds", ["", "a", "3-1", "0-", "-1"])
def test_seeds_are_numbers_and_ranges(gancli, seeds):
    code, out, err = gancli("reproduce", "goodfellow2014", "--table", 1, f"--seeds={seeds}")
    assert (code, out) == (2, "")
    assert f"must be seeds like 0-2,5, got '{seeds}'." in " ".join(err.replace("│", "").split())


def test_only_one_table_is_known(gancli):
    assert gancli("reproduce", "goodfellow2014", "--table", 2) == (2, "", "error: --table must be 1, got 2.\n")
