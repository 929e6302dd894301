"""``gancli parzen``: its numbers, its JSON and what it says about bad input."""

import json
import zipfile

import numpy as np
import pytest

from gancli.data.load import load
from gancli.metrics.parzen import parzen_score
from tests.conftest import write_folder

KEYS = {
    *("log_likelihood", "standard_error", "sigma", "sigmas", "validation_log_likelihoods", "num_samples", "num_test"),
    *("num_validation", "source", "dataset", "step", "ema", "seed", "baselines"),
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_and_its_samples_in_a_file_score_the_same(digits_run, gancli):
    code, out, _ = gancli("parzen", digits_run, "--samples", 600, "--json")
    assert code == 0
    of_run = json.loads(out)
    assert set(of_run) == KEYS
    assert (of_run["num_samples"], of_run["num_validation"], of_run["num_test"]) == (600, 250, 250)
    assert (of_run["step"], of_run["ema"], of_run["dataset"]) == (40, True, "digits")
    np.testing.assert_allclose(of_run["sigmas"], np.logspace(-1, 0, 10))
    gancli("sample", digits_run, "-n", 600, "--output", "s.npz")
    of_file = json.loads(gancli("parzen", "s.npz", "--dataset", "digits", "--json")[1])
    for key in ("log_likelihood", "standard_error", "sigma", "validation_log_likelihoods"):
        assert of_file[key] == of_run[key]
    assert (of_file["step"], of_file["ema"]) == (None, None)
    assert not (digits_run / "parzen.json").exists()


def test_anybodys_images_are_scored(gancli):
    train, validation, test = (load("digits", split) for split in ("train", "validation", "test"))
    np.savez("flat.npz", samples=train.flat(0, 500))
    np.savez("images.npz", images=train.examples[:500])
    expected = parzen_score(train.flat(0, 500), validation.flat(), test.flat())
    np.savez("plain.npz", images=train.examples[:500, :, :, 0])
    np.save("hair.npy", train.flat(0, 500) * np.float32(1.0000002))
    for name in ("flat.npz", "images.npz", "plain.npz", "hair.npy"):
        values = json.loads(gancli("parzen", name, "--dataset", "digits", "--json")[1])
        assert values["log_likelihood"] == pytest.approx(expected.log_likelihood, abs=1e-4)
        assert values["num_samples"] == 500


def test_the_whole_curve_is_printed(digits_run, gancli):
    code, out, err = gancli("parzen", digits_run, "--samples", 100)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("log-likelihood  ")
    assert " ± " in lines[0]
    assert lines[1].split(maxsplit=1)[1].startswith("100 from ")
    assert len(lines[lines.index("") + 2 :]) == 10


def test_baselines_stand_beside_the_score(digits_run, gancli):
    values = json.loads(gancli("parzen", digits_run, "--samples", 300, "--baselines", "--json")[1])
    assert list(values["baselines"]) == ["300 training examples", "1000 k-means centers of them"]
    for score in values["baselines"].values():
        assert score["log_likelihood"] > values["log_likelihood"]
    assert "baseline" in gancli("parzen", digits_run, "--samples", 300, "--baselines")[1]


def test_an_edge_optimum_is_warned_of(digits_run, gancli):
    _, _, err = gancli("parzen", digits_run, "--samples", 100, "--sigma", "0.5,0.9")
    assert err == (
        "warning: the best sigma, 0.5, is at the edge of the grid; a wider one (--sigma) may score higher.\n"
    )


def test_a_given_sigma_is_used(digits_run, gancli):
    code, out, err = gancli("parzen", digits_run, "--samples", 100, "--sigma", "0.3")
    assert (code, err) == (0, "")
    assert "0.3, as given" in out


def test_training_images_score_what_the_reference_says(mnist_dir, gancli):
    """242.5 ± 2.1 nats for 10 000 random training images, computed elsewhere in float64; the draw is another one."""
    train = load("mnist", "train", mnist_dir)
    chosen = np.random.default_rng(0).choice(50_000, 10_000, replace=False)
    np.savez("train.npz", images=train.examples[chosen])
    values = json.loads(gancli("parzen", "train.npz", "--data-dir", mnist_dir, "--json")[1])
    assert values["log_likelihood"] == pytest.approx(242.5, abs=3.0)
    assert values["standard_error"] == pytest.approx(2.1, abs=0.1)
    assert values["sigma"] == pytest.approx(0.16681, abs=1e-5)


BAD = [
    (["parzen", "{run}", "--samples", "0"], 2, "--samples must be at least 1, got 0."),
    (
        ["parzen", "{run}", "--sigma", "0"],
        2,
        "--sigma must be 'auto' or numbers above 0 separated by commas, got '0'.",
    ),
    (
        ["parzen", "{run}", "--sigma", "wide"],
        2,
        "--sigma must be 'auto' or numbers above 0 separated by commas, got 'wide'.",
    ),
    (["parzen", "{run}", "--dataset", "mnist"], 2, "the run in '{run}' was trained on 'digits', not on 'mnist'."),
    (
        ["parzen", "tanh.npz", "--dataset", "digits"],
        1,
        "float images must lie in [0, 1], got [-1, 0.5] in 'tanh.npz'. Rescale them.",
    ),
    (
        ["parzen", "bytes.npz", "--dataset", "digits"],
        1,
        "float images must lie in [0, 1], got [0, 255] in 'bytes.npz'. Rescale them.",
    ),
    (["parzen", "nosuch.npz"], 1, "no such file: 'nosuch.npz'."),
    (["parzen", "other.npz"], 1, "'other.npz' holds no array 'samples' or 'images'. It has: x, y."),
    (["parzen", "text.npz"], 1, "'text.npz' is not an .npz or .npy file, or damaged."),
    (["parzen", "cut.npz"], 1, "'cut.npz' is not an .npz or .npy file, or damaged."),
    (["parzen", "nan.npz", "--dataset", "digits"], 1, "the samples in 'nan.npz' are not all finite."),
    (
        ["parzen", "empty.npz", "--dataset", "digits"],
        1,
        "the samples in 'empty.npz' must be floats or uint8 of shape [N, ...] with N at least 1, "
        "got float64 of shape [0, 64].",
    ),
    (
        ["parzen", "rgb.npz", "--dataset", "digits"],
        2,
        "the samples in 'rgb.npz' have shape 32x32x3, but those of data set 'digits' have 8x8x1. "
        "Name another one with --dataset.",
    ),
    (
        ["parzen", "nowhere"],
        1,
        "no run at 'nowhere': there is no such folder. Train one with `gancli train DATASET --outdir nowhere`.",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[" ".join(a) for a, _, _ in BAD])
def test_bad_input_is_one_line(digits_run, gancli, tmp_path, arguments, code, message):
    np.savez("other.npz", x=np.zeros(3), y=np.zeros(3))
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "other.npz").read_bytes()[:200])
    np.save("one.npy", np.zeros((3, 64)))
    np.savez("nan.npz", samples=np.full((3, 64), np.nan))
    np.savez("tanh.npz", samples=np.linspace(-1, 0.5, 128).reshape(2, 64))
    np.savez("bytes.npz", samples=np.linspace(0, 255, 128).reshape(2, 8, 8))
    np.savez("empty.npz", samples=np.zeros((0, 64)))
    np.savez("rgb.npz", images=np.zeros((3, 32, 32, 3), np.uint8))
    assert zipfile.is_zipfile("other.npz")
    filled = [argument.format(run=digits_run) for argument in arguments]
    assert gancli(*filled) == (code, "", f"error: {message.format(run=digits_run)}\n")


def test_data_that_do_not_fit_the_run_are_refused(digits_run, tmp_path, gancli):
    """A run whose data set has changed its shape under it."""
    import shutil

    shutil.copytree(digits_run, "run")
    config = tmp_path / "run" / "config.json"
    config.write_text(config.read_text().replace('"dataset": "digits"', '"dataset": "ring"'))
    assert gancli("parzen", "run") == (
        2,
        "",
        "error: data set 'ring' has examples of shape 2, but the run in 'run' was trained on 'ring' with 8x8x1.\n",
    )


def test_what_is_left_out_of_your_images_is_said(tmp_path, gancli):
    write_folder(tmp_path / "images", load("digits").examples[:40])
    (tmp_path / "images" / "broken.png").write_bytes(b"")
    (tmp_path / "images" / "more.txt").write_bytes(b"")
    np.save("samples.npy", load("digits").examples[40:60])
    code, _, err = gancli("parzen", "samples.npy", "--dataset", "./images")
    assert code == 0
    assert err.splitlines()[:2] == [
        "passed over 1 file that is no image in 'images': 1 .txt",
        "warning: left out 1 of the 41 images in 'images' (broken.png: it is no image, or its header is damaged).",
    ]
