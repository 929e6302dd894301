"""``gancli inpaint`` and the metric of completions: runs that were trained to complete, and any other."""

import json

import numpy as np
import pytest
from PIL import Image

from gancli.data.load import load
from gancli.files import read_arrays
from gancli.imaging.pixels import to_unit
from gancli.runs.folder import Run
from tests.conftest import tiny


@pytest.fixture(scope="module")
def completing(tmp_path_factory):
    """The folder of a run that completes digits."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("completing") / "run"
    with pytest.raises(SystemExit) as stop:
        entry_point(["train", "digits", "--outdir", str(folder), "--game", "completion", *tiny(evaluate_every=20)])
    assert not stop.value.code
    return folder


def arrays(gancli, run, tmp_path, *more):
    output = tmp_path / "answers.npz"
    code, out, err = gancli("inpaint", run, *more, "-o", output, "--json", "--quiet", "--overwrite")
    assert (code, err) == (0, "")
    return json.loads(out), read_arrays(output, lambda names: names)


def test_observed_pixels_stay_and_answers_to_one_question_differ(gancli, completing, tmp_path):
    found, written = arrays(gancli, completing, tmp_path, "digits/test", "--mask", "left", "-n", 3)
    test = load("digits", "test").examples
    assert found | {"method": "completion", "answers": 3, "mask": "left", "observed": 0.5, "distance": None} == found
    assert written["answers"].shape == (len(test), 3, 8, 8, 1)
    np.testing.assert_array_equal(written["images"], test)
    assert not written["observed"][:, :, :4].any()
    assert written["observed"][:, :, 4:].all()
    kept = written["answers"][:, :, :, 4:]
    np.testing.assert_array_equal(kept, np.broadcast_to(to_unit(test)[:, None, :, 4:], kept.shape))
    assert found["spread"] > 0
    assert found["images"][1] == "digits/test[1]"


def test_a_sheet_has_a_row_for_each_image(gancli, completing, tmp_path):
    code, out, err = gancli("inpaint", completing, "digits/test", "--mask", "center", "-n", 2)
    assert code == 0, err
    assert "2 to each of 10 images, step 20, averaged weights, seed 0" in " ".join(out.split())
    with Image.open(completing / "pictures" / "completions.png") as sheet:
        assert sheet.height > 2 * sheet.width


def test_a_mask_is_drawn_or_painted(gancli, completing, tmp_path):
    found = [
        arrays(gancli, completing, tmp_path, "digits/test", "--mask", "block", "-n", 1, "--seed", seed)[1]["observed"]
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
    assert len(np.unique(found[0].reshape(len(found[0]), -1), axis=0)) > 10
    painted = np.zeros((16, 16, 3), np.uint8)
    painted[:6] = 255
    Image.fromarray(painted).save(tmp_path / "mask.png")
    about, written = arrays(gancli, completing, tmp_path, "digits/test", "--mask", tmp_path / "mask.png", "-n", 1)
    assert about["observed"] == 5 / 8
    assert about["spread"] is None
    assert not written["observed"][:, :3].any()
    assert written["observed"][:, 3:].all()


def test_another_run_is_searched_for_answers(gancli, digits_run, tmp_path):
    Image.fromarray(load("digits", "test").examples[0, ..., 0]).save(tmp_path / "a.png")
    found, written = arrays(gancli, digits_run, tmp_path, tmp_path / "a.png", "--mask", "bottom", "-n", 2)
    assert found["method"] == "projection"
    assert 0 < found["distance"] < np.linalg.norm(written["images"][0, :4] / 255)
    assert (written["answers"][:, :, :4] == to_unit(written["images"][:, None, :4])).all()
    code, out, _ = gancli(
        "inpaint", digits_run, tmp_path / "a.png", "--mask", "bottom", "-n", 1, "-o", tmp_path / "a.webp"
    )
    assert code == 0
    assert "projection on the observed pixels: the run was not trained to complete images" in " ".join(out.split())


def test_completions_are_measured_while_training_and_beside_references_afterwards(gancli, completing):
    (line,) = (line["completion"] for line in Run.open(completing).metrics() if "completion" in line)
    assert line["value"] > 0
    assert "nearest" not in line
    code, out, err = gancli("evaluate", completing, "--completion", "--json", "--quiet")
    assert code == 0, err
    found = json.loads(out)["metrics"]["completion"]
    assert found["protocol"]["examples"]["name"] == "digits/test"
    assert found["protocol"]["masks"] == "half,block,pixels"
    assert found["least_squares"] < found["nearest"]
    margin = found["least_squares"] - found["value"]
    assert found["least_squares_margin"] == pytest.approx(margin)
    assert sum(one["count"] for one in found["classes_kept_by_share"]) == found["protocol"]["questions"] == 250


def test_such_a_run_draws_samples_and_is_exported(gancli, completing, tmp_path):
    for command in (
        ("sample", completing, "-n", 4, "-o", tmp_path / "s.png"),
        ("interpolate", completing, "--rows", 2, "--frames", 3, "-o", tmp_path / "i.png"),
        ("evaluate", completing, "--fid", "--samples", 100),
        ("export", completing, "-o", tmp_path / "exported", "--format", "safetensors"),
        ("inpaint", tmp_path / "exported", "digits/test", "--mask", "top", "-n", 1, "-o", tmp_path / "e.png"),
    ):
        code, _, err = gancli(*command)
        assert code == 0, err


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (("--mask", "left", "-n", "0"), 2, "-n must be at least 1, got 0."),
        (
            ("--mask", "lefft"),
            2,
            "unknown mask 'lefft'. Did you mean 'left'? Known: half, block, pixels, left, right, top, bottom, center, "
            "or an image, FILE.png.",
        ),
        (("--mask", "left", "-o", "a.gif"), 2, "--output must end in .png, .webp or .npz, got 'a.gif'."),
        (
            ("--mask", "left", "-o", "a.npz", "--scale", "2"),
            2,
            "--scale enlarges a sheet, so --output must end in .png or .webp, got 'a.npz'.",
        ),
        (
            ("--mask", "black.png"),
            2,
            "--mask 'black.png' hides nothing: no pixel of it is white. Paint white what is to be hidden.",
        ),
        (
            ("--mask", "left", "-o", "black.png"),
            1,
            "'black.png' exists. Replace it with --overwrite, or choose another --output.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(gancli, completing, tmp_path, monkeypatch, more, code, message):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("black.png")
    assert gancli("inpaint", completing, "digits/test", *more) == (code, "", f"error: {message}\n")


def test_refusals_of_the_run(gancli, completing, digits_run, tmp_path):
    for command in (
        ("encode", completing, "digits/test", "-o", tmp_path / "z.npz"),
        ("edit", completing, "--toward", "sefa:1=2"),
    ):
        assert gancli(*command) == (
            2,
            "",
            f"error: the run in '{completing}' completes images: its latents are of answers, not of images. "
            "Use `gancli inpaint`.\n",
        )
    assert gancli("evaluate", digits_run, "--completion") == (
        2,
        "",
        "error: --completion needs a run that completes examples: --game completion.\n",
    )
