"""``gancli evaluate --anomaly``: scores of images, and how well they mark unusual ones."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from gancli.data.load import load
from gancli.features.extractor import classifier, extract
from gancli.imaging.pixels import to_uint8, to_unit
from gancli.reporting import Silence
from gancli.runs.trained import Trained
from gancli.sampling.draws import discriminator_findings
from gancli.workflows.inference import Inverse
from tests.conftest import tiny, write_folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of classes: of good digits alone, and of good ones beside bright noise."""
    place = tmp_path_factory.mktemp("parts")
    digits, before = load("digits").examples, Path.cwd()
    os.chdir(place)
    try:
        Path("train").mkdir()
        Path("test").mkdir()
        write_folder("train/good", digits[:60])
        write_folder("test/good", digits[60:80])
        noise = np.random.default_rng(0).integers(128, 256, (10, 8, 8, 1), np.uint8)
        write_folder("test/scratch", noise)
    finally:
        os.chdir(before)
    return place


@pytest.fixture(scope="module")
def run(folders):
    """A run on good ones, with an encoder of a few steps."""
    from gancli.cli.app import entry_point

    train = ("train", folders / "train", "--outdir", folders / "run", "--model", "mlp", "--resolution", 8, *tiny())
    kept = ("encode", folders / "run", folders / "test", "-o", folders / "z.npz", "--steps", 20, "--quiet")
    for command in (train, kept):
        with pytest.raises(SystemExit) as stop:
            entry_point([str(word) for word in command])
        assert not stop.value.code
    return folders / "run"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_scores_are_those_of_the_formula_and_areas_those_of_scikit_learn(gancli, run, folders):
    code, out, err = gancli("evaluate", run, "--anomaly", "--against", folders / "test", "--json", "-q")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["normal"], found["encoder"], len(found["images"])) == (["good"], "kept", 30)
    trained = Trained.load(run, step="latest", ema=True)
    images = np.stack([np.asarray(Image.open(folders / "test" / one["file"]))[..., None] for one in found["images"]])
    inferred = Inverse.of(trained, None, Silence()).encode(images)
    pixels = np.abs(to_unit(images) - inferred.rebuilt).sum(axis=(1, 2, 3))
    both = [discriminator_findings(trained.pair, x).features for x in (images, inferred.rebuilt)]
    features = np.abs(both[0] - both[1]).sum(axis=1)
    for kind, values in (("pixels", pixels), ("features", features), ("score", 0.9 * pixels + 0.1 * features)):
        np.testing.assert_allclose([one[kind] for one in found["images"]], values, rtol=1e-4)
        unusual = [one["class"] == "scratch" for one in found["images"]]
        area = found["detection"][kind]["roc_auc"]
        assert area["value"] == pytest.approx(roc_auc_score(unusual, values))
        assert area["low"] <= area["value"] <= area["high"]
    assert found["detection"]["score"]["roc_auc"]["value"] > 0.9  # bright noise is far from what G draws


def test_a_table_and_a_picture_begin_with_the_most_unusual(gancli, run, folders):
    command = ("evaluate", run, "--anomaly", "--against", folders / "test", "--output", "x.csv", "-q")
    code, out, err = gancli(*command)
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(Path("x.csv").read_text().splitlines()))
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert {row["class"]: row["normal"] for row in rows} == {"good": "yes", "scratch": "no"}
    lines = out.splitlines()
    shown = lines[lines.index("most unusual") + 1 :]
    assert len(shown) == 10
    assert shown[0].split() == [rows[0]["file"], f"{scores[0]:.4g}", "class", rows[0]["class"]]
    assert any(line.startswith("normal") and line.endswith("20 of good; 10 others are not") for line in lines)
    with Image.open(run / "pictures" / "anomaly.png") as picture:
        assert picture.width > picture.height
    code, _, err = gancli(*command)
    assert (code, err) == (1, "error: 'x.csv' exists. Replace it with --overwrite, or choose another --output.\n")


def test_refining_and_a_named_class_change_what_they_should(gancli, run, folders):
    command = ("evaluate", run, "--anomaly", "--against", folders / "test", "--json", "-q", "--figure", "x.png")
    plain, refined, turned = (
        json.loads(gancli(*command, "--overwrite", *more)[1])
        for more in ((), ("--refine", 50), ("--normal", "scratch"))
    )
    before, after = (np.mean([one["pixels"] for one in found["images"]]) for found in (plain, refined))
    assert after < before
    areas = [found["detection"]["score"]["roc_auc"]["value"] for found in (plain, turned)]
    assert areas[1] == pytest.approx(1 - areas[0])


def test_without_classes_images_are_ranked_all_the_same(gancli, run, folders):
    code, out, _ = gancli("evaluate", run, "--anomaly", "--against", folders / "test" / "good", "-q")
    assert code == 0
    (line,) = (line for line in out.splitlines() if line.startswith("ROC-AUC"))
    assert line.endswith(f"unknown: the images of '{folders / 'test' / 'good'}' have no classes")
    code, out, _ = gancli("evaluate", run, "--anomaly", "--against", folders / "train", "-q")
    assert "unknown: the run was trained on all of the classes; name the normal ones by --normal" in out


def test_features_of_another_network_take_the_place_of_those_of_the_discriminator(gancli, run, folders):
    named = ("--features", "digits-classifier", "--figure", "x.png")
    code, out, err = gancli("evaluate", run, "--anomaly", "--against", folders / "test", *named, "--json", "-q")
    assert (code, err) == (0, "")
    found = json.loads(out)
    trained = Trained.load(run, step="latest", ema=True)
    images = np.stack([np.asarray(Image.open(folders / "test" / one["file"]))[..., None] for one in found["images"]])
    rebuilt = to_uint8(Inverse.of(trained, None, Silence()).encode(images).rebuilt)
    both = [extract(classifier("digits"), [x], len(x))[0] for x in (images, rebuilt)]
    expected = np.abs(both[0] - both[1]).sum(axis=1)
    np.testing.assert_allclose([one["features"] for one in found["images"]], expected, rtol=1e-4)
    assert found["features"] == classifier("digits").identity


def test_pairs_are_scored_beside_their_latents(gancli):
    more = ("--game", "bidirectional", "--encoder-widths", 16)
    assert gancli("train", "digits", "--outdir", "run", *more, *tiny())[0] == 0
    command = ("evaluate", "run", "--anomaly", "--against", "digits/test", "--normal", "1", "--normal", "7")
    code, out, err = gancli(*command, "--json", "-q")
    assert (code, err) == (0, "")
    found = json.loads(out)
    trained, test = Trained.load(Path("run"), step="latest", ema=True), load("digits", "test")
    inferred = Inverse.of(trained, None, Silence()).encode(test.examples[:5])
    game: Any = trained.game
    weights = trained.weights["discriminator"]
    flat = [x.reshape(5, -1) for x in (to_unit(test.examples[:5]), inferred.rebuilt)]
    seen = [game.of_pairs.score(weights, np.concatenate([x, inferred.latents], axis=1)).features for x in flat]
    expected = np.abs(np.asarray(seen[0]) - np.asarray(seen[1])).sum(axis=1)
    np.testing.assert_allclose([one["features"] for one in found["images"][:5]], expected, rtol=1e-4)
    assert found["normal"] == ["1", "7"]
    assert (found["encoder"], len(found["images"])) == ("played", 250)


def test_without_a_discriminator_pixels_count_alone(gancli, run, folders):
    shutil.copytree(run, "copy")
    assert gancli("export", "copy", "-o", "exported", "--format", "safetensors")[0] == 0
    shutil.copytree(run / "encoder", "exported/encoder")
    code, out, err = gancli("evaluate", "exported", "--anomaly", "--against", folders / "test", "-q")
    assert (code, err) == (0, "")
    rows = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    assert rows["score"].strip().startswith("pixels alone (the run has no discriminator), step 20")
    assert "ROC-AUC by features" not in out


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (("--anomaly",), 2, "--anomaly needs the images that are scored: --against FOLDER, FILE or DATASET/test."),
        (("--anomaly", "--fid"), 2, "--fid does not go with --anomaly. Leave it out."),
        (("--anomaly", "--samples", 5), 2, "--samples does not go with --anomaly. Leave it out."),
        (("--anomaly", "--fail-on-collapse"), 2, "--fail-on-collapse does not go with --anomaly. Leave it out."),
        (("--anomaly", "--batch-size", 5), 2, "--batch-size does not go with --anomaly. Leave it out."),
        (("--anomaly", "--against", "{test}", "--figure", "x.gif"), 2, "--figure must end in .png, got 'x.gif'."),
        (("--fid", "--normal", "good"), 2, "--normal is for --anomaly. Leave it out, or give --anomaly."),
        (("--anomaly", "--against", "{test}", "--refine", -1), 2, "--refine must be at least 0, got -1."),
        (("--anomaly", "--against", "{test}", "-o", "x.txt"), 2, "--output must end in .csv, got 'x.txt'."),
        (
            ("--anomaly", "--against", "{test}", "--normal", "bad"),
            2,
            "unknown class 'bad'. Known: good, scratch.",
        ),
        (
            ("--anomaly", "--against", "{test}/good", "--normal", "good"),
            2,
            "--normal good: the images of '{test}/good' have no classes. Leave it out.",
        ),
        (
            ("--anomaly", "--against", "{test}", "--normal", "good", "--normal", "scratch"),
            2,
            "of '{test}', 30 images are normal and 0 are not. At least 2 of each are needed; name other classes by "
            "--normal.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(gancli, run, folders, more, code, message):
    test = folders / "test"
    words = [str(word).format(test=test) for word in more]
    assert gancli("evaluate", run, *words, "-q") == (code, "", f"error: {message.format(test=test)}\n")
