"""Translators that leave the house: the same translations by every way out."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from gancli.cli.console import TerminalReporter
from gancli.recipes.resolve import resolve
from gancli.workflows.train import new_run
from tests.conftest import thorough

SMALL = {"base_channels": 2, "num_steps": 2, "evaluate_every": 0, "log_every": 2, "batch_size": 1}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two images of no size that a network takes, and one that it does."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, shape in (("a", (16, 24)), ("b", (21, 18))):
        Image.fromarray(rng.integers(0, 256, (*shape, 3), np.uint8)).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module", params=["resnet-translator", pytest.param("ugatit", marks=thorough)])
def cycle(request, tmp_path_factory):
    """A run of two steps, whose images are gone."""
    folder, rng = tmp_path_factory.mktemp("cycle"), np.random.default_rng(1)
    for name in ("horses", "zebras"):
        (folder / "secret" / name).mkdir(parents=True)
        for number in range(4):
            image = rng.integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(image).save(folder / "secret" / name / f"{number}.png")
    options = SMALL | {
        "game": "cycle",
        "model": request.param,
        "blocks": 1,
        "to_domain": str(folder / "secret" / "zebras"),
        "held_out": 0.5,
    }
    new_run(resolve(str(folder / "secret" / "horses"), None, options), folder / "run", TerminalReporter(quiet=True))
    shutil.rmtree(folder / "secret")
    return folder / "run"


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def run_card(folder, more):
    """Run the card's lines and some more in a process without gancli."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    check = (
        "import sys, numpy as np\nassert not [name for name in sys.modules if name.startswith(('gancli', 'flax'))]\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code + check + more], cwd=folder, check=True, timeout=120)


def test_both_translators_do_the_same_outside_at_any_size(gancli, tmp_path, cycle, photos):
    out = tmp_path / "out"
    code, printed, err = gancli("export", cycle, "--output", out, "--json")
    assert (code, err) == (0, "")
    files = ["README.md", "a_to_b.stablehlo", "b_to_a.stablehlo", "config.json", "likeness.npz"]
    assert json.loads(printed)["files"] == [*files, "translations.png", "translators.safetensors"]
    weights = load_file(out / "translators.safetensors")
    assert {name.partition(".")[0] for name in weights} == {"generator_ab", "generator_ba"}
    for folder in (out, cycle):
        command = ("translate", folder, photos, "--to", "zebras", "--output", tmp_path / folder.name, "--quiet")
        assert gancli(*command, "--sheet", tmp_path / f"{folder.name}.png")[0] == 0
    for name in ("a.png", "b.png"):
        np.testing.assert_array_equal(pixels(tmp_path / "out" / name), pixels(tmp_path / "run" / name))
    np.save(tmp_path / "x.npy", pixels(photos / "a.png")[None].astype(np.float32) / 255)
    run_card(
        out,
        "assert found.shape == (2, 16, 16, 3)\n"
        f"np.save({str(tmp_path / 'y.npy')!r}, translator.call(np.load({str(tmp_path / 'x.npy')!r})))\n",
    )
    found = np.rint(np.load(tmp_path / "y.npy")[0] * 255)
    assert np.abs(found - pixels(tmp_path / "run" / "a.png")).max() <= 1


def test_where_images_lie_is_not_told_and_it_cannot_be_trained_on(gancli, tmp_path, cycle):
    out = tmp_path / "out"
    assert gancli("export", cycle, "--output", out, "--format", "safetensors")[0] == 0
    assert not list(out.glob("*.stablehlo"))
    for name in ("config.json", "README.md"):
        assert "secret" not in (out / name).read_text()
    card = (out / "README.md").read_text().splitlines()
    assert f"# horses to zebras by {json.loads((out / 'config.json').read_text())['config']['model']}" in card
    assert json.loads((out / "config.json").read_text())["config"]["to_domain"] == "./zebras"
    code, _, err = gancli("translate", out, out, "--to", "zebras", "--step", 1)
    assert (code, err) == (2, f"error: --step 1: '{out}' was exported, and holds step 2 alone.\n")


def test_of_a_translator_with_noise_a_seed_decides(gancli, tmp_path):
    rng = np.random.default_rng(2)
    (tmp_path / "pairs").mkdir()
    for number in range(4):
        Image.fromarray(rng.integers(0, 256, (8, 16, 3), np.uint8)).save(tmp_path / "pairs" / f"{number}.png")
    options = SMALL | {"game": "paired", "resolution": 8, "to_domain": "A"}
    new_run(resolve(str(tmp_path / "pairs"), None, options), tmp_path / "run", TerminalReporter(quiet=True))
    out = tmp_path / "out"
    assert gancli("export", tmp_path / "run", "--output", out)[0] == 0
    assert (out / "b_to_a.stablehlo").is_file()
    run_card(
        out,
        "images = jax.random.uniform(jax.random.key(0), (1, 16, 8, 3))\n"
        "one, same, other = (np.asarray(translator.call(images, np.uint32(seed))) for seed in (0, 0, 1))\n"
        "assert (one == same).all() and (one != other).any() and one.shape == images.shape\n",
    )
