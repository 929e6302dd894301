"""``gancli edit``: images and samples moved along directions."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.data.load import load
from gancli.files import read_arrays
from gancli.games.first_layer import first_kernel
from gancli.latents.directions import factorized
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw_latents, generate
from tests.conftest import tiny, write_folder

ALL = list  # the arrays of a file


@pytest.fixture(scope="module")
def run(digits_run, tmp_path_factory):
    """A run with a uniform prior, and an encoder of a few steps."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(digits_run, folder / "run")
    command = ("encode", folder / "run", "digits/test", "-o", folder / "z.npz", "--steps", 20, "--quiet")
    with pytest.raises(SystemExit) as stop:
        entry_point([str(word) for word in command])
    assert not stop.value.code
    return folder / "run"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_samples_move_along_an_axis_by_standard_deviations_of_the_prior(gancli, run):
    code, out, err = gancli("edit", run, "-n", 3, "--seed", 5, "--toward", "sefa:2=-0.5", "-o", "x.npz", "--json", "-q")
    assert (code, err) == (0, "")
    found, arrays = json.loads(out), read_arrays(Path("x.npz"), ALL)
    pair = Trained.load(run, step="latest", ema=True).pair
    axis = factorized(first_kernel(pair))[1]
    expected = np.clip(draw_latents(pair.draws, 3, 5) - 0.5 * axis, -(3**0.5), 3**0.5)
    np.testing.assert_allclose(arrays["latents"], expected, atol=1e-6)
    np.testing.assert_array_equal(arrays["samples"], generate(pair, arrays["latents"]))
    assert found["directions"] == [{"name": "sefa:2", "kind": "axis", "strength": -0.5, "apart": None}]
    assert (found["num_images"], found["images"], found["encoder"], found["seed"]) == (3, None, None, 5)


def test_a_class_leads_from_the_mean_of_the_others_to_its_own_by_the_kept_encoder(gancli, run):
    train = load("digits")
    np.savez("train.npz", images=train.examples)
    assert gancli("encode", run, "train.npz", "-o", "z.npz", "-q")[0] == 0
    z = read_arrays(Path("z.npz"), ALL)["latents"].astype(np.float64)
    vector = z[train.labels == 3].mean(axis=0) - z[train.labels != 3].mean(axis=0)
    code, out, _ = gancli("edit", run, "-n", 1, "--toward", "3=1", "--save-direction", "d.npz", "--json", "-q")
    assert code == 0
    (told,) = json.loads(out)["directions"]
    assert told["apart"] == pytest.approx(np.linalg.norm(vector), rel=1e-4)
    assert json.loads(out)["encoder"] == "kept"
    saved = read_arrays(Path("d.npz"), ALL)
    np.testing.assert_allclose(saved["direction"], vector / np.linalg.norm(vector), atol=1e-4)
    assert str(saved["name"]) == "3=1"


def test_directions_add_up_and_a_saved_one_leads_the_same_way(gancli, run):
    both = ("--toward", "sefa:1=1", "--toward", "sefa:2=1")
    assert gancli("edit", run, *both, "-o", "a.npz", "--save-direction", "d.npz", "-q")[0] == 0
    code, _, err = gancli("edit", run, "--toward", f"d.npz={2**0.5}", "-o", "b.npz", "-q")
    assert (code, err) == (0, "")
    one, other = (read_arrays(Path(name), ALL)["latents"] for name in ("a.npz", "b.npz"))
    np.testing.assert_allclose(one, other, atol=1e-6)
    code, _, err = gancli("edit", run, "--toward", "d.npz=1", "--no-ema", "-o", "c.npz", "-q")
    assert code == 0
    assert err == (
        "warning: the direction in 'd.npz' was found for other weights of a generator; here it may change anything.\n"
    )


def test_images_become_a_strip_and_a_folder(gancli, run):
    write_folder("images", load("digits").examples[:12])
    code, out, err = gancli("edit", run, "images", "--toward", "3=1", "--refine", 2, "-q")
    assert (code, err) == (0, "")
    rows = dict(line.split("  ", 1) for line in out.splitlines())
    assert rows["output"].strip() == str(run / "pictures" / "edit.png")
    assert rows["images"].strip() == "12, step 40, averaged weights, the first 10 in the picture"
    assert rows["toward 3"].strip().startswith("+1 standard deviations; the mean of the class is ")
    with Image.open(run / "pictures" / "edit.png") as strip:
        assert strip.height > strip.width > 8 * 64
    assert gancli("edit", run, "images", "--toward", "3=1", "--output", "edited/", "-q")[0] == 0
    assert sorted(os.listdir("edited")) == [f"{place:05d}.png" for place in range(12)]
    assert gancli("edit", run, "images", "--toward", "3=1", "--output", "x.npz", "-q")[0] == 0
    arrays = read_arrays(Path("x.npz"), ALL)
    assert list(arrays["names"]) == [f"{place:04d}.png" for place in range(12)]
    with Image.open("edited/00000.png") as first:
        np.testing.assert_array_equal(np.asarray(first), arrays["images"][0, ..., 0])


def test_a_class_conditional_run_goes_along_axes_within_its_classes(gancli):
    assert gancli("train", "digits", "--outdir", "run", "--conditional", *tiny())[0] == 0
    assert gancli("edit", "run", "--toward", "sefa:1=1", "-o", "x.npz", "-q")[0] == 0
    pair = Trained.load(Path("run"), step="latest", ema=True).pair
    before, after = draw_latents(pair.draws, 8, 0), read_arrays(Path("x.npz"), ALL)["latents"]
    np.testing.assert_array_equal(after[:, 4:], before[:, 4:])
    assert not np.array_equal(after[:, :4], before[:, :4])
    assert gancli("edit", "run", "--toward", "3=1") == (
        2,
        "",
        "error: --toward 3: the run in 'run' is class-conditional, so its latents hold no classes. "
        "Draw one with `gancli sample --class 3`, or take an axis, as in --toward sefa:1=2.\n",
    )


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ((), 2, "nowhere to go. Give --toward CLASS=2, --toward sefa:1=2 or --toward FILE.npz=2."),
        (
            ("--toward", "3"),
            2,
            "--toward must be a name and a strength other than 0, as in 3=0.7, sefa:1=2 or smile.npz=1, got '3'.",
        ),
        (
            ("--toward", "3=nan"),
            2,
            "--toward must be a name and a strength other than 0, as in 3=0.7, sefa:1=2 or smile.npz=1, got '3=nan'.",
        ),
        (("--toward", "sefa:9=1"), 2, "--toward sefa:9: an axis is a whole number from 1 to 8, as in sefa:1."),
        (("--toward", "cat=1"), 2, "unknown class 'cat'. Known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9."),
        (("--toward", "no.npz=1"), 1, "no such file: 'no.npz'."),
        (
            ("--toward", "short.npz=1"),
            2,
            "the direction in 'short.npz' has shape [3], and latents of the run in '{run}' have [8]. "
            "Take a direction of this run.",
        ),
        (
            ("--toward", "other.npz=1"),
            1,
            "'other.npz' must hold an array 'direction' of numbers, as --save-direction writes it.",
        ),
        (
            ("--toward", "zero.npz=1"),
            2,
            "--toward zero.npz: its numbers must be finite and not all 0. Take another direction.",
        ),
        (
            ("--toward", "sefa:1=1", "--refine", 5),
            2,
            "--refine 5 is for latents of images. Give images, too, or leave it out.",
        ),
        (("--toward", "sefa:1=1", "-n", 0), 2, "-n must be at least 1, got 0."),
        (
            ("digits/test", "--toward", "sefa:1=1", "-n", 4),
            2,
            "-n 4 is for samples, and images are given. Leave it out.",
        ),
        (
            ("--toward", "sefa:1=1", "-o", "x.gif"),
            2,
            "--output must end in .png, .webp or .npz, or name a folder (a / at its end), got 'x.gif'.",
        ),
        (
            ("--toward", "sefa:1=1", "-o", "short.npz"),
            1,
            "'short.npz' exists. Replace it with --overwrite, or choose another --output.",
        ),
        (
            ("--toward", "sefa:1=1", "--save-direction", "d.png"),
            2,
            "--save-direction must end in .npz, got 'd.png'.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(gancli, run, more, code, message):
    np.savez("short.npz", direction=np.ones(3))
    np.savez("zero.npz", direction=np.zeros(8))
    np.savez("other.npz", arr_0=np.ones(8))
    assert gancli("edit", run, *more) == (code, "", f"error: {message.format(run=run)}\n")


def test_images_without_classes_lead_toward_no_class(gancli):
    write_folder("images", load("digits").examples[:30])
    command = ("train", "images", "--outdir", "run", "--model", "mlp", "--resolution", 8)
    assert gancli(*command, *tiny())[0] == 0
    code, _, err = gancli("edit", "run", "--toward", "3=1")
    assert code == 2
    assert err == (
        f"error: --toward 3: the train examples of '{Path('images').resolve()}' are of one class. Put the images of "
        "each class into a folder of its own, or list them in labels.csv. An axis needs no classes: "
        "--toward sefa:1=2.\n"
    )


def test_points_are_not_edited(gancli):
    assert gancli("train", "ring", "--outdir", "run", *tiny())[0] == 0
    assert gancli("edit", "run", "--toward", "sefa:1=1") == (
        2,
        "",
        "error: the run in 'run' draws points, not images. Edit images with a run on images.\n",
    )
