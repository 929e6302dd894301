"""Every objective from the command line: it trains, samples and is judged."""

import json
import re

import jax
import numpy as np
import pytest

from gancli.config import TrainConfig
from gancli.losses.catalog import LOSSES
from gancli.recipes.resolve import resolve
from gancli.runs.folder import Run
from tests.conftest import ROOT, first_of, tiny
from tests.playing import play
from tests.workflows.runs import final_state

OFTEN = ("minimax", "relativistic", "wasserstein", "energy", "mmd", "perceptual")  # each of another kind
OWN = ROOT / "examples" / "my_losses.py"


@pytest.mark.parametrize("loss", first_of(sorted(LOSSES, key=lambda loss: loss not in OFTEN), len(OFTEN)))
def test_every_objective_trains_and_is_told_of(gancli, tmp_path, loss):
    options = {"loss": loss, "log_every": 8, "sample_every": 8, "checkpoint_every": 8}  # no curves, and few pictures
    code, out, err = gancli("train", "digits", "--outdir", tmp_path / "run", *tiny(**options, steps=8))
    assert (code, err) == (0, "")
    (line,) = Run.open(tmp_path / "run").metrics()
    game = LOSSES[loss]
    assert ("discriminator_loss" in line) == (game.discriminator is not None)
    assert ("accuracy_fake" in line) == (game.discriminator is not None)
    if game.reading:
        assert game.reading.key in line
        assert game.reading.name in out
    told = re.search(r"^D accuracy +train \d+%, held out \d+%, samples \d+%$", out, re.MULTILINE)
    assert bool(told) == (game.discriminator is not None)
    assert ("memorization_gap" in line) == (game.discriminator is not None)
    assert gancli("sample", tmp_path / "run", "-n", 3, "--output", tmp_path / "x.npz")[0] == 0
    assert np.isfinite(np.load(tmp_path / "x.npz")["samples"]).all()


@pytest.mark.parametrize("loss", ["relativistic", "energy", "mmd"])
def test_objectives_go_on_where_they_stopped(gancli, tmp_path, loss):
    options = {"loss": loss, "log_every": 8, "sample_every": 8, "checkpoint_every": 8}
    for folder, *lengths in (("whole", 16), ("parts", 8, 16)):
        for steps in lengths:
            command = ("train", "ring", "--outdir", tmp_path / folder, "--resume", "auto")
            assert gancli(*command, *tiny(**options, steps=steps))[0] == 0
    assert [line["step"] for line in Run.open(tmp_path / "parts").metrics()] == [8, 16]
    states = [final_state(tmp_path / folder, 16, ("generator",)) for folder in ("whole", "parts")]
    jax.tree.map(np.testing.assert_array_equal, *states)


@pytest.mark.parametrize("dataset", ["ring", "grid", "gaussian", "digits", "mnist"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_objective_has_settings_that_fit_every_kind_of_data(dataset, loss):
    if loss == "perceptual" and dataset in ("ring", "grid", "gaussian"):
        return
    config = resolve(dataset, None, {"loss": loss})
    shape = {"digits": (8, 8, 1), "mnist": (28, 28, 1), "gaussian": (1,)}.get(dataset, (2,))
    play(config, shape, 1000, is_images=len(shape) == 3)


def test_an_objective_brings_what_it_cannot_do_without_to_a_preset_too():
    recipe = resolve("mnist", "goodfellow2014-mnist", {"loss": "wasserstein"})
    assert recipe.penalty == ("gradient-penalty",)
    assert recipe.optimizer == "sgd"
    energy = resolve("mnist", "goodfellow2014-mnist", {"loss": "energy"})
    assert energy.margin == TrainConfig.margin  # what the defaults of images get stays with them
    assert resolve("mnist", None, {"loss": "energy"}).margin == 50.0
    assert resolve("digits", None, {"loss": "energy"}).margin == 10.0
    assert resolve("ring", None, {"loss": "wasserstein", "penalty": ("clip",)}).penalty == ("clip",)


def test_penalties_can_be_taken_away(gancli, tmp_path):
    options = tiny(loss="relativistic", penalty="none", evaluate_every=0)
    assert gancli("train", "ring", "--outdir", tmp_path / "run", *options)[0] == 0
    assert Run.open(tmp_path / "run").record.config.penalty == ()
    code, _, err = gancli("train", "ring", "--outdir", tmp_path / "other", *tiny(loss="wasserstein", penalty="none"))
    assert code == 2
    assert err == "error: --loss wasserstein needs a bounded slope: --penalty gradient-penalty, clip, spectral-norm.\n"
    assert not (tmp_path / "other").exists()


def test_an_objective_of_ones_own_is_remembered_by_its_content(gancli, tmp_path):
    own = tmp_path / "own.py"
    own.write_text(OWN.read_text())
    options = tiny(loss=f"{own}:one_sided", evaluate_every=0)
    assert gancli("train", "ring", "--outdir", tmp_path / "run", *options)[0] == 0
    more = tiny(loss=f"{own}:one_sided", evaluate_every=0, steps=30)
    assert gancli("train", "ring", "--outdir", tmp_path / "run", "--resume", *more)[0] == 0
    own.write_text(OWN.read_text() + "\n# otherwise\n")
    code, _, err = gancli("train", "ring", "--outdir", tmp_path / "run", "--resume", *more)
    assert code == 2
    assert err == (
        f"error: --loss {own}:one_sided: the file is not as it was when the run in '{tmp_path / 'run'}' began: "
        "a run goes on as it began. Choose another --outdir for a new one.\n"
    )
    assert gancli("sample", tmp_path / "run", "-n", 3, "--output", tmp_path / "x.npz")[0] == 0
    assert gancli("list", "--cite", tmp_path / "run")[0] == 0


def test_the_examples_objectives_say_what_they_claim(gancli, tmp_path):
    options = tiny(loss=f"{OWN}:soft_critic", evaluate_every=0)
    code, out, _ = gancli("train", "ring", "--outdir", tmp_path / "run", "--json", *options)
    assert code == 0
    values = json.loads(out)
    assert values["le_cam_bound"] == pytest.approx(-0.2 * values["discriminator_loss"])


def test_a_run_without_a_discriminator_says_so_when_it_is_asked_for(gancli, tmp_path):
    assert gancli("train", "ring", "--outdir", tmp_path / "run", *tiny(loss="mmd", evaluate_every=0))[0] == 0
    code, _, err = gancli("evaluate", tmp_path / "run", "--divergence")
    assert (code, err) == (2, "error: --divergence asks a discriminator of single examples, and this run has none.\n")
    assert gancli("evaluate", tmp_path / "run", "--modes")[0] == 0
