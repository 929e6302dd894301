"""``gancli evaluate``: numbers, protocols, files, and what it says about bad input."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.data.images.find import EXTENSIONS
from gancli.data.load import load
from gancli.features import extractor
from gancli.imaging.sheets import GAP, GROUP_GAP, LINE_HEIGHT, MARGIN, SHADE
from gancli.metrics.frechet import frechet_distance
from gancli.metrics.inputs import identify_split
from gancli.metrics.moments import Moments
from tests.conftest import tiny, write_folder
from tests.features.inception.torch_files import random_inception_tensors, write_torch_file


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Inception's weights, random ones in the published format."""
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    write_torch_file(path, random_inception_tensors(), legacy=True)
    return path


@pytest.fixture(scope="module")
def points_run(tmp_path_factory):
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("points") / "ring"
    with pytest.raises(SystemExit):
        entry_point(["train", "ring", "--outdir", str(folder), *tiny()])
    return folder


def result(gancli, *arguments):
    code, out, err = gancli("evaluate", *arguments, "--json", "--quiet")
    assert code == 0, err
    return json.loads(out)


def test_run_defaults_to_ckpt_and_the_protocol_is_told(digits_run, gancli):
    shutil.copytree(digits_run, "ckpt")
    code, out, _ = gancli("evaluate", "--fid", "--samples", 100)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "samples           100 from ckpt step 40"
    assert lines[1].startswith("Fréchet distance  ")
    assert lines[3:] == [
        "protocol",
        "  fid: features=digits-classifier-1, "
        f"reference=digits/train 1297 8x8x1 {load('digits').fingerprint[:12]}, n=100, shape=8x8x1, ema, seed 0",
    ]


def test_a_run_is_measured_by_its_own_metrics_where_none_is_named(digits_run, gancli):
    found = result(gancli, digits_run, "--samples", 100)
    assert list(found["metrics"]) == ["fid", "modes"]
    assert found == result(gancli, digits_run, "--fid", "--modes", "--samples", 100)


def test_a_run_is_measured_by_the_features_of_its_training(digits_run, gancli):
    shutil.copytree(digits_run, "run")
    record = json.loads(Path("run/config.json").read_text())
    record["config"]["features"] = "cifar10-classifier"
    Path("run/config.json").write_text(json.dumps(record))
    found = result(gancli, "run", "--fid", "--samples", 30)["metrics"]["fid"]
    assert found["protocol"]["features"] == "cifar10-classifier-1 at 32 px"
    named = result(gancli, "run", "--fid", "--samples", 30, "--features", "digits-classifier")["metrics"]["fid"]
    assert named["protocol"]["features"] == "digits-classifier-1"


def test_the_distance_is_that_of_the_samples_that_sample_writes(digits_run, gancli):
    gancli("sample", digits_run, "-n", 300, "--seed", 5, "--output", "s.npz")
    with np.load("s.npz") as arrays:
        images = arrays["images"]
    network, train = extractor.classifier("digits"), load("digits")
    one, other = (
        Moments.of(extractor.extract(network, [part], len(part))[0]).compute() for part in (images, train.examples)
    )
    found = result(gancli, digits_run, "--fid", "--samples", 300, "--seed", 5)["metrics"]["fid"]
    assert found["value"] == frechet_distance(one, other)
    # The same images from a file and from a folder, against data set, file and folder.
    write_folder("ours", images)
    np.save("train.npy", train.examples)
    for source in ("s.npz", "ours"):
        for reference in ("digits", "digits/train"):
            again = result(gancli, source, "--fid", "--against", reference)["metrics"]["fid"]
            assert again["value"] == found["value"]
        again = result(gancli, source, "--fid", "--against", "train.npy", "--features", "digits-classifier")
        assert again["metrics"]["fid"]["value"] == found["value"]


def test_no_number_depends_on_the_batch_size(digits_run, gancli):
    gancli("sample", digits_run, "-n", 70, "--output", "s.npz")
    first = result(gancli, "s.npz", "--all", "--against", "digits")
    for size in (1, 13, 70):
        assert result(gancli, "s.npz", "--all", "--against", "digits", "--batch-size", size) == first


def test_everything_at_once_on_a_run(digits_run, gancli):
    found = result(gancli, digits_run, "--all", "--samples", 200, "--figure", "pairs.png")
    assert list(found["metrics"]) == [
        *("fid", "kid", "inception_score", "precision_recall", "density_coverage", "nearest", "modes", "probe"),
        "divergence",
    ]
    assert found["unavailable"] == {
        "classification": "needs a classifier: a run with --game semi-supervised",
        "translation": "needs translations: a run with --game cycle, contrastive or paired",
        "pairs": "needs translations: a run with --game cycle, contrastive or paired",
        "attributes": "needs translations to classes: a run with --game attributes",
        "categories": "needs a category: a run with --game infogan --codes 10,u,u",
        "completion": "needs a run that completes examples: --game completion",
    }
    metrics = found["metrics"]
    assert 1 <= metrics["inception_score"]["mean"] <= 10
    assert all(0 <= metrics["precision_recall"][name] <= 1 for name in ("precision", "recall"))
    assert metrics["divergence"]["bound"] <= math.log(2)
    assert metrics["divergence"]["bound"] == pytest.approx((metrics["divergence"]["value"] + math.log(4)) / 2)
    assert metrics["modes"]["total"] == 10
    held_out = identify_split(load("digits", "validation"))
    assert metrics["divergence"]["protocol"] == {"held_out": held_out, "n": 200, "shape": "8x8x1"}
    assert metrics["fid"]["protocol"]["reference"] == identify_split(load("digits"))
    assert metrics["precision_recall"]["protocol"]["reference"] == identify_split(load("digits")) | {
        **{"count": 200, "of": 1297},
    }
    assert {name: found["samples"][name] for name in ("name", "count", "shape")} == {
        **{"name": str(digits_run), "count": 200, "shape": "8x8x1"},
    }
    with Image.open("pairs.png") as picture:
        assert picture.size == (8 * 130 + 2 + 3 * 14, 2 * LINE_HEIGHT + MARGIN + 8 * 130 + 2)
        sheet = np.asarray(picture)
    strip = sheet[: 2 * LINE_HEIGHT + MARGIN]
    for pair in range(4):
        left = 2 + pair * (2 * 130 + 14)
        names = [strip[:, left + place : left + place + 128] for place in (0, 130)]
        assert all((name > 200).any() for name in names)
        assert names[0].tobytes() != names[1].tobytes()
        assert (sheet[:, left + 258 : left + 258 + (GROUP_GAP if pair < 3 else GAP)] == SHADE).all()
    assert list(Path().iterdir()) == [Path("pairs.png")]


def test_closest_pairs_lie_beside_the_run_or_where_the_user_says(digits_run, gancli):
    shutil.copytree(digits_run, "run")
    before = set(Path("run").rglob("*"))
    for _ in range(2):
        code, out, _ = gancli("evaluate", "run", "--nearest", "--samples", 20, "-q")
        assert (code, "written           run/pictures/nearest.png\n" in out) == (0, True)
    assert set(Path("run").rglob("*")) - before == {Path("run/pictures"), Path("run/pictures/nearest.png")}
    Path("x.png").write_text("mine")
    Path("x.npz").write_text("mine")
    for option, name in (("--figure", "x.png"), ("--save-statistics", "x.npz")):
        asked = ("evaluate", "run", "--nearest", "--samples", 20, option, name, "-q")
        message = f"error: '{name}' exists. Replace it with --overwrite, or choose another {option}.\n"
        assert gancli(*asked) == (1, "", message)
        assert Path(name).read_text() == "mine"
        assert gancli(*asked, "--overwrite")[0] == 0
        assert Path(name).read_bytes() != b"mine"


def test_without_a_run_there_is_a_picture_if_the_user_names_it(gancli):
    np.save("x.npy", load("digits", "validation").examples[:20])
    asked = ("evaluate", "x.npy", "--nearest", "--against", "digits", "-q")
    assert "written" not in gancli(*asked)[1]
    assert list(Path().iterdir()) == [Path("x.npy")]
    assert "written           pairs.png\n" in gancli(*asked, "--figure", "pairs.png")[1]


def test_a_picture_that_nobody_asked_for_costs_no_numbers(digits_run, gancli):
    shutil.copytree(digits_run, "run")
    Path("run/pictures").write_text("a file, no folder")
    code, out, err = gancli("evaluate", "run", "--nearest", "--samples", 20, "-q")
    assert (code, "median distance" in out, "written" in out) == (0, True, False)
    assert err == "warning: cannot write run/pictures/nearest.png: Not a directory. Choose another --figure.\n"
    code, _, err = gancli("evaluate", "run", "--nearest", "--samples", 20, "-q", "--figure", "run/pictures/x.png")
    assert (code, err) == (1, "error: cannot write run/pictures/x.png: Not a directory.\n")


def test_points_have_modes_and_an_exact_divergence(points_run, gancli):
    found = result(gancli, points_run, "--all", "--samples", 500)
    assert set(found["metrics"]) == {"modes", "divergence"}
    assert found["unavailable"]["fid"] == "needs images, and the samples are points"
    metrics = found["metrics"]
    assert metrics["modes"]["total"] == 8
    assert metrics["divergence"]["bound"] <= metrics["divergence"]["jsd"] + 1e-3 <= math.log(2) + 1e-3
    assert metrics["divergence"]["optimal_value"] == pytest.approx(2 * metrics["divergence"]["jsd"] - math.log(4))


def test_real_data_is_healthy_and_a_single_image_is_not(gancli):
    found = result(gancli, "digits/validation", "--modes", "--fid")
    assert found["metrics"]["modes"]["verdict"] == "healthy"
    collapsed = np.tile(load("digits").examples[:1], (200, 1, 1, 1))
    np.save("collapsed.npy", collapsed)
    code, out, _ = gancli("evaluate", "collapsed.npy", "--against", "digits", "--fail-on-collapse")
    assert code == 4
    assert "collapse: 1 of 10 modes" in out
    metrics = result(gancli, "collapsed.npy", "--against", "digits", "--modes")["metrics"]["modes"]
    assert metrics["exact_duplicates"] == 199
    assert metrics["distinct_images"] == 1
    code, _, _ = gancli("evaluate", "digits/validation", "--fail-on-collapse")
    assert code == 0


def test_copies_of_the_training_data_are_noticed(gancli):
    np.save("copies.npy", load("digits").examples[:100])
    found = result(gancli, "copies.npy", "--nearest", "--against", "digits")["metrics"]["nearest"]
    assert found["median_distance"] == 0
    assert found["closer"] == 1
    assert found["z"] < -10


def test_inception_on_a_folder_and_its_statistics(gancli, weights, monkeypatch):
    whole = extractor.inception_v3
    monkeypatch.setattr(extractor, "inception_v3", lambda file: replace(whole(file), block=3))  # images at a time
    images = np.random.default_rng(0).integers(0, 256, (4, 20, 24, 3), dtype=np.uint8)
    write_folder("a", images[:3])
    write_folder("b", images[1:])
    options = ["--inception-weights", weights, "--quiet"]
    code, out, err = gancli("evaluate", "b", "--save-statistics", "b.npz", *options)
    assert (code, err) == (0, "")
    assert "b.npz" in out
    code, out, err = gancli("evaluate", "a", "--fid", "--against", "b", "--json", *options)
    assert code == 0
    direct = json.loads(out)["metrics"]["fid"]
    assert direct["protocol"]["features"].startswith("inception-v3 with weights ")
    assert direct["protocol"]["resize"] == "TensorFlow 1 bilinear 299"
    assert "warning: 3 samples for 2,048 features: the Fréchet distance is biased upwards, by about" in err
    code, out, _ = gancli("evaluate", "a", "--fid", "--against", "b.npz", "--json", *options)
    by_file = json.loads(out)["metrics"]["fid"]
    assert by_file["value"] == pytest.approx(direct["value"], rel=1e-9)
    reference = by_file["protocol"]["reference"]
    assert (reference["name"], reference["count"]) == ("b.npz", 3)

    # Statistics of others do not tell how many images they are of.
    with np.load("b.npz") as arrays:
        np.savez("theirs.npz", mu=arrays["mu"], sigma=arrays["sigma"])
    code, out, _ = gancli("evaluate", "a", "--fid", "--against", "theirs.npz", "--json", *options)
    theirs = json.loads(out)["metrics"]["fid"]
    assert theirs["value"] == pytest.approx(direct["value"], rel=1e-9)
    unknown = theirs["protocol"]["reference"]
    assert (unknown["name"], unknown["count"]) == ("theirs.npz", None)
    code, _, err = gancli("evaluate", "a", "--kid", "--against", "theirs.npz", *options)
    assert (code, err) == (
        2,
        "error: --kid needs the images of the reference, and a statistics file has none.\n",
    )


def test_everything_that_can_be_is_measured_where_the_network_cannot_take_the_images(gancli):
    images = np.random.default_rng(1).integers(0, 256, (60, 8, 8, 4), np.uint8)
    Path("p").mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image).save(f"p/{index:02d}.png")
    options = tiny(channels=4, model="mlp", evaluate_every=0)
    assert gancli("train", "p", "--outdir", "run", *options)[0] == 0
    taken = ["--samples", 30, "--features", "digits-classifier", "--json", "--quiet"]
    code, out, err = gancli("evaluate", "run", "--all", *taken)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert set(found["metrics"]) == {"nearest", "divergence"}
    for name in ("fid", "kid", "inception_score", "precision_recall", "density_coverage"):
        assert "takes images of 1 or 3 channels, got 8x8x4. Images with transparency" in found["unavailable"][name]
    shown = gancli("evaluate", "run", "--all", *taken[:4], "--quiet")[1]
    assert "not measured      fid, kid, inception-score, precision-recall, density-coverage: " in shown
    code, out, err = gancli("evaluate", "run", "--fid", *taken)
    assert (code, out, err.count("\n")) == (2, "", 1)
    gancli("sample", "run", "-n", 6, "-o", "s.npz")
    assert "RGBA: 6" in gancli("data", "check", "s.npz")[1]


def test_statistics_of_other_features_are_refused(digits_run, gancli, weights):
    gancli("evaluate", "digits", "--save-statistics", "digits.npz")
    found = result(gancli, digits_run, "--fid", "--samples", 50, "--against", "digits.npz")["metrics"]["fid"]
    direct = result(gancli, digits_run, "--fid", "--samples", 50)["metrics"]["fid"]
    assert found["value"] == pytest.approx(direct["value"], rel=1e-9)
    code, _, err = gancli(
        *("evaluate", digits_run, "--fid", "--against", "digits.npz", "--features", "inception-v3"),
        *("--inception-weights", weights, "--samples", 50),
    )
    assert code == 2
    assert "are of 64 features, but inception-v3 with weights" in err
    assert "Choose the --features that they were made with." in err


BAD = [
    (
        ["digits/test"],
        2,
        "nothing to measure: give at least one of --fid --kid --inception-score --precision-recall "
        "--density-coverage --nearest --modes --classification --translation --pairs --attributes --completion "
        "--categories --probe --divergence, or --all.",
    ),
    (["{run}", "--fid", "--samples", "0"], 2, "--samples must be at least 1, got 0."),
    (["{run}", "--fid", "--samples", "1"], 2, "--fid needs at least 2 images, got 1."),
    (
        ["{run}", "--divergence", "--samples", "1"],
        2,
        "--divergence needs at least 2 samples and 2 held-out examples, got 1 samples and 250 validation examples of "
        "'digits'.",
    ),
    (["nosuch.npz", "--fid", "--against", "digits"], 1, "no such file: 'nosuch.npz'."),
    (
        ["x.npy", "--fid", "--against", "dict.npy"],
        1,
        "'dict.npy' holds Python objects instead of an array of numbers.",
    ),
    (
        ["x.npy", "--fid", "--against", "mean.npz"],
        1,
        "'mean.npz' holds no array 'images' or 'samples'. It has: mu.",
    ),
    (
        ["x.npy", "--fid", "--against", "wide.npz", "--features", "digits-classifier"],
        2,
        "the statistics in 'wide.npz' are of 65 features, but digits-classifier-1 has 64. Choose the --features that "
        "they were made with.",
    ),
    (["{run}", "--inception-score", "--samples", "9"], 2, "--inception-score needs at least 10 images, got 9."),
    (["{run}", "--precision-recall", "--samples", "3"], 2, "--precision-recall needs at least 4 images, got 3."),
    (["{run}", "--fid", "--batch-size", "0"], 2, "--batch-size must be at least 1, got 0."),
    (["{run}", "--fid", "--figure", "x.gif"], 2, "--figure must end in .png, got 'x.gif'."),
    (["{run}", "--save-statistics", "x"], 2, "--save-statistics must end in .npz, got 'x'."),
    (["{run}", "--fid", "--seed", "-1"], 2, "--seed must be in [0, 2^32), got -1."),
    (
        ["{run}", "--fid", "--features", "inceptoin-v3"],
        2,
        "unknown features 'inceptoin-v3'. Did you mean 'inception-v3'? "
        "Known: auto, digits-classifier, mnist-classifier, cifar10-classifier, inception-v3.",
    ),
    (
        ["{run}", "--fid", "--features", "mnist-classifier"],
        2,
        "--features mnist-classifier-1 takes images of 28x28x1, got 8x8x1. Use --features inception-v3.",
    ),
    (["digits", "--fid", "--samples", "5"], 2, "--samples is for runs; 'digits' is measured whole."),
    (["digits/tset", "--fid"], 2, "unknown split 'tset' in 'digits/tset'. Known: train, validation, test."),
    (["ring", "--fid"], 2, "data set 'ring' holds points, not images."),
    (["digits", "--divergence"], 2, "--divergence needs a run, whose discriminator it asks."),
    (["x.npy", "--fid"], 2, "--fid needs a reference: --against DATASET, FOLDER or FILE."),
    (
        ["x.npy", "--modes", "--against", "x.npy"],
        2,
        "--modes needs a data set with a built-in classifier (mnist, stacked_mnist, cifar10, digits) as the reference.",
    ),
    (
        ["x.npy", "--nearest", "--against", "x.npy"],
        2,
        "--nearest needs a data set as the reference, for the images held out from training.",
    ),
    (
        ["big.npy", "--nearest", "--against", "digits"],
        2,
        "--nearest needs images of the reference's size: these are 9x8x1, the reference's 8x8x1.",
    ),
    (
        ["big.npy", "--modes", "--against", "digits"],
        2,
        "--modes needs images of the reference's size: these are 9x8x1, the reference's 8x8x1.",
    ),
    (
        ["big.npy", "--fid", "--against", "digits"],
        2,
        "--features digits-classifier-1 takes images of 8x8x1, got 9x8x1. Use --features inception-v3.",
    ),
    (["x.npy", "--fid", "--against", "nowhere.npz"], 1, "no such folder or file: 'nowhere.npz'."),
    (
        ["x.npy", "--fid", "--against", "digist"],
        2,
        "unknown data set 'digist'. Did you mean 'digits'? "
        "Known: mnist, stacked_mnist, mnist_m, fashion_mnist, kmnist, cifar10, tfd, digits, gaussian, gaussian_5d, "
        "ring, grid.",
    ),
    (["x.npy", "--fid", "--against", "digits", "--features", "inception-v3", "--inception-weights", "x.npy"], 1, None),
    (
        ["nowhere", "--fid"],
        1,
        "no run at 'nowhere': there is no such folder. Train one with `gancli train DATASET --outdir nowhere`.",
    ),
    (
        ["full", "--fid", "--against", "digits"],
        1,
        f"no images in 'full' ({', '.join(EXTENSIONS)}). It has: 1 .txt.",
    ),
    (
        ["{run}", "--fid", "--step", "best"],
        1,
        "run '{run}' has no checkpoint that was evaluated while training. "
        "Use --step latest, or train with --evaluate-every.",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[" ".join(a) for a, _, _ in BAD])
def test_bad_input_is_one_line(digits_run, gancli, tmp_path, arguments, code, message):
    np.save("x.npy", load("digits").examples[:20])
    np.save("big.npy", np.zeros((20, 9, 8), np.uint8))
    np.save("dict.npy", {"mu": np.zeros(64)})  # type: ignore[arg-type]
    np.savez("mean.npz", mu=np.zeros(64))
    np.savez("wide.npz", mu=np.zeros(65), sigma=np.eye(65))
    Path("full").mkdir()
    Path("full/notes.txt").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    found, out, err = gancli("evaluate", *(argument.format(run=digits_run) for argument in arguments))
    assert (found, out, err.count("\n")) == (code, "", 1)
    if message:
        assert err == f"error: {message.format(run=digits_run)}\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_the_largest_image_can_be_chosen(gancli, tmp_path):
    write_folder(tmp_path / "images", load("digits").examples[:20])
    arguments = ("evaluate", "images", "--fid", "--against", "digits")
    assert gancli(*arguments, "--max-pixels", 64)[0] == 0
    code, _, err = gancli(*arguments, "--max-pixels", 63)
    assert (code, err) == (
        1,
        "error: 0000.png in 'images' cannot be measured: it has 64 pixels, and --max-pixels of train, data check, "
        "evaluate and translate is 63.\n",
    )
    assert gancli(*arguments, "--max-pixels", 0) == (2, "", "error: --max-pixels must be at least 1, got 0.\n")
