"""``--game semi-supervised`` and ``gancli classify``: from few labels to the classes of images."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gancli.data.labeled import draw_places
from gancli.data.load import load
from gancli.runs.folder import Run
from tests.conftest import tiny, write_folder
from tests.workflows.runs import assert_same

FEW = ("--game", "semi-supervised", "--labels", 30)
RATES = ("--discriminator-learning-rate", "1e-2", "--ema-decay", "0.9", "--instance-noise", 0, "--hidden-dropout", 0)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A run of forty steps on digits of which thirty have labels; tests must not change it."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("few") / "run"
    words = ["train", "digits", "--outdir", folder, *FEW, *RATES, *tiny(steps=40, evaluate_every=20)]
    with pytest.raises(SystemExit) as stop:
        entry_point([str(word) for word in words])
    assert not stop.value.code
    return folder


def test_the_record_holds_which_images_are_labeled(few):
    digits, labeled = load("digits"), Run.open(few).record.domains[1]
    places = draw_places(digits.labels, 10, 30, seed=0)
    assert labeled.places == tuple(places.tolist())
    assert labeled.labels == tuple(digits.labels[places].tolist())
    assert labeled.classes == dict.fromkeys(digits.classes, 3)
    assert len(labeled.places_sha256 or "") == 64


def test_the_error_on_validation_images_is_measured_while_it_trains(few):
    found = {line["step"]: line["classification"] for line in Run.open(few).metrics() if "classification" in line}
    assert found.keys() == {20, 40}
    assert all(one["count"] == 250 and one["error"] == one["wrong"] / 250 for one in found.values())
    assert found[40]["error"] < 0.7


def test_twice_n_is_n_and_resume_and_n(few, gancli):
    shutil.copytree(few, "whole")
    begun = gancli("train", "digits", "--outdir", "half", *FEW, *RATES, *tiny(steps=20, evaluate_every=20))
    assert begun[0] == 0
    assert gancli("train", "digits", "--outdir", "half", "--steps", 40, "--resume", "--quiet")[::2] == (0, "")
    assert_same(Path("whole"), Path("half"), 40)
    code, _, err = gancli(
        "train", "digits", "--outdir", "half", "--resume", "--game", "semi-supervised", "--labels", 40
    )
    assert code == 2
    assert err == (
        "error: --labels of the run in 'half' is 30, not 40: a run goes on as it began. "
        "Choose another --outdir for a new one.\n"
    )


def test_a_split_is_classified_and_its_error_counted(few, gancli):
    code, out, err = gancli("classify", few, "digits/test", "--json", "--quiet")
    assert (code, err) == (0, "")
    found, test = json.loads(out), load("digits", "test")
    predicted = np.array([int(one["class"]) for one in found["images"]])
    wrong = int((predicted != test.labels).sum())
    assert (found["test"]["wrong"], found["test"]["count"]) == (wrong, 250)
    assert sum(found["classes"].values()) == 250
    assert found["num_labels"] == 30
    assert found["labeled_sha256"] == Run.open(few).record.domains[1].places_sha256
    _, told, _ = gancli("classify", few, "digits/test")
    rows = dict(line.split("  ", 1) for line in told.splitlines())
    assert rows["error"].endswith(f"{wrong} of 250 wrong")
    assert rows["classifier"].strip() == "step 40, averaged weights, 30 labels"


def test_a_folder_becomes_a_table_of_classes_and_probabilities(few, gancli):
    test = load("digits", "test")
    write_folder("photos", test.examples[:12])
    code, out, _ = gancli("classify", few, "photos", "--output", "found.csv")
    assert (code, out.splitlines()[-1]) == (0, "output      found.csv")
    rows = list(csv.DictReader(Path("found.csv").read_text().splitlines()))
    assert [row["file"] for row in rows] == [f"{place:04d}.png" for place in range(12)]
    _, told, _ = gancli("classify", few, "digits/test", "--json", "--quiet")
    for row, one in zip(rows, json.loads(told)["images"], strict=False):
        probabilities = {name: float(row[f"p({name})"]) for name in map(str, range(10))}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert max(probabilities, key=probabilities.__getitem__) == row["class"] == one["class"]
        assert float(row["probability"]) == pytest.approx(one["probability"], abs=1e-5)
    _, shown, _ = gancli("classify", few, "photos")
    assert shown.splitlines()[0].split() == ["0000.png", rows[0]["class"], f"{float(rows[0]['probability']):.3f}"]
    (one,) = json.loads(gancli("classify", few, "photos/0003.png", "--json", "--quiet")[1])["images"]
    assert (one["file"], one["class"]) == ("0003.png", rows[3]["class"])
    code, _, err = gancli("classify", few, "photos", "--output", "found.csv")
    assert (code, "--overwrite" in err) == (1, True)


def test_a_table_names_the_labeled_ones_among_your_images(gancli):
    """Images of other sizes are brought to the run's, and those held out cannot be labeled."""
    digits = load("digits")
    write_folder("images", np.kron(digits.examples[:60], np.ones((1, 2, 2, 1), np.uint8)))
    rows = [f"{place:04d}.png,{'even' if digits.labels[place] % 2 == 0 else 'odd'}" for place in range(20)]
    Path("some.csv").write_text("file,class\n" + "\n".join(rows) + "\n")
    options = tiny(steps=4, log_every=2, sample_every=4, checkpoint_every=4)
    command = ("train", "images", "--model", "mlp", "--game", "semi-supervised", "--labels", "some.csv")
    sizes = ("--resolution", 8, "--held-out", 0, "--outdir", "run")
    code, _, err = gancli(*command, *sizes, *options)
    assert code == 0, err
    labeled = Run.open(Path("run")).record.domains[1]
    assert labeled.classes == {name: sum(row.endswith(name) for row in rows) for name in ("even", "odd")}
    Path("some.csv").unlink()  # the run keeps what it said
    assert gancli("train", "images", "--outdir", "run", "--resume", "--steps", 6, "--quiet")[::2] == (0, "")
    _, out, _ = gancli("classify", "run", "images", "--json", "--quiet")
    found = json.loads(out)
    assert (len(found["images"]), found["test"]) == (60, None)
    assert set(found["classes"]) == {"even", "odd"}


def test_alone_d_learns_from_labels_and_g_stays(gancli):
    options = ("--outdir", "run", *FEW, "--alone", *tiny(evaluate_every=20))
    code, out, err = gancli("train", "digits", *options)
    assert (code, err) == (0, "")
    assert "D accuracy" not in out
    (line,) = [one for one in Run.open(Path("run")).metrics() if "classification" in one]
    assert "label_loss" in line
    assert "generator_loss" not in line
    assert "accuracy_fake" not in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--labels", 30),
            "--labels 30 is for --game semi-supervised; --game adversarial does not use it. "
            "Leave it out, or choose that game.",
        ),
        (
            (*FEW, "--k", 2),
            "--k 2 does nothing in the game 'semi-supervised'. Leave it out, or choose another loss or game.",
        ),
        (
            (*FEW, "--metrics", "classification", "--labels", 3),
            "--labels must be at least 10, one for each class, got 3.",
        ),
        (
            ("--metrics", "classification", "--evaluate-every", 10),
            "--metrics classification needs a classifier: a run with --game semi-supervised.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message, gancli):
    code, _, err = gancli("train", "digits", *arguments, "--quiet")
    assert (code, err) == (2, f"error: {message}\n")


def test_points_have_no_labels(gancli):
    code, _, err = gancli("train", "ring", "--game", "semi-supervised", "--quiet")
    assert (code, err) == (2, "error: --game semi-supervised is for images; data set 'ring' holds points.\n")


def test_a_run_without_a_classifier_classifies_nothing(digits_run, gancli):
    code, _, err = gancli("classify", digits_run, "digits/test")
    assert code == 2
    assert err == (
        f"error: the run in '{digits_run}' has no classifier. Train one with --game semi-supervised, "
        f"or measure features with `gancli evaluate {digits_run} --probe`.\n"
    )


def test_other_sizes_and_endings_are_refused(few, gancli, mnist_dir):
    code, _, err = gancli("classify", few, "mnist/test", "--data-dir", mnist_dir)
    assert code == 2
    assert err == f"error: 'mnist/test' has images of 28x28x1, and the run in '{few}' 8x8x1.\n"
    assert gancli("classify", few, "digits/test", "--output", "x.txt")[::2] == (
        2,
        "error: --output must end in .csv, got 'x.txt'.\n",
    )


def test_any_adversarial_run_can_be_probed(digits_run, few, gancli):
    for run in (digits_run, few):
        code, out, err = gancli("evaluate", run, "--probe", "--labels", 50, "--json", "--quiet")
        assert code == 0, err
        found = json.loads(out)["metrics"]["probe"]
        assert (found["labels"], found["draws"]) == (50, 10)
        assert found["linear"] < 0.6
        assert found["nearest"] < 0.6
    code, _, err = gancli("evaluate", digits_run, "--probe", "--labels", "few")
    assert (code, err) == (2, "error: --labels must be a whole number or 'all', got 'few'.\n")
    code, _, err = gancli("evaluate", digits_run, "--fid", "--labels", 50)
    assert (code, err) == (2, "error: --labels 50 is for --probe. Leave it out, or give --probe.\n")
