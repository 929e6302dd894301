"""``gancli train``: what it prints, and what it says about wrong usage."""

import json
import re

import pytest

from gancli.runs.folder import Run
from tests.conftest import tiny

USAGE = [
    (
        ["mnits"],
        "unknown data set 'mnits'. Did you mean 'mnist'? "
        "Known: mnist, stacked_mnist, mnist_m, fashion_mnist, kmnist, cifar10, tfd, digits, gaussian, gaussian_5d, "
        "ring, grid.",
    ),
    (
        ["digits", "--loss", "minmax"],
        "unknown loss 'minmax'. Did you mean 'minimax'? Known: minimax, non-saturating, absolute, kl, reverse-kl, "
        "jensen-shannon, pearson, squared-hellinger, least-squares, hinge, wasserstein, energy, feature-matching, "
        "perceptual, mmd, relativistic.",
    ),
    (["digits", "--prior", "cauchy"], "--prior must be one of uniform, gaussian, spherical, mixture, got 'cauchy'."),
    (["digits", "--optimizer", "adma"], "--optimizer must be one of adam, sgd, got 'adma'. Did you mean 'adam'?"),
    (
        ["digits", "--model", "mpl"],
        "unknown model 'mpl'. Did you mean 'mlp'? Known: mlp, maxout-conv, dcgan, resnet, noisy-mlp, "
        "resnet-translator, unet-translator, ugatit.",
    ),
    (
        ["digits", "--updates", "both"],
        "--updates must be one of alternating, simultaneous, extragradient, optimistic, got 'both'.",
    ),
    (
        ["mnist", "--preset", "goodfellow-mnist"],
        "unknown preset 'goodfellow-mnist'. Did you mean 'goodfellow2014-mnist'? Known: goodfellow2014-mnist, "
        "goodfellow2014-mnist-tuned, goodfellow2014-tfd, goodfellow2014-cifar10-fc, goodfellow2014-cifar10-conv, "
        "mnist-dcgan, mnist-semi-supervised, bigan-mnist, mnistm-cycle, cifar10-dcgan, cifar10-resnet, cifar10-modern, "
        "small-data, faces-64.",
    ),
    (
        ["digits", "--preset", "goodfellow2014-mnist"],
        "preset 'goodfellow2014-mnist' is for data set 'mnist', not 'digits'.",
    ),
    (["digits", "--k", "0"], "--k must be at least 1, got 0."),
    (["digits", "--batch-size", "-3"], "--batch-size must be at least 1, got -3."),
    (
        ["digits", "--batch-size", "1298"],
        "--batch-size must be at most the 1297 training examples of 'digits', got 1298.",
    ),
    (["digits", "--steps", "0"], "--steps must be in [1, 10^9], got 0."),
    (["digits", "--ema-decay", "1"], "--ema-decay must be in [0, 1), got 1.0."),
    (["digits", "--generator-learning-rate", "0"], "--generator-learning-rate must be above 0, got 0.0."),
    (["digits", "--seed", "-1"], "--seed must be in [0, 2^32), got -1."),
    (["digits", "--lr", "0"], "--lr must be above 0, got 0.0."),
    (["digits", "--k", "two"], "--k must be a whole number, got 'two'."),
    (
        ["digits", "--generator-widths", "8,x"],
        "--generator-widths must be whole numbers separated by commas, got '8,x'.",
    ),
    (["digits", "--lerning-rate", "1"], "no such option: --lerning-rate. Did you mean --min-learning-rate?"),
    (["digits", "mnist"], "got unexpected extra argument(s) (mnist). See `gancli train --help`."),
    (["digits", "--resume=always"], "--resume must be auto, or stand alone, got 'always'."),
    (["digits", "--resume", "--overwrite"], "--resume and --overwrite exclude each other."),
    (
        [],
        "no data set. Name one, as in `gancli train digits`, or with `dataset` in --config FILE; "
        "`gancli list datasets` shows them.",
    ),
    (
        ["digits", "--model", "dcgan", "--conv-sizes", "99"],
        "--conv-sizes 99 is for --model maxout-conv; --model dcgan does not use it. "
        "Leave it out, or choose that model.",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(a) for a, _ in USAGE])
def test_wrong_usage_is_one_line_and_exit_code_2(tmp_path, gancli, arguments, message):
    assert gancli("train", *arguments, "--outdir", tmp_path / "run") == (2, "", f"error: {message}\n")
    assert not (tmp_path / "run").exists()


def test_json_is_one_object_on_stdout_and_all_else_is_on_stderr(tmp_path, gancli):
    options = [option for option in tiny() if option != "--quiet"]
    code, out, err = gancli("train", "digits", "--outdir", tmp_path / "run", "--json", *options)
    assert code == 0
    values = json.loads(out)
    assert values["steps"] == 20
    assert values["images_seen"] == 320
    assert set(values) >= {"run", "seconds", "verdict", "jsd_bound", "d_real", "d_fake", "images_per_second"}
    assert err.splitlines()[0].startswith("digits (1,297 images of 8x8x1, 10 classes), mlp (generator ")
    assert err.splitlines()[0].endswith(f"on cpu, into {tmp_path / 'run'}: 20 steps (0.2 epochs)")
    assert err.splitlines()[1].startswith("compiled in ")
    assert err.splitlines()[-1].startswith("step 20/20  ")


@pytest.mark.parametrize("dataset", ["gaussian", "ring", "grid"])
def test_points_can_be_trained_on_and_plotted(tmp_path, gancli, dataset):
    from PIL import Image

    assert gancli("train", dataset, "--outdir", tmp_path / "run", *tiny())[0] == 0
    with Image.open(tmp_path / "run" / "samples" / "fakes000020.png") as picture:
        assert min(picture.size) > 300


def test_the_issues_line_on_mnist(tmp_path, gancli, mnist_dir):
    """``gancli train mnist --loss minimax --k 1``, cut to a few steps."""
    arguments = ("--loss", "minimax", "--k", 1, "--data-dir", mnist_dir, "--outdir", tmp_path / "run")
    code, out, _ = gancli("train", "mnist", *arguments, "--steps", 5, "--quiet")
    assert code == 0
    assert "steps       5 (500 images)" in out
    assert re.search(r"^memory +[0-9,]+ MiB at its peak$", out, re.MULTILINE)
    record = Run.open(tmp_path / "run").record
    assert (record.config.loss, record.config.k, record.data.num_examples) == ("minimax", 1, 50_000)
