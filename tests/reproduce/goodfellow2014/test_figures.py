"""The paper's figures, from a few steps of narrow recipes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.recipes import presets
from tests.data.archives import trust, write_idx_set


@pytest.fixture
def _small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_idx_set(tmp_path / "data" / "mnist")
    trust(monkeypatch, "mnist", tmp_path / "data" / "mnist", num_train=50)
    narrow = {"batch_size": 10, "latent_size": 3, "generator_widths": (8, 6), "discriminator_widths": (4, 4)}
    recipe = presets.PRESETS["goodfellow2014-mnist"]
    recipe = replace(recipe, settings=recipe.settings | narrow | {"evaluate_every": 0})
    monkeypatch.setitem(presets.PRESETS._entries, "goodfellow2014-mnist", recipe)


def draw(gancli, number, *options):
    code, out, err = gancli(
        "reproduce", "goodfellow2014", "--figure", number, "--data-dir", "data", "--quiet", "--json", *options
    )
    assert (code, err) == (0, "")
    return json.loads(out)["drawn"]


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.usefixtures("_small")
def test_figure_1_is_the_one_dimensional_game(gancli):
    (drawn,) = draw(gancli, 1, "--steps", 200)
    assert (drawn["steps"], drawn["of_steps"]) == (200, 4000)
    width, height = pixels("reproduced/figure1.png").shape[1::-1]
    assert width > height


@pytest.mark.usefixtures("_small")
def test_figure_2_has_a_column_of_nearest_examples(gancli):
    (drawn,) = draw(gancli, 2, "--panels", "a", "--steps", 3, "--seed", 5)
    assert drawn["output"] == "reproduced/figure2a.png"
    assert (drawn["seed"], drawn["steps"], drawn["epochs"]) == (5, 3, pytest.approx(0.6))
    width, height = pixels(drawn["output"]).shape[1::-1]
    assert width / height == pytest.approx(7 / 6, rel=0.01)


@pytest.mark.usefixtures("_small")
def test_figure_3_walks_between_points_of_z_space_and_shares_figure_2s_run(gancli):
    draw(gancli, 2, "--panels", "a", "--steps", 3)
    before = Path("reproduced/goodfellow2014-mnist-seed0/metrics.jsonl").read_text()
    draw(gancli, 3, "--steps", 3)
    assert Path("reproduced/goodfellow2014-mnist-seed0/metrics.jsonl").read_text() == before
    sheet = pixels("reproduced/figure3.png")
    assert sheet.shape[1] / sheet.shape[0] == pytest.approx(2, rel=0.02)
