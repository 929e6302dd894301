"""``--game paired`` from pairs side by side to several answers to any image."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.runs.folder import Run

SIZES = ("--resolution", 8, "--load-resolution", 10)
NETWORKS = ("--game", "paired", "--base-channels", 2, *SIZES, "--schedule-steps", 4)
STEPS = ("--log-every", 2, "--sample-every", 4, "--checkpoint-every", 2, "--evaluate-every", 4, "--quiet")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """Images beside their negatives."""
    folder, rng = tmp_path_factory.mktemp("data") / "set", np.random.default_rng(0)
    for name, count in (("train", 6), ("val", 3), ("test", 4)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            image = rng.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(np.concatenate([image, 255 - image], axis=1)).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory) -> Path:
    """A run of four steps that translates right to left; tests must not change it."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("paired") / "run"
    words = ("train", images, "--to", "A", "--outdir", folder, "--steps", 4, *NETWORKS, *STEPS)
    with pytest.raises(SystemExit) as stop:
        entry_point([str(word) for word in words])
    assert not stop.value.code
    return folder


def test_a_run_keeps_its_pairs_and_what_it_measures(trained):
    run = Run.open(trained)
    assert [(one.name, one.num_examples, one.shape) for one in run.record.domains] == [("data", 6, (8, 8, 6))]
    found = run.metrics()[-1]["pairs"]
    errors = {"fid_standard_error", "fid_nearest_standard_error"}
    assert set(found) == {"l1", "fid", "l1_nearest", "fid_nearest", "spread", "variety", "repeated", "verdict"} | errors
    assert run.scores() == {4: found["fid"]}
    assert found["spread"] > 0
    with Image.open(trained / "samples" / "fakes000004.png") as picture:
        assert picture.width > picture.height / 2


def test_it_resumes(trained, images, gancli):
    assert gancli("train", images, "--to", "A", "--outdir", "half", "--steps", 2, *NETWORKS, *STEPS)[0] == 0
    code, _, err = gancli("train", images, "--to", "A", "--outdir", "half", "--steps", 4, "--resume", "--quiet")
    assert (code, err) == (0, "")
    one, other = (Run.open(folder).metrics()[-1] for folder in (trained, Path("half")))
    assert one["pixel_loss"] == other["pixel_loss"]
    assert one["pairs"] == other["pairs"]


def test_several_answers_to_one_image_differ_and_are_the_same_again(trained, images, gancli):
    rng = np.random.default_rng(1)
    Path("photos").mkdir()
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 256, (10, 13, 3), np.uint8)).save(f"photos/{name}.png")
    command = ("translate", trained, "photos", "-n", 2, "--sheet", "s.png", "--json", "--quiet")
    code, out, _ = gancli(*command, "-o", "out")
    assert code == 0
    found = json.loads(out)
    assert (found["from"], found["to"]) == ("B", "A")
    assert found["images"][0]["answers"] == ["out/a-1.png", "out/a-2.png"]
    one, other = (np.asarray(Image.open(f"out/a-{number}.png")) for number in (1, 2))
    assert one.shape == (10, 13, 3)
    assert (one != other).any()
    assert gancli(*command, "-o", "out", "--overwrite", "--to", "A")[0] == 0
    np.testing.assert_array_equal(one, np.asarray(Image.open("out/a-1.png")))


def test_it_translates_one_way_alone(trained, images, gancli):
    code, _, err = gancli("translate", trained, images / "test", "--to", "B")
    assert (code, err) == (2, "error: the run translates B to A alone, not to B.\n")
    code, _, err = gancli("translate", trained, images / "test", "-n", 0)
    assert (code, err) == (2, "error: -n must be at least 1, got 0.\n")


def test_it_is_evaluated_on_test_pairs_beside_the_nearest_training_pair(trained, gancli):
    code, out, err = gancli("evaluate", trained, "--features", "cifar10-classifier", "--json", "--quiet")
    assert (code, err) == (0, "")
    found = json.loads(out)["metrics"]["pairs"]
    assert found["protocol"]["n"] == 4
    assert found["protocol"]["train"]["count"] == 6
    assert 0 < found["l1_nearest"] < 1
    code, out, _ = gancli("evaluate", trained, "--translation", "--features", "cifar10-classifier", "--json", "--quiet")
    assert code == 0
    assert "kid_ba" not in json.loads(out)["metrics"]["translation"]


def test_masks_are_not_for_pairs(trained, images, gancli):
    code, _, err = gancli("evaluate", trained, "--translation", "--masks", images, "--quiet")
    message = "error: --masks is not for --game paired, whose true translations are known. Take --pairs.\n"
    assert (code, err) == (2, message)


def test_a_page_says_that_they_are_pairs(trained, gancli):
    assert gancli("report", trained, "--output", "page.html", "--quiet")[0] == 0
    page = Path("page.html").read_text()
    assert "6 pairs of training images of B and A" in page
    assert "and the other way round" not in page


def test_pairs_are_for_this_game(trained, images, gancli):
    code, _, err = gancli("train", images, "--outdir", "x", "--steps", 2, "--pixel-weight", 3, "--quiet")
    assert code == 2
    assert err.startswith("error: --pixel-weight 3.0 is for --game paired; --game adversarial does not use it.")
