"""Table 1, from tiny archives and a few steps of narrow recipes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gancli.recipes import presets
from gancli.reproduce.goodfellow2014 import table1
from tests.conftest import thorough
from tests.data.archives import trust, write_idx_set
from tests.data.test_folds import write_tfd

NARROW = {"batch_size": 10, "latent_size": 3, "evaluate_every": 0}
NARROW |= {"generator_widths": (8, 6), "discriminator_widths": (4, 4), "decoder_steps": 0}


@pytest.fixture
def _small(tmp_path, monkeypatch):
    """MNIST of 60 training images, and the recipes with small networks."""
    monkeypatch.chdir(tmp_path)
    write_idx_set(tmp_path / "data" / "mnist")
    trust(monkeypatch, "mnist", tmp_path / "data" / "mnist", num_train=50)
    for name in ("goodfellow2014-mnist", "goodfellow2014-mnist-tuned", "goodfellow2014-tfd"):
        preset = presets.PRESETS[name]
        monkeypatch.setitem(presets.PRESETS._entries, name, replace(preset, settings=preset.settings | NARROW))


def reproduce(gancli, *options):
    return gancli("reproduce", "goodfellow2014", "--table", 1, "--data-dir", "data", "--quiet", *options)


@pytest.mark.usefixtures("_small")
def test_the_table_has_the_papers_rows_ours_and_the_baselines(gancli):
    code, out, err = reproduce(gancli, "--seeds", "0,3", "--steps", 1, "--rows", "recipe,tuned,tfd")
    assert code == 0
    assert err == "warning: no data for row 'tfd': it stays empty.\n"
    assert out == Path("reproduced/table1.md").read_text()
    rows = [line.split(" | ") for line in out.splitlines() if line.startswith("| ")]
    names = [row[0].removeprefix("| ") for row in rows]
    assert names[1:5] == ["DBN", "Stacked CAE", "Deep GSN", "Adversarial nets"]
    ours = []
    for row in ("recipe", "tuned"):
        for kind in ("averaged", "raw"):
            ours += [f"**{row}, {kind} weights**", f"{row}, {kind} weights", f"{row}, {kind} weights"]
    assert names[5:17] == ours
    assert "| Adversarial nets, here | | | not run: TFD was not at hand |" in out
    assert [name.split()[1] for name in names[18:]] == ["training", "k-means"]
    content = json.loads(Path("reproduced/table1.json").read_text())
    assert [(run["row"], run["seed"]) for run in content["runs"]] == [
        (r, s) for r in ("recipe", "tuned") for s in (0, 3)
    ]
    assert [point["steps"] for point in content["runs"][1]["curve"]] == [1]
    score = json.loads(gancli("parzen", "reproduced/goodfellow2014-mnist-seed3", "--data-dir", "data", "--json")[1])
    assert content["runs"][1]["curve"][-1]["averaged"][0]["log_likelihood"] == score["log_likelihood"]
    for name in ("curve", "sigma"):
        assert Path(f"reproduced/table1-{name}.png").read_bytes()[:4] == b"\x89PNG"


def test_a_run_is_scored_at_ten_places_or_at_each_of_fewer_steps():
    assert table1._stretches(50_000) == list(range(5_000, 50_001, 5_000))
    assert table1._stretches(25) == [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]
    assert table1._stretches(4) == [1, 2, 3, 4]


@pytest.mark.usefixtures("_small")
def test_the_same_command_again_goes_on(gancli, monkeypatch):
    monkeypatch.setattr(table1, "SCORES_PER_RUN", 2)
    options = ("--rows", "recipe")
    assert reproduce(gancli, "--seeds", 1, "--steps", 2, *options)[0] == 0
    first = Path("reproduced/goodfellow2014-mnist-seed1/metrics.jsonl").read_text()
    scores = Path("reproduced/goodfellow2014-mnist-seed1/scores.json").read_text()
    assert reproduce(gancli, "--seeds", 1, "--steps", 2, *options)[0] == 0
    assert Path("reproduced/goodfellow2014-mnist-seed1/metrics.jsonl").read_text() == first
    assert Path("reproduced/goodfellow2014-mnist-seed1/scores.json").read_text() == scores
    assert reproduce(gancli, "--seeds", "1-2", "--steps", 4, *options)[0] == 0
    runs = json.loads(Path("reproduced/table1.json").read_text())["runs"]
    assert [(run["seed"], [point["steps"] for point in run["curve"]]) for run in runs] == [
        (1, [1, 2, 4]),
        (2, [2, 4]),
    ]
    assert runs[0]["curve"][:2] == json.loads(scores)
    assert Path("reproduced/goodfellow2014-mnist-seed1/metrics.jsonl").read_text().startswith(first)
    scores = Path("reproduced/goodfellow2014-mnist-seed1/scores.json").read_text()
    assert reproduce(gancli, "--seeds", 1, "--steps", 2, *options)[0] == 0  # it was scored there, too
    (run,) = json.loads(Path("reproduced/table1.json").read_text())["runs"]
    assert [point["steps"] for point in run["curve"]] == [1, 2]
    assert Path("reproduced/goodfellow2014-mnist-seed1/scores.json").read_text() == scores


@thorough
@pytest.mark.usefixtures("_small")
def test_tfd_is_scored_fold_by_fold(gancli):
    write_tfd(Path("data/tfd"))
    code, out, err = reproduce(gancli, "--seeds", 0, "--steps", 1, "--rows", "tfd")
    assert (code, err) == (0, "")
    (run,) = json.loads(Path("reproduced/table1.json").read_text())["runs"]
    assert len(run["curve"][-1]["averaged"]) == 5
    (line,) = [line for line in out.splitlines() if line.startswith("| tfd, averaged")]
    assert line.startswith("| tfd, averaged weights | | ")  # nothing for MNIST
    assert line.count(",") >= 5  # a sigma for each fold


@pytest.mark.parametrize("seeds", ["", "a", "3-1", "0-", "-1"])
def test_seeds_are_numbers_and_ranges(gancli, seeds):
    code, out, err = gancli("reproduce", "goodfellow2014", "--table", 1, f"--seeds={seeds}")
    assert (code, out) == (2, "")
    assert f"must be seeds like 0-2,5, got '{seeds}'." in " ".join(err.replace("│", "").split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--table", 2), "--table must be 1, got 2."),
        (("--figure", 4), "--figure must be 1, 2 or 3, got 4."),
        ((), "give one of --theory, --table 1 and --figure 1, 2 or 3."),
        (("--table", 1, "--figure", 1), "give one of --theory, --table 1 and --figure 1, 2 or 3."),
        (("--figure", 1, "--steps", 0), "--steps must be at least 1, got 0."),
        (
            ("--table", 1, "--rows", "recipes"),
            "unknown row 'recipes'. Did you mean 'recipe'? Known: recipe, tuned, tfd.",
        ),
        (
            ("--table", 1, "--rows", "recipe,tund"),
            "unknown row 'tund'. Did you mean 'tuned'? Known: recipe, tuned, tfd.",
        ),
        (("--table", 1, "--rows", ","), "--rows must name at least one."),
        (("--figure", 2, "--panels", ","), "--panels must name at least one."),
        (("--figure", 2, "--panels", "e"), "unknown panel of Figure 2 'e'. Known: a, b, c, d."),
    ],
)
def test_what_there_is_not_is_said(gancli, options, message):
    assert gancli("reproduce", "goodfellow2014", *options) == (2, "", f"error: {message}\n")
