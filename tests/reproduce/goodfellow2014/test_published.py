"""The authors' four configurations, narrow and short, on tiny files of the same formats, through every command."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gancli.data.catalog import DATASETS
from gancli.data.kinds import ImageArchives
from tests.conftest import first_of, thorough
from tests.data.archives import cifar_records, trust, write_idx_set
from tests.data.test_folds import write_tfd

NARROW = {
    "goodfellow2014-mnist": ["mnist", "--generator-widths", "6,5", "--discriminator-widths", "4,4"],
    "goodfellow2014-tfd": ["tfd", "--generator-widths", "6,5", "--discriminator-widths", "4,4", "--decoder-steps", 5],
    "goodfellow2014-cifar10-fc": ["cifar10", "--generator-widths", "6,5", "--discriminator-widths", "4,4"],
    "goodfellow2014-cifar10-conv": [
        *("cifar10", "--generator-widths", "6,100", "--discriminator-widths", "4", "--conv-channels", "2,2,3")
    ],
}


@pytest.fixture
def _data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_idx_set(tmp_path / "data" / "mnist")
    trust(monkeypatch, "mnist", tmp_path / "data" / "mnist", num_train=50)
    write_tfd(tmp_path / "data" / "tfd")
    folder = tmp_path / "data" / "cifar-10-batches-bin"
    folder.mkdir()
    for seed, name in enumerate([*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]):
        (folder / name).write_bytes(cifar_records(21 if seed < 5 else 20, seed)[0])
    entry = DATASETS["cifar10"]
    assert isinstance(entry, ImageArchives)
    monkeypatch.setitem(DATASETS._entries, "cifar10", dataclasses.replace(entry, num_train=100))


@pytest.mark.usefixtures("_data")
@pytest.mark.parametrize("preset", first_of(list(NARROW), 2))
def test_a_published_configuration_trains_and_its_run_serves_every_command(gancli, preset):
    dataset, *options = NARROW[preset]
    options += ["--latent-size", 3, "--batch-size", 10, "--steps", 4, "--log-every", 2, "--evaluate-every", 0]
    arguments = ("--preset", preset, "--data-dir", "data", *options)
    code, out, err = gancli("train", dataset, *arguments, "--quiet")
    assert code == 0, err
    config = json.loads(Path("ckpt/config.json").read_text())
    assert (config["domains"][0]["contrast"] is not None) == (dataset == "cifar10")
    code, _, err = gancli("sample", "ckpt/", "-n", 9, "--nearest", "--output", "nearest.png", "--data-dir", "data")
    assert code == 0, err
    assert gancli("sample", "ckpt/", "-n", 9, "--output", "samples.npz")[0] == 0
    samples = np.load("samples.npz")["samples"]
    assert samples.shape == (9, *config["domains"][0]["shape"])
    assert 0 <= samples.min() < samples.max() <= 1
    code, out, err = gancli("parzen", "ckpt/", "--samples", 50, "--data-dir", "data", "--json")
    assert code == 0, err
    assert np.isfinite(json.loads(out)["log_likelihood"])


@thorough
@pytest.mark.usefixtures("_data")
def test_a_resumed_convolutional_run_is_the_one_that_never_stopped(gancli):
    dataset, *options = NARROW["goodfellow2014-cifar10-conv"]
    options += ["--latent-size", 3, "--batch-size", 10, "--log-every", 2, "--evaluate-every", 0, "--quiet"]
    arguments = ("train", dataset, "--preset", "goodfellow2014-cifar10-conv", "--data-dir", "data", *options)
    assert gancli(*arguments, "--steps", 3, "--outdir", "a")[0] == 0
    assert gancli(*arguments, "--steps", 5, "--outdir", "a", "--resume")[0] == 0
    assert gancli(*arguments, "--steps", 5, "--outdir", "b")[0] == 0
    drawn = []
    for run in "ab":
        assert gancli("sample", run, "-n", 3, "--no-ema", "--output", f"{run}.npz")[0] == 0
        drawn.append(np.load(f"{run}.npz")["samples"])
    np.testing.assert_array_equal(*drawn)
