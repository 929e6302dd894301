"""Numbers of papers, from tiny data and a few steps of narrow recipes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gancli.recipes import presets
from gancli.reproduce import papers
from gancli.runs.folder import Run
from gancli.workflows import few_images
from tests.data.archives import trust, write_idx_set

NARROW = {
    "mnist-semi-supervised": {"generator_widths": (6, 5), "discriminator_widths": (16, 16)},
    "bigan-mnist": {"generator_widths": (6, 5), "discriminator_widths": (4, 4), "encoder_widths": (5, 5)},
}


@pytest.fixture
def _small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(few_images, "FEW_IMAGES", 0)
    write_idx_set(tmp_path / "data" / "mnist")
    trust(monkeypatch, "mnist", tmp_path / "data" / "mnist", num_train=50)
    for name, narrow in NARROW.items():
        preset = presets.PRESETS[name]
        more = {"batch_size": 10, "latent_size": 3, "evaluate_every": 0}
        monkeypatch.setitem(presets.PRESETS._entries, name, replace(preset, settings=preset.settings | narrow | more))


def reproduce(gancli, paper, *options):
    return gancli("reproduce", paper, "--data-dir", "data", "--quiet", *options)


@pytest.mark.usefixtures("_small")
def test_a_row_is_trained_for_every_seed_and_measured_on_test_images_and_the_same_command_goes_on(gancli):
    options = ("salimans2016", "--rows", 20, "--seeds", "0-1", "--steps", 2)
    code, out, err = reproduce(gancli, *options)
    assert (code, err) == (0, "")
    assert out == Path("reproduced/salimans2016.md").read_text()
    content = json.loads(Path("reproduced/salimans2016.json").read_text())
    assert content["rows"] == {"20": "1677 ± 452", "20-alone": "not given"}
    values = []
    for run in content["runs"]:
        folder = f"reproduced/salimans2016-{run['row']}-seed{run['seed']}"
        config = Run.open(Path(folder)).record.config
        assert (config.labels, config.alone) == ("20", run["row"] == "20-alone")
        found = json.loads(gancli("classify", folder, "mnist/test", "--data-dir", "data", "--json")[1])
        values.append(found["test"]["wrong"])
        assert run["value"] == values[-1]
        assert run["seconds"] > 0
    line = next(line for line in out.splitlines() if line.startswith("| 20 |"))
    assert [run["row"] for run in content["runs"]] == ["20", "20", "20-alone", "20-alone"]
    mean, deviation = np.mean(values[:2]), np.std(values[:2], ddof=1)
    assert line.startswith(
        f"| 20 | 1677 ± 452 | **{mean:.1f} ± {deviation:.1f}** | 0, 1: {values[0]}, {values[1]} | 0.4 |"
    )
    before = Path("reproduced/salimans2016-20-seed0/metrics.jsonl").read_text()
    assert reproduce(gancli, *options)[1] == out
    assert Path("reproduced/salimans2016-20-seed0/metrics.jsonl").read_text() == before


@pytest.mark.usefixtures("_small")
def test_features_of_the_encoder_are_probed_by_all_training_images(gancli):
    code, out, err = reproduce(gancli, "donahue2017", "--rows", 25, "--seeds", 0, "--steps", 2, "--json")
    assert (code, err) == (0, "")
    (run,) = json.loads(out)["runs"]
    command = ("evaluate", "reproduced/donahue2017-25-seed0", "--probe", "--labels", "all", "--data-dir", "data")
    found = json.loads(gancli(*command, "--json", "--quiet")[1])["metrics"]["probe"]
    assert run["value"] == pytest.approx(100 * found["nearest"])
    assert found["protocol"]["network"] == "encoder"


@pytest.mark.usefixtures("_small")
def test_categories_are_those_that_q_reads_in_held_out_images(gancli, monkeypatch):
    about = papers.PAPERS["chen2016"]
    row = about.rows["categories"]
    row = replace(row, settings={**row.settings, "base_channels": 1, "batch_size": 10, "evaluate_every": 0})
    monkeypatch.setitem(papers.PAPERS._entries, "chen2016", replace(about, rows={"categories": row}))
    code, out, err = reproduce(gancli, "chen2016", "--seeds", 0, "--steps", 2, "--json")
    assert (code, err) == (0, "")
    (run,) = json.loads(out)["runs"]
    command = ("evaluate", "reproduced/chen2016-categories-seed0", "--categories", "--samples", 100)
    found = json.loads(gancli(*command, "--data-dir", "data", "--json", "--quiet")[1])["metrics"]["categories"]
    assert run["value"] == pytest.approx(100 * found["held_out_error"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["salimans2016", "--rows", "30"],
            "unknown row '30'. Known: 20, 20-alone, 50, 50-alone, 100, 100-alone, 200, 200-alone.",
        ),
        (["salimans2016", "--rows", ","], "--rows must name at least one."),
        (
            ["donahue2017", "--table", "1"],
            "donahue2017 has rows of numbers, and no --theory, --table or --figure. Leave it out.",
        ),
        (["goodfellow2014", "--rows", "tfd"], "give one of --theory, --table 1 and --figure 1, 2 or 3."),
    ],
)
def test_what_a_paper_does_not_have_is_refused(arguments, message, gancli):
    code, _, err = gancli("reproduce", *arguments, "--quiet")
    assert (code, err) == (2, f"error: {message}\n")
