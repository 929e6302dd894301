"""Convolutional models from the command line."""

import jax
import numpy as np

from gancli.runs.folder import Run
from tests.cli.test_train import ITEMS
from tests.conftest import tiny

DCGAN = {"model": "dcgan", "base_channels": 4}


def weights(folder):
    run = Run.open(folder)
    with run.checkpoints() as checkpoints:
        _, items, _ = checkpoints.newest(run.record.game(), ITEMS)
    return items


def test_a_dcgan_trains_and_goes_on_bit_for_bit(gancli, tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    options = DCGAN | {"penalty": "spectral-norm", "evaluate_every": 0}
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
