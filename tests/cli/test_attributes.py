"""``--game attributes``: from a folder of classes to translations of any image to any class."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from gancli.games.translates import Translators
from gancli.imaging.pixels import to_uint8
from gancli.runs.checkpoints import digest
from gancli.runs.folder import Run
from gancli.runs.trained import Trained
from gancli.sampling.translations import translate
from gancli.training.game import layout
from gancli.training.state import split_state

CLASSES = ("bright", "dark", "gray")
NETWORKS = ("--game", "attributes", "--base-channels", 2, "--blocks", 1, "--batch-size", 2, "--schedule-steps", 4)
STEPS = ("--log-every", 2, "--sample-every", 4, "--checkpoint-every", 2, "--evaluate-every", 4, "--quiet")
ENDS = ("", "_standard_error")  # of distances


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """Images of three classes, in a folder each."""
    folder, rng = tmp_path_factory.mktemp("data") / "set", np.random.default_rng(0)
    for name, low in zip(CLASSES, (150, 0, 75), strict=True):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(rng.integers(low, low + 100, (16, 16, 3), np.uint8)).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory) -> Path:
    """A run of four steps; tests must not change it."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("attributes") / "run"
    command = ("train", images, "--held-out", 0.5, "--outdir", folder, "--steps", 4, *NETWORKS, *STEPS)
    with pytest.raises(SystemExit) as stop:
        entry_point([str(word) for word in command])
    assert not stop.value.code
    return folder


def pixels(path: Path | str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_run_keeps_its_classes_a_picture_of_each_and_what_it_measures(trained):
    run = Run.open(trained)
    (data,) = run.record.domains
    assert (data.rows, data.classes) == ((1, 2), dict.fromkeys(CLASSES, 4))
    assert data.labels_sha256
    picture = pixels(trained / "samples" / "fakes000004.png")
    assert picture.shape[0] > picture.shape[1]  # six rows of an image and three classes
    line = run.metrics()[-1]
    assert {"class_loss", "asked_class_loss", "cycle_loss", "penalty"} <= set(line)
    found = line["attributes"]
    assert set(found) == {
        *(f"{kind}{end}" for kind in ("fid", "kid", "fid_untranslated", "kid_untranslated") for end in ENDS),
        *("cycle", "sources_found", "classes"),
        *("classes_seen", "classes_seen_untranslated", "classes_right"),
    }
    assert (found["classes_right"], found["classes_seen_untranslated"]) == (1, 0)  # such images are easily told apart
    assert found["classes"] == 3
    assert found["fid_untranslated"] > 0
    assert run.scores() == {4: found["kid"]}


def test_twice_n_is_n_and_resume_and_n(trained, images, gancli):
    command = ("train", images, "--held-out", 0.5, "--outdir", "half", "--steps", 2, *NETWORKS, *STEPS)
    assert gancli(*command)[0] == 0
    code, _, err = gancli("train", images, "--outdir", "half", "--steps", 4, "--resume", "--quiet")
    assert (code, err) == (0, "")
    digests = []
    for folder in (trained, Path("half")):
        run = Run.open(folder)
        game = run.record.game()
        with run.checkpoints() as checkpoints:
            digests.append(digest(checkpoints.restore(game, tuple(jax.eval_shape(split_state, layout(game))), 4)))
    assert digests[0] == digests[1]


def test_any_image_goes_to_the_class_asked_for_or_to_all(trained, images, gancli):
    loaded = Trained.load(trained, step="latest", ema=True)
    both = Translators.of(loaded.game, loaded.weights)
    Path("photos").mkdir()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (21, 18, 3), np.uint8)).save("photos/a.png")
    command = ("translate", trained, "photos", "--sheet")
    code, out, _ = gancli(*command, "s.png", "--to", "dark", "--output", "one", "--json", "--quiet")
    assert code == 0
    found = json.loads(out)
    assert (found["from"], found["to"]) == ("any class", "dark")
    assert [one["output"] for one in found["images"]] == ["one/a.png"]
    assert pixels("one/a.png").shape == (21, 18, 3)
    name = images / "gray" / "0.png"
    assert gancli("translate", trained, name, "--to", "1", "-o", "own", "--sheet", "t.png", "--quiet")[0] == 0
    wanted = translate(both.ways[0], both.weights[0], pixels(name)[None], block=1, labels=np.array([1]))[0]
    np.testing.assert_array_equal(pixels("own/0.png"), to_uint8(wanted))
    code, out, _ = gancli(*command, "u.png", "--to", "all", "--output", "every", "--json", "--quiet")
    assert code == 0
    (one,) = json.loads(out)["images"]
    assert one["answers"] == [f"every/a-{name}.png" for name in CLASSES]
    np.testing.assert_array_equal(pixels("every/a-dark.png"), pixels("one/a.png"))
    assert pixels("u.png").shape[1] > pixels("s.png").shape[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name the class of the translations with --to: bright, dark, gray, or all."),
        (("--to", "drak"), "unknown class 'drak'. Did you mean 'dark'? Known: bright, dark, gray."),
        (
            ("--to", "dark", "-n", 2),
            "-n 2 is for translators with noise, and this run has one answer of each class.",
        ),
    ],
    ids=str,
)
def test_wrong_classes_are_refused(trained, images, gancli, words, message):
    assert gancli("translate", trained, images / "dark", *words) == (2, "", f"error: {message}\n")


def test_it_is_evaluated_by_what_it_measures_while_it_trains(trained, gancli):
    code, out, err = gancli("evaluate", trained, "--json", "--quiet", "--features", "cifar10-classifier")
    assert (code, err) == (0, "")
    found = json.loads(out)["metrics"]["attributes"]
    assert found["classes"] == 3
    assert 0 <= found["sources_found"] <= 1
    assert found["protocol"]["n"] == 6
    assert found["protocol"]["classifier"] == "logistic regression"
    assert found["protocol"]["learned_from"]["count"] == 12
    assert found["classes_right"] == 1
    for metric, reason in (
        ("--translation", "needs translations: a run with --game cycle, contrastive or paired"),
        ("--fid", "is of samples, and a run that translates draws none; take attributes"),
    ):
        code, _, err = gancli("evaluate", trained, metric)
        assert code == 2
        assert err.endswith(f"error: {metric} {reason}.\n")


def test_masks_tell_where_it_may_change_and_no_rule_tells_of_a_collapse(trained, images, gancli):
    for path in images.rglob("*.png"):
        place = Path("masks") / path.relative_to(images)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 16)).save(place)
    features = ("--features", "cifar10-classifier")
    code, out, err = gancli("evaluate", trained, "--masks", "masks", "--json", *features)
    assert code == 0
    assert "passed over 18 masks of no test image in 'masks'\n" in err
    found = json.loads(out)["metrics"]["attributes"]
    assert found["changed_outside"] > 0
    assert found["changed_inside"] is None
    assert found["protocol"]["masks"]["count"] == 6
    code, _, err = gancli("evaluate", trained, "--fail-on-collapse", "--quiet")
    assert (code, err) == (
        2,
        "error: --fail-on-collapse has no rule for --game attributes. Leave it out, and see sources found.\n",
    )


def test_a_page_says_what_was_measured_on_what(trained, gancli):
    assert gancli("report", trained, "--output", "page.html", "--quiet")[0] == 0
    page = Path("page.html").read_text()
    assert "12 training images, 16x16x3, 3 classes" in page
    assert "each translated to another class" in page
    assert "share of sources found" in page
    assert "Translations to classes have no rule for a verdict." in page


def test_an_export_translates_the_same(trained, images, gancli):
    assert gancli("export", trained, "--output", "out")[0] == 0
    assert {path.name for path in Path("out").iterdir()} == {
        *("README.md", "config.json", "likeness.npz", "to_class.stablehlo", "translations.png"),
        "translators.safetensors",
    }
    assert {name.partition(".")[0] for name in load_file("out/translators.safetensors")} == {"generator"}
    name = images / "gray" / "0.png"
    for folder in (trained, Path("out")):
        command = (
            "translate",
            folder,
            name,
            "--to",
            "dark",
            "-o",
            f"by-{folder.name}",
            "--sheet",
            f"{folder.name}.png",
        )
        assert gancli(*command, "--quiet")[0] == 0
    np.testing.assert_array_equal(pixels("by-out/0.png"), pixels("by-run/0.png"))
    function = jax.export.deserialize(bytearray(Path("out/to_class.stablehlo").read_bytes()))
    found = function.call(pixels(name)[None].astype(np.float32) / 255, np.array([1], np.int32))
    assert np.abs(np.rint(np.asarray(found)[0] * 255) - pixels("by-run/0.png")).max() <= 1
    card = Path("out/README.md").read_text()
    assert "# Classes of set by resnet-translator" in card
    assert "images to a class: bright, dark, gray; images of 3 channels" in card
    code = card.partition("```python\n")[2].partition("```")[0]
    check = f"{code}\nassert found.shape == (2, 16, 16, 3)\nassert names == list({CLASSES})\n"
    subprocess.run([sys.executable, "-c", check], cwd="out", check=True)


@pytest.mark.parametrize(
    ("data", "words", "message"),
    [
        ("ring", (), "--game attributes is for images; data set 'ring' holds points."),
        ("{set}/dark", (), "the train examples of '{set}/dark' are of one class. Put the images of each class into a "),
        ("{two}", (), "'{two}' holds two domains, trainA and trainB, and --game attributes takes one."),
        ("{set}", ("--conditional",), "--conditional does nothing in the game 'attributes'. Leave it out, or choose "),
        ("{set}", ("--history", 3), "--history 3 is for --game cycle, paired or contrastive; --game attributes does "),
        ("{set}", ("--model", "unet-translator"), "--model unet-translator does not translate images to classes. Use"),
    ],
    ids=str,
)
def test_what_has_no_classes_and_what_it_does_not_use_is_refused(images, gancli, data, words, message):
    for name in ("trainA", "trainB"):
        Path("two", name).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(np.full((16, 16, 3), 40 * number, np.uint8)).save(f"two/{name}/{number}.png")
    places = {"set": images, "two": Path("two").absolute()}
    command = ("train", data.format(**places), "--game", "attributes", "--batch-size", 2, "--outdir", "x")
    code, _, err = gancli(*command, *words, "--steps", 2, "--quiet")
    assert code == 2
    assert err.startswith(f"error: {message.format(**places)}")
    assert not Path("x").exists()
