"""``gancli encode``: latents of images, by an encoder that played or by one that is trained once."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from gancli.data.catalog import CLASSIFIED
from gancli.data.load import load
from gancli.evaluation.classes import classes_seen
from gancli.files import read_arrays
from gancli.imaging.pixels import to_unit
from gancli.metrics.probe import standardized
from gancli.runs.folder import Run
from gancli.runs.trained import Trained
from gancli.sampling.draws import generate
from tests.conftest import tiny, write_folder

FEW = ("--steps", "20", "--quiet")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The folder of a bidirectional run."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("played") / "run"
    more = ["--game", "bidirectional", "--encoder-widths", "16", "--encoder", "stochastic", "--prior", "gaussian"]
    with pytest.raises(SystemExit) as stop:
        entry_point(["train", "digits", "--outdir", str(folder), *tiny(evaluate_every=20), *more])
    assert not stop.value.code
    return folder


@pytest.fixture(scope="module")
def finished(digits_run, tmp_path_factory):
    """A run of two networks, in whose folder an encoder may be kept."""
    return shutil.copytree(digits_run, tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture
def images(tmp_path):
    """A folder of digits of another size, one of them in color."""
    folder = tmp_path / "images"
    folder.mkdir()
    digits = load("digits").examples[:3, ..., 0]
    for name, digit in zip("abc", digits, strict=True):
        Image.fromarray(digit).resize((24, 16)).convert("RGB" if name == "c" else "L").save(folder / f"{name}.png")
    return folder


def test_the_encoder_of_a_bidirectional_run_answers(gancli, played, tmp_path):
    output = tmp_path / "z.npz"
    code, out, err = gancli("encode", played, "digits/test", "-o", output, "--features", "--json", "--quiet")
    assert (code, err) == (0, "")
    found, arrays = json.loads(out), read_arrays(output, lambda names: names)
    assert found["encoder"] == "played"
    count = len(found["images"])
    assert arrays["latents"].shape == arrays["log_variances"].shape == (count, 4)
    assert arrays["features"].shape == (count, 16)
    assert arrays["names"][1] == "digits/test[1]"
    np.testing.assert_allclose(arrays["distances"], [one["distance"] for one in found["images"]])
    np.testing.assert_array_equal(arrays["representable"], arrays["distances"] <= found["limit"])
    assert found["random_distance"] > found["nearest_distance"] > 0
    drawn = np.clip(generate(Trained.load(played, step="latest", ema=True).pair, arrays["latents"]), 0, 1)
    before, after = (classes_seen("digits", one) for one in (to_unit(load("digits", "test").examples), drawn))
    assert found["classes_kept"] == pytest.approx(np.mean(before == after))
    assert not (played / "encoder").exists()


def test_such_a_run_samples_interpolates_evaluates_and_is_exported(gancli, played, tmp_path):
    assert all("fid" in line for line in Run.open(played).metrics() if line["step"] == 20)
    for command in (
        ("sample", played, "-n", 4, "-o", tmp_path / "s.png"),
        ("interpolate", played, "--rows", 2, "--frames", 3, "-o", tmp_path / "i.png"),
        ("evaluate", played, "--modes", "--samples", 100),
        ("export", played, "-o", tmp_path / "exported", "--format", "safetensors"),
    ):
        code, _, err = gancli(*command)
        assert code == 0, err


def test_for_another_run_an_encoder_is_trained_once_and_again_when_settings_or_weights_differ(
    gancli, finished, images, tmp_path
):
    output = tmp_path / "z.npz"
    origins = []
    for more in ((), (), ("--no-ema",), ("--no-ema",), ("--no-ema", "--steps", "10")):
        command = ("encode", finished, images, "-o", output, "--overwrite", "--json", *FEW, *more)
        code, out, err = gancli(*command)
        assert code == 0, err
        origins.append(json.loads(out)["encoder"])
    assert origins == ["trained", "kept", "trained", "kept", "trained"]
    assert sorted(os.listdir(finished / "encoder")) == ["encoder.safetensors"]
    assert list(read_arrays(output, lambda names: names)["names"]) == ["a.png", "b.png", "c.png"]


def test_without_steps_the_kept_encoder_answers_and_folders_of_classes_give_labels(gancli, finished, tmp_path):
    output, folder = tmp_path / "z.npz", tmp_path / "classes"
    folder.mkdir()
    for name in ("9", "cat"):
        write_folder(str(folder / name), load("digits").examples[:2])
    for more, origin in ((("--steps", "7"), None), ((), "kept")):
        code, out, err = gancli("encode", finished, folder, "-o", output, "--overwrite", "--json", "-q", *more)
        assert code == 0, err
        assert origin in (None, json.loads(out)["encoder"])
    arrays = read_arrays(output, lambda names: names)
    assert list(arrays["class_names"][arrays["labels"]]) == ["9", "9", "cat", "cat"]
    assert list(arrays["names"]) == ["9/0000.png", "9/0001.png", "cat/0000.png", "cat/0001.png"]


def test_a_damaged_encoder_is_trained_again_and_a_picture_is_drawn(gancli, finished, images, tmp_path, monkeypatch):
    picture = tmp_path / "r.png"
    command = ("encode", finished, images / "a.png", "--reconstruct", picture, "--json", *FEW)
    assert gancli(*command)[0] == 0
    (finished / "encoder" / "encoder.safetensors").write_bytes(b"nothing")
    code, out, _ = gancli(*command, "--overwrite", "--refine", 5)
    assert code == 0
    found = json.loads(out)
    assert found["encoder"] == "trained"
    code, out, _ = gancli(*(one for one in command if one != "--json"), "--overwrite", "--refine", 5)
    assert code == 0
    assert f"class kept     {found['classes_kept']:.1%} of reconstructions, as the data's classifier sees them\n" in out
    with Image.open(picture) as drawn:
        assert drawn.width > drawn.height
    monkeypatch.delitem(CLASSIFIED, "digits")  # without a classifier nothing is counted
    code, out, _ = gancli(*command, "--overwrite")
    assert (code, json.loads(out)["classes_kept"]) == (0, None)


def test_refining_brings_reconstructions_nearer(gancli, finished, images, tmp_path):
    found = [
        json.loads(gancli("encode", finished, images, "-o", tmp_path / f"{n}.npz", "--json", "--refine", n, *FEW)[1])[
            "distance"
        ]
        for n in (0, 100)
    ]
    assert found[1] < found[0]


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ((), 2, "nothing to write. Give --output FILE.npz, --reconstruct FILE.png, or both."),
        (("-o", "z.png"), 2, "--output must end in .npz, got 'z.png'."),
        (("-o", "z.npz", "--refine", "-1"), 2, "--refine must be at least 0, got -1."),
        (("-o", "z.npz", "--steps", "0"), 2, "--steps must be at least 1, got 0."),
        (("--reconstruct", "z.gif"), 2, "--reconstruct must end in .png or .webp, got 'z.gif'."),
        (
            ("--reconstruct", "z.png", "--features"),
            2,
            "--features are written into the file that --output names. Give --output FILE.npz, too.",
        ),
        (("-o", "there.npz"), 1, "'there.npz' exists. Replace it with --overwrite, or choose another --output."),
    ],
)
def test_what_makes_no_sense_is_refused(gancli, finished, images, tmp_path, monkeypatch, more, code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.npz").write_bytes(b"")
    assert gancli("encode", finished, images, *more) == (code, "", f"error: {message}\n")


def test_refusals_of_the_run(gancli, played, finished, images, tmp_path):
    assert gancli("encode", played, images, "-o", tmp_path / "z.npz", *FEW) == (
        2,
        "",
        f"error: --steps is for an encoder that is trained afterwards, and the run in '{played}' has its own. "
        "Leave it out.\n",
    )
    (images / "b.png").write_bytes(b"no image")
    code, _, err = gancli("encode", finished, images, "-o", tmp_path / "z.npz", *FEW)
    assert code == 1
    assert err == (
        f"error: b.png in '{images}' cannot be read: it is no image, or its header is damaged. "
        "Take it away, or repair it.\n"
    )


def test_a_walk_leads_from_one_image_to_another(gancli, played, images, tmp_path):
    picture = tmp_path / "walk.png"
    ends = ("--from", images / "a.png", "--to", images / "c.png")
    code, out, _ = gancli("interpolate", played, *ends, "--frames", 3, "-o", picture, "--json")
    assert code == 0
    assert json.loads(out) | {"rows": 1, "frames": 3} == json.loads(out)
    with Image.open(picture) as drawn:
        assert drawn.width > 4 * drawn.height
    for more, message in (
        (("--from", images / "a.png"), "--from and --to belong together. Give both, or none of them."),
        (
            (*ends, "--rows", 2),
            "--rows 2 does nothing with --from and --to, between which one walk leads. Leave it out.",
        ),
        (("--refine", 5), "--refine 5 is for latents of images. Give --from and --to, too, or leave it out."),
        (("--from", images, "--to", images / "a.png"), f"'{images}' holds 3 images. Give one image."),
    ):
        found = gancli("interpolate", played, *more, "-o", tmp_path / "other.png")
        assert found == (2, "", f"error: {message}\n")


def test_features_of_an_encoder_are_probed_beside_those_of_the_discriminator(gancli, played, finished, tmp_path):
    paths = {split: tmp_path / f"{split}.npz" for split in ("train", "test")}
    for split, path in paths.items():
        assert gancli("encode", played, f"digits/{split}", "-o", path, "--features", "--quiet")[0] == 0
    train, test = (read_arrays(path, lambda names: names) for path in paths.values())
    known, asked = standardized(train["features"], test["features"])
    closest = ((asked[:, None] - known[None]) ** 2).sum(axis=-1).argmin(axis=1)
    expected = np.mean(train["labels"][closest] != test["labels"])
    code, out, err = gancli("evaluate", played, "--probe", "--labels", "all", "--json", "--quiet")
    assert (code, err) == (0, "")
    found = json.loads(out)["metrics"]["probe"]
    assert found["nearest"] == pytest.approx(expected)
    assert (found["labels"], found["draws"], found["protocol"]["network"]) == (len(known), 1, "encoder")
    assert gancli("encode", finished, "digits/test", "-o", paths["test"], "--overwrite", "-q", *FEW)[0] == 0
    code, out, err = gancli("evaluate", finished, "--probe", "--json", "--quiet")
    assert (code, err) == (0, "")
    found = json.loads(out)["metrics"]["probe"]
    assert found["protocol"]["network"] == "discriminator"
    assert found["encoder_linear"] < 0.7
    assert found["encoder_nearest"] != found["nearest"]
