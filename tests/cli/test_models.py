"""Convolutional models and models of your own from the command line."""

import shutil

import jax
import numpy as np
import pytest

from gancli.runs.folder import Run
from tests.conftest import ROOT, tiny
from tests.workflows.runs import ITEMS, assert_same

DCGAN = {"model": "dcgan", "base_channels": 4}


def weights(folder):
    run = Run.open(folder)
    with run.checkpoints() as checkpoints:
        _, items, _ = checkpoints.newest(run.record.game(), ITEMS)
    return items


def test_a_dcgan_trains_and_goes_on_bit_for_bit(gancli, tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    options = DCGAN | {"penalty": "spectral-norm", "evaluate_every": 0, "schedule_steps": 20}
    assert gancli("train", "digits", "--outdir", whole, *tiny(**options))[0] == 0
    assert gancli("train", "digits", "--outdir", halves, *tiny(steps=10, **options))[0] == 0
    assert gancli("train", "digits", "--outdir", halves, "--resume", *tiny(**options))[0] == 0
    one, other = weights(whole), weights(halves)
    jax.tree.map(np.testing.assert_array_equal, one, other)
    assert "direction" in one["discriminator"]["layers"][0]  # of spectral normalization


def test_a_sample_of_a_dcgan_does_not_depend_on_how_many_are_drawn(gancli, tmp_path):
    run = tmp_path / "run"
    assert gancli("train", "digits", "--outdir", run, *tiny(evaluate_every=0, **DCGAN))[0] == 0
    for count in (1, 600):
        assert gancli("sample", run, "-n", count, "--output", tmp_path / f"{count}.npz")[0] == 0
    one, many = (np.load(tmp_path / f"{count}.npz")["samples"] for count in (1, 600))
    np.testing.assert_array_equal(one, many[:1])
    assert len(np.unique(many, axis=0)) == 600


def test_a_dcgan_wants_images(gancli, tmp_path):
    code, _, err = gancli("train", "ring", "--outdir", tmp_path / "run", *tiny(**DCGAN))
    assert code == 2
    assert err == "error: --model dcgan needs images, got examples of shape (2,).\n"
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with a model and a loss of your own, and a run of 20 steps by both; tests must not change it."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("written")
    (folder / "net.py").write_text((ROOT / "examples" / "my_models.py").read_text().replace("128", "8"))
    (folder / "loss.py").write_text((ROOT / "examples" / "my_losses.py").read_text())
    with pytest.raises(SystemExit) as stop:
        entry_point(["train", "digits", "--outdir", str(folder / "run"), *own(folder)])
    assert not stop.value.code
    return folder


def own(folder, steps=20):
    net, loss = f"{folder / 'net.py'}:residual", f"{folder / 'loss.py'}:one_sided"
    options = tiny(model="toy", steps=steps, evaluate_every=0)
    return [net if option == "toy" else option for option in options] + ["--loss", loss]


def drawn(gancli, run, path):
    assert gancli("sample", run, "-n", 5, "--output", path)[0] == 0
    return np.load(path)["samples"]


def test_what_one_wrote_may_be_gone_when_the_run_goes_on_and_is_sampled_and_exported(gancli, tmp_path, written):
    mine, run, out = tmp_path / "mine", tmp_path / "run", tmp_path / "out"
    mine.mkdir()
    for name in ("net.py", "loss.py"):
        shutil.copy(written / name, mine / name)
    assert gancli("train", "digits", "--outdir", run, *own(mine, steps=10))[0] == 0
    shutil.rmtree(mine)
    assert gancli("train", "--resume", "--outdir", run, "--steps", 20, "--quiet")[::2] == (0, "")
    assert_same(written / "run", run, 20)
    before = drawn(gancli, written / "run", tmp_path / "a.npz")
    np.testing.assert_array_equal(drawn(gancli, run, tmp_path / "b.npz"), before)
    assert gancli("export", run, "--output", out)[::2] == (0, "")
    np.testing.assert_array_equal(drawn(gancli, out, tmp_path / "c.npz"), before)
    more = own(mine, steps=30)
    assert gancli("train", "digits", "--outdir", run, "--resume", *more)[::2] == (0, "")


@pytest.mark.parametrize(
    ("option", "file", "name"), [("model", "net.py", "residual"), ("loss", "loss.py", "one_sided")]
)
def test_a_changed_file_is_refused_on_resume_and_sampled_as_it_was(gancli, tmp_path, written, option, file, name):
    mine = tmp_path / "mine"
    shutil.copytree(written, mine)
    config = mine / "run" / "config.json"
    config.write_text(config.read_text().replace(str(written), str(mine)))
    before = drawn(gancli, mine / "run", tmp_path / "a.npz")
    (mine / file).write_text((mine / file).read_text().replace("silu", "tanh") + "\n# otherwise\n")
    for arguments in (("digits", *own(mine, steps=30)), ("--steps", 30, "--quiet")):
        code, _, err = gancli("train", *arguments, "--outdir", mine / "run", "--resume")
        assert (code, err) == (
            2,
            f"error: --{option} {mine / file}:{name}: the file is not as it was when the run in '{mine / 'run'}' "
            "began: a run goes on as it began. Choose another --outdir for a new one.\n",
        )
    np.testing.assert_array_equal(drawn(gancli, mine / "run", tmp_path / "b.npz"), before)
