"""``gancli train FOLDER`` and ``gancli data check``."""

import json

import numpy as np
import pytest
from PIL import Image

from gancli.runs.folder import Run
from tests.conftest import tiny

SMALL = (*tiny(model="dcgan", base_channels=4), "--evaluate-every", 0)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    for index in range(60):
        path = folder / f"class {index % 2}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(index).integers(0, 256, (11, 9, 3), np.uint8)).save(path)
    return folder


def test_a_folder_is_trained_on_sampled_and_scored(gancli, tmp_path, pictures, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = gancli("train", "pictures", "--outdir", "run", "--mirror", *SMALL[:-3], "--evaluate-every", 0)
    assert code == 0
    assert err.splitlines()[0] == (
        f"60 images in '{pictures}' as 8x8x3, cropped to the center, 2 classes: 54 to train on, 3 for validation, "
        "3 for testing"
    )
    config = Run.open(tmp_path / "run").record.config
    assert (config.dataset, config.model, config.mirror) == (str(pictures), "dcgan", True)
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    assert gancli("sample", tmp_path / "run", "-n", 4, "--nearest", "--output", "x.png")[0] == 0
    assert gancli("parzen", tmp_path / "run", "--samples", 50, "--sigma", 0.5)[0] == 0
    assert gancli("train", pictures, "--outdir", tmp_path / "run", "--resume", "--mirror", *SMALL)[0] == 0
    assert gancli("list", "--cite", tmp_path / "run")[0] == 0
    (pictures / "class 0" / "0.png").unlink()
    before = sorted(other.iterdir())
    for arguments, cure in (
        (["train", pictures, "--outdir", tmp_path / "run", "--resume", "--mirror", *SMALL],
         ", or choose another --outdir for a new run."),
        (["evaluate", tmp_path / "run", "--nearest", "--samples", 9], ", or name what to compare with by --against."),
        (["evaluate", tmp_path / "run", "--divergence", "--samples", 9, "--against", "digits"],
         ", or leave out --divergence, --probe, --classification and --completion."),
        (["sample", tmp_path / "run", "--nearest", "-o", "y.png"], ", or leave out --nearest."),
        (["parzen", tmp_path / "run", "--samples", 9], "."),
    ):  # fmt: skip
        code, out, err = gancli(*arguments)
        assert (code, out) == (2, "")
        assert err.splitlines()[-1] == (
            f"error: the training examples of '{pictures}' found here are not those that the run in "
            f"'{tmp_path / 'run'}' began with (other content, order or classes). Put the images back as they were{cure}"
        )
    assert sorted(other.iterdir()) == before
    assert gancli("sample", tmp_path / "run", "-n", 4, "--output", "z.png")[0] == 0
    pictures.rename(tmp_path / "moved")
    assert gancli("evaluate", tmp_path / "run", "--fid", "--samples", 9) == (
        2,
        "",
        f"error: the run in '{tmp_path / 'run'}' was trained on '{pictures}', and nothing is there now. "
        "Put the images back, or name what to compare with by --against.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnist", "--resolution", 32], "--resolution 32 is for your own images; data set 'mnist' stays as it is. "
         "Leave it out, or choose other data."),
        (["mnist", "--held-out", 0.2], "--held-out 0.2 is for your own images; data set 'mnist' stays as it is. "
         "Leave it out, or choose other data."),
        (["digits", "--held-out", 0], "--resolution, --crop, --channels, --max-pixels and --held-out are for "
         "your own images; 'digits' stays as it is."),
        (["pictures", "--held-out", 0.6], "--held-out must be in [0, 0.5], got 0.6."),
        (["pictures", "--held-out", "nan"], "--held-out must be in [0, 0.5], got nan."),
        (["ring", "--augment", "cutout"], "--augment cutout is for images; data set 'ring' holds points. "
         "Leave it out, or choose other data."),
        (["digits", "--augment", "colour"], "--augment must all be one of auto, color, translation, cutout, "
         "got 'colour'. Did you mean 'color'?"),
        (["digits", "--loss", "mmd", "--augment", "cutout"], "--augment cutout does nothing in the game 'matching'. "
         "Leave it out, or choose another loss or game."),
        (["ring", "--mirror"], "--mirror is for images; data set 'ring' holds points. Leave it out, or choose other "
         "data."),
        (["pictures", "--resolution", 30], "--model dcgan needs images whose sides are multiples of 4 from 8 to 256 "
         "pixels, got 30x30. Nearest: 28x28 or 32x32."),
        (["pictures", "--loss", "perceptual"], "--loss perceptual needs a data set with a built-in classifier (mnist, "
         "stacked_mnist, cifar10, digits), got '{pictures}'."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(gancli, tmp_path, pictures, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = gancli("train", *arguments, "--outdir", "run", "--quiet", "--batch-size", 16)
    assert (code, err) == (2, f"error: {message.format(pictures=pictures)}\n")
    assert not (tmp_path / "run").exists()


def test_a_folder_is_looked_at_before_training(gancli, pictures):
    code, out, _ = gancli("data", "check", pictures, "--quiet")
    assert code == 0
    assert out.splitlines() == [
        f"images        60 in '{pictures}'",
        "passed over   none",
        "sizes         9x11: 60",
        "shorter side  9 to 9 pixels, median 9",
        "color modes   RGB: 60",
        "classes       class 0: 30, class 1: 30",
        "train         54 (class 0: 27, class 1: 27)",
        "validation    3 (class 0: 2, class 1: 1)",
        "test          3 (class 0: 1, class 1: 2)",
        "broken        none",
        "duplicates    none",
        "trained as    8x8x3",
    ]


def test_what_is_wrong_with_a_folder_is_listed_and_the_exit_code_says_so(gancli, pictures):
    first = pictures / "class 0" / "0.png"
    (pictures / "class 1" / "copy.png").write_bytes(first.read_bytes())
    (pictures / "class 1" / "cut.png").write_bytes(first.read_bytes()[:120])
    code, out, _ = gancli("data", "check", pictures, "--json", "--quiet")
    found = json.loads(out)
    assert code == 1
    assert found["count"] == 62
    assert found["broken"] == {"class 1/cut.png": "its pixels cannot be read: it is damaged or cut short"}
    assert found["duplicates"] == [["class 0/0.png", "class 1/copy.png"]]
    assert found["classes"] == {"class 0": 30, "class 1": 31}
    assert found["splits"]["train"] == {"class 0": 27, "class 1": 28}
    assert found["trained_as"] == [8, 8, 3]
    (pictures / "outside.png").write_bytes(first.read_bytes())
    shown = gancli("data", "check", pictures, "--quiet")[1].splitlines()
    assert shown[5] == "classes       (none): 1, class 0: 30, class 1: 31"
    assert gancli("train", pictures, "--conditional", *SMALL, "--outdir", pictures.parent / "none")[::2] == (
        2,
        "warning: left out 1 of the 63 images in "
        f"'{pictures}' (class 1/cut.png: its pixels cannot be read: it is damaged or cut short).\n"
        f"error: 1 training image of '{pictures}' lie in no folder of a class. Put them into one, or take them away.\n",
    )


def test_a_larger_or_no_share_is_held_out(gancli, tmp_path, pictures):
    code, out, _ = gancli("data", "check", pictures, "--held-out", 0.4, "--json", "--quiet")
    assert code == 0
    assert {split: sum(counts.values()) for split, counts in json.loads(out)["splits"].items()} == {
        **{"train": 36, "validation": 12, "test": 12},
    }
    assert gancli("data", "check", pictures, "--held-out", 0.6)[::2] == (
        2,
        "error: --held-out must be in [0, 0.5], got 0.6.\n",
    )
    run, options = tmp_path / "run", ("--model", "mlp", "--loss", "minimax", *tiny(), "--held-out", 0)
    code, out, _ = gancli("train", pictures, "--outdir", run, *options)
    assert code == 0
    (row,) = (line for line in out.splitlines() if line.startswith("D accuracy"))
    assert "held out" not in row
    record = Run.open(run).record
    assert (record.config.held_out, record.data.num_examples) == (0.0, 60)
    found = Run.open(run).metrics()[-1]
    assert {name for name in found if "accura" in name or "gap" in name} == {"accuracy_train", "accuracy_fake"}
    assert gancli("parzen", run, "--samples", 20)[::2] == (
        2,
        f"error: no images of '{pictures}' are held out for validation. Train on more images, or with a higher "
        "--held-out, at most 0.5.\n",
    )
    reason = f"needs images held out from training, and '{pictures}' has none; train with a higher --held-out"
    for metric in ("--nearest", "--divergence"):
        assert gancli("evaluate", run, metric, "--samples", 20)[::2] == (2, f"error: {metric} {reason}.\n")
    code, _, err = gancli("train", pictures, "--outdir", run, "--resume", "--held-out", 0.2)
    assert (code, err.splitlines()[-1]) == (
        2,
        f"error: --held-out of the run in '{run}' is 0.0, not 0.2: a run goes on as it began. Choose another --outdir "
        "for a new one.",
    )
    code, out, _ = gancli("train", pictures, "--held-out", 0.25, "--print-config")
    assert code == 0
    assert "held_out = 0.25" in out.splitlines()
