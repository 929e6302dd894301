"""A run with codes: rows along which one code changes, its categories, and what such a run cannot do."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gancli.features import extractor
from gancli.imaging.sheets import GAP
from gancli.metrics.categories import unmatched
from tests.conftest import tiny


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """The folder of a run with a category of four values and a continuous code."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("coded") / "run"
    more = ["--game", "infogan", "--codes", "4,u", "--metrics", "categories"]
    with pytest.raises(SystemExit):
        entry_point(["train", "digits", "--outdir", str(folder), *more, *tiny(evaluate_every=20)])
    return folder


def arrays(path):
    with np.load(path, allow_pickle=False) as content:
        return dict(content)


def test_a_grid_has_a_value_of_the_category_a_column(coded, gancli):
    assert gancli("sample", coded, "-n", 8, "--scale", 2, "-o", "s.png")[0] == 0
    with Image.open("s.png") as picture:
        assert picture.width == 4 * (16 + GAP) + GAP
    gancli("sample", coded, "--code", 2, "-n", 18, "--scale", 2, "-o", "u.png")
    with Image.open("u.png") as picture:
        assert picture.width == 9 * (16 + GAP) + GAP
    code, _, err = gancli("sample", coded, "--code", 3)
    assert (code, "--code must be from 1 to 2, the number of codes, got 3." in err) == (2, True)


def test_arrays_hold_random_codes_beside_the_latents(coded, gancli):
    gancli("sample", coded, "-n", 50, "-o", "s.npz")
    latents = arrays("s.npz")["latents"]
    assert latents.shape == (50, 4 + 5)
    assert set(latents[:, 4:8].argmax(axis=1)) == {0, 1, 2, 3}
    code, _, err = gancli("sample", coded, "--code", 1, "-o", "t.npz")
    assert (code, "--code draws a grid, so --output must end in .png or .webp, got 't.npz'." in err) == (2, True)


def test_categories_are_matched_with_classes(coded, gancli):
    found = json.loads(gancli("evaluate", coded, "--categories", "--samples", 200, "--json")[1])["metrics"][
        "categories"
    ]
    gancli("sample", coded, "-n", 200, "-o", "s.npz")
    kept = arrays("s.npz")
    _, logits = extractor.extract(extractor.classifier("digits"), [kept["images"]], 200)
    assert found["error"] == unmatched(kept["latents"][:, 4:8].argmax(axis=1), logits.argmax(axis=1))
    assert 0 < found["held_out_error"] < 1
    lines = [json.loads(line) for line in (coded / "metrics.jsonl").read_text().splitlines()]
    assert set(lines[-1]["categories"]) == {"error", "held_out_error"}
    assert {"category_information", "code_information"} <= set(lines[-1])


def test_walks_lead_between_codes_too(coded, gancli):
    assert gancli("interpolate", coded, "--rows", 2, "--frames", 3)[0] == 0


def test_what_a_run_with_codes_cannot_do_and_what_others_cannot(coded, digits_run, gancli):
    code, _, err = gancli("encode", coded, "digits/test", "--output", "z.npz")
    assert code == 2
    assert f"the run in '{coded}' has codes beside its latents; an encoder finds latents alone." in err
    code, _, err = gancli("sample", digits_run, "--code", 1)
    assert code == 2
    assert f"--code 1 is for a run with --game infogan, and that in '{digits_run}' has no codes." in err
    code, _, err = gancli("evaluate", digits_run, "--categories")
    assert (code, "--categories needs a category: a run with --game infogan --codes 10,u,u." in err) == (2, True)


def test_an_exported_run_draws_the_same_and_as_its_card_says(coded, gancli):
    assert gancli("export", coded, "--output", "out")[0] == 0
    for folder, name in ((coded, "one"), ("out", "two")):
        gancli("sample", folder, "-n", 4, "-o", f"{name}.npz")
    np.testing.assert_array_equal(arrays("one.npz")["samples"], arrays("two.npz")["samples"])
    card = Path("out/README.md").read_text()
    assert "from 4 uniform latents, codes 4,u beside them |" in card
    made: dict[str, Any] = {"blob": Path("out/generator.stablehlo").read_bytes()}
    code = card.partition("```python\n")[2].partition("```")[0]
    exec(code.replace('open("generator.stablehlo", "rb").read()', "blob"), made)
    assert made["images"].shape == (64, 8, 8, 1)
