"""``--conditional``: from labeled images to samples of a class."""

import json

import numpy as np
import pytest
from PIL import Image

from gancli.imaging.sheets import GROUP_GAP, LINE_HEIGHT, MARGIN
from tests.conftest import tiny


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from gancli.cli.console import TerminalReporter
    from gancli.recipes.resolve import resolve
    from gancli.workflows.train import new_run

    folder = tmp_path_factory.mktemp("runs") / "conditional"
    options = {"conditional": True, "generator_widths": (32,), "discriminator_widths": (32,), "latent_size": 8}
    options |= {"num_steps": 400, "batch_size": 50, "evaluate_every": 400, "evaluate_samples": 200}
    options |= {"sample_every": 400, "ema_decay": 0.9}
    options |= {"generator_learning_rate": 3e-3, "discriminator_learning_rate": 3e-3, "learning_rate_divisor": 1.0}
    new_run(resolve("digits", None, options), folder, TerminalReporter(quiet=True))
    return folder


def samples(gancli, run, path, *more):
    code, _, err = gancli("sample", run, "-n", 30, "--output", path, "--overwrite", *more)
    assert (code, err) == (0, "")
    with np.load(path) as arrays:
        return dict(arrays)


def test_samples_are_of_the_class_that_is_asked_for(gancli, tmp_path, run):
    """After 400 steps the mean sample of a class is nearest to the mean digit of that class."""
    from gancli.data.load import load

    data = load("digits")
    means = np.stack([data.flat()[data.labels == digit].mean(axis=0) for digit in range(10)])
    every = samples(gancli, run, tmp_path / "every.npz", "--class-balanced")
    np.testing.assert_array_equal(every["labels"], np.arange(30) % 10)
    three = samples(gancli, run, tmp_path / "three.npz", "--class", 3)
    assert set(three["labels"]) == {3}
    drawn = [every["samples"].reshape(30, 64)[digit::10].mean(axis=0) for digit in range(10)]
    nearest = [int(np.linalg.norm(means - one, axis=1).argmin()) for one in drawn]
    assert np.mean(np.array(nearest) == np.arange(10)) >= 0.7
    mixed = samples(gancli, run, tmp_path / "mixed.npz")
    assert len(set(mixed["labels"])) > 4
    np.testing.assert_array_equal(mixed["latents"][:, :8], three["latents"][:, :8])


HEADING = LINE_HEIGHT + MARGIN


def test_pictures_have_a_class_a_column_and_its_name_above(gancli, tmp_path, run):
    """Digits are enlarged to 96 pixels, and a picture without classes has no headings."""
    assert gancli("sample", run, "-n", 20, "--class-balanced", "--output", tmp_path / "a.png")[0] == 0
    for path, rows in ((tmp_path / "a.png", 2), (run / "samples" / "fakes000400.png", 7)):
        with Image.open(path) as image:
            assert image.size == (10 * 98 + 2, HEADING + rows * 98 + 2)
            strip = np.asarray(image)[:HEADING]
        names = [strip[:, 2 + place * 98 : 98 + place * 98] for place in range(10)]
        assert all((name > 200).any() for name in names)
        assert len({name.tobytes() for name in names}) == 10
    assert gancli("sample", run, "-n", 16, "--output", tmp_path / "b.png")[0] == 0
    with Image.open(tmp_path / "b.png") as image:
        assert image.size == (4 * 258 + 2, 4 * 258 + 2)


def test_every_class_stands_beside_its_nearest_training_image(gancli, tmp_path, run):
    options = ("-n", 20, "--class-balanced", "--nearest", "--scale", 7)
    assert gancli("sample", run, *options, "--output", tmp_path / "a.png")[0] == 0
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (11 * 58 + GROUP_GAP, 3 * LINE_HEIGHT + MARGIN + 2 * 58 + 2)


def test_a_walk_keeps_to_its_class_or_leads_from_one_to_another(gancli, tmp_path, run):
    for name, more in (("a.png", ()), ("b.png", ("--class", 7)), ("c.png", ("--class", 7, "--path", "slerp"))):
        assert gancli("interpolate", run, "--output", tmp_path / name, *more)[0] == 0
    pictures = [(tmp_path / name).read_bytes() for name in ("a.png", "b.png", "c.png")]
    assert len(set(pictures)) == 3


def test_an_export_knows_its_classes(gancli, tmp_path, run):
    out = tmp_path / "out"
    assert gancli("export", run, "--output", out)[0] == 0
    one, other = (samples(gancli, place, tmp_path / "x.npz", "--class", 3)["samples"] for place in (run, out))
    np.testing.assert_array_equal(one, other)
    assert "| classes | 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 |" in (out / "README.md").read_text()


def test_evaluation_and_metrics_while_training_draw_classes_as_the_data_has_them(gancli, run):
    code, out, _ = gancli("evaluate", run, "--fid", "--modes", "--samples", 200, "--json")
    assert code == 0
    assert json.loads(out)["metrics"]["modes"]["total"] == 10
    assert json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["modes"]["total"] == 10


def test_a_discriminator_that_sees_classes_is_not_asked_without_them(gancli, tmp_path, run):
    reason = "asks the discriminator about examples alone, and that of a class-conditional run sees their classes, too"
    asked = ("evaluate", run, "--samples", 60, "--figure", tmp_path / "nearest.png", "--quiet")
    assert gancli(*asked, "--divergence") == (2, "", f"error: --divergence {reason}.\n")
    code, out, _ = gancli(*asked, "--all", "--json")
    assert (code, json.loads(out)["unavailable"]["divergence"]) == (0, reason)


def test_a_resumed_run_is_the_run(gancli, tmp_path):
    options = tiny(checkpoint_every=10)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert gancli("train", "digits", "--conditional", "--outdir", whole, *options)[0] == 0
    assert gancli("train", "digits", "--conditional", "--outdir", parts, *options, "--steps", 10)[0] == 0
    assert gancli("train", "digits", "--conditional", "--outdir", parts, *options, "--resume")[0] == 0
    one, other = (samples(gancli, folder, tmp_path / "x.npz")["samples"] for folder in (whole, parts))
    np.testing.assert_array_equal(one, other)
    code, _, err = gancli("train", "digits", "--outdir", parts, "--resume", "--steps", 30, "--quiet")
    assert code == 0, err  # options that are not given are the run's


def folders(root, *classes):
    rng = np.random.default_rng(0)
    for name in classes:
        (root / name).mkdir(parents=True)
        for index in range(20):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(root / name / f"{index}.png")
    return root


def test_classes_of_ones_own_pictures_go_by_their_folders(gancli, tmp_path):
    root = folders(tmp_path / "pets", "cats", "dogs")
    options = ("--model", "mlp", "--conditional", "--outdir", tmp_path / "run", *tiny())
    assert gancli("train", root, *options)[0] == 0
    drawn = samples(gancli, tmp_path / "run", tmp_path / "x.npz", "--class", "dogs")
    assert set(drawn["labels"]) == {1}
    code, _, err = gancli("sample", tmp_path / "run", "--class", "dog")
    assert (code, err) == (2, "error: unknown class 'dog'. Did you mean 'dogs'? Known: cats, dogs.\n")
    (root / "cats" / "0.png").rename(root / "dogs" / "new.png")
    code, _, err = gancli("train", root, *options, "--resume")
    assert code == 2
    assert err.endswith(
        f"the training examples of '{root}' found here are not those that the run in '{tmp_path / 'run'}' "
        "began with (other content, order or classes). Put the images back as they were, or choose another --outdir "
        "for a new run.\n"
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            ("train", "ring", "--conditional"),
            "--conditional is for images; data set 'ring' holds points. Leave it out, or choose other data.",
        ),
        (("sample", "RUN", "--class", "3", "--class-balanced"), "--class and --class-balanced exclude each other."),
    ],
)
def test_what_makes_no_sense_is_refused(gancli, tmp_path, run, command, message):
    code, _, err = gancli(*(run if word == "RUN" else word for word in command))
    assert (code, err) == (2, f"error: {message}\n")


def test_a_run_without_classes_says_so(gancli, tmp_path, digits_run):
    for option in (("--class", "3"), ("--class-balanced",)):
        code, _, err = gancli("sample", digits_run, "--output", tmp_path / "x.png", *option)
        assert code == 2
        assert err == f"error: the run in '{digits_run}' is not class-conditional. Train one with --conditional.\n"
    assert not (tmp_path / "x.png").exists()


def labeled(path, labels):
    """Write random images of 8 by 8, and what their classes are."""
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 8, 8, 1), np.uint8)
    np.savez(path, images=images, labels=labels)
    return path


MLP = ("--model", "mlp", "--conditional", *tiny(steps=2, log_every=1, sample_every=2, checkpoint_every=2))


@pytest.mark.parametrize("numbers", [range(12), (10, 1, 40, 2)], ids=["0-11", "gaps"])
def test_labels_are_those_of_the_users_file(gancli, tmp_path, numbers):
    names = [str(number) for number in sorted(numbers)]
    data, run = labeled(tmp_path / "x.npz", list(numbers) * 5), tmp_path / "run"
    assert gancli("train", data, *MLP, "--outdir", run)[0] == 0
    record = json.loads((run / "config.json").read_text())["domains"][0]
    assert list(record["classes"]) == names
    assert list(json.loads(gancli("data", "check", data, "--json", "-q")[1])["classes"]) == names
    for number in (numbers[0], numbers[2], numbers[-1]):
        drawn = samples(gancli, run, tmp_path / "y.npz", "--class", number)
        assert set(drawn["labels"]) == {number}
        assert set(drawn["class_names"][drawn["labels"]]) == {str(number)}
        place = drawn["latents"][:, 4:].argmax(axis=1)
        assert {names[one] for one in place} == {str(number)}
    every = samples(gancli, run, tmp_path / "y.npz", "--class-balanced")
    assert every["labels"].tolist() == np.resize(sorted(numbers), 30).tolist()
    absent = str(max(numbers) + 1)
    assert gancli("sample", run, "--class", absent)[2].startswith(f"error: unknown class '{absent}'")
    found = json.loads(gancli("data", "check", tmp_path / "y.npz", "--json", "-q")[1])  # samples are data again
    assert list(found["classes"]) == names


def test_names_come_back_by_name(gancli, tmp_path):
    data, run = labeled(tmp_path / "x.npz", ["7", "cat"] * 9), tmp_path / "run"
    assert gancli("train", data, *MLP, "--outdir", run)[0] == 0
    drawn = samples(gancli, run, tmp_path / "y.npz", "--class", 7)
    assert set(drawn["class_names"][drawn["labels"]]) == {"7"}
    assert gancli("sample", run, "--class", 1)[::2] == (2, "error: unknown class '1'. Known: 7, cat.\n")
    samples(gancli, run, tmp_path / "y.npz", "--class-balanced")
    assert json.loads(gancli("data", "check", tmp_path / "y.npz", "--json", "-q")[1])["classes"] == {"7": 15, "cat": 15}


def test_a_class_of_which_nothing_is_left_is_warned_of_and_never_drawn(gancli, tmp_path):
    root, run = folders(tmp_path / "pets", "cats", "dogs", "rare"), tmp_path / "run"
    for path in (root / "rare").iterdir():
        path.write_bytes(b"no image")
    warning = f"warning: classes without training images in '{root}': 'rare'. They are never drawn."
    code, _, err = gancli("data", "check", root, "-q")
    assert (code, err.splitlines()) == (1, [warning])
    code, _, err = gancli("train", root, *MLP, "--outdir", run)
    assert (code, err.splitlines()[-2]) == (0, warning)
    assert list(json.loads((run / "config.json").read_text())["domains"][0]["classes"].values()) == [18, 18, 0]
    message = (
        f"error: class 'rare' has no training images, so the run in '{run}' cannot draw it. It can draw: cats, dogs.\n"
    )
    for command in ("sample", "interpolate"):
        assert gancli(command, run, "--class", "rare") == (2, "", message)
    every = samples(gancli, run, tmp_path / "y.npz", "--class-balanced")
    assert every["labels"].tolist() == [0, 1] * 15
    assert every["class_names"].tolist() == ["cats", "dogs", "rare"]
    assert set(samples(gancli, run, tmp_path / "y.npz")["labels"]) == {0, 1}
    with Image.open(run / "samples" / "fakes000002.png") as image:
        assert image.size[0] == 2 * 258 + 2
    assert gancli("export", run, "--output", tmp_path / "out")[0] == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| classes | cats, dogs |" in card
    assert gancli("sample", tmp_path / "out", "--class", "rare")[2].startswith("error: class 'rare' has no training")


def test_a_rare_image_is_trained_on(gancli, tmp_path):
    root, run = folders(tmp_path / "pets", "cats", "dogs", "rare"), tmp_path / "run"
    for path in list((root / "rare").iterdir())[1:]:
        path.unlink()
    code, _, err = gancli("train", root, *MLP, "--augment", "cutout", "--outdir", run)
    assert (code, err) == (0, "")
    assert json.loads((run / "config.json").read_text())["domains"][0]["classes"] == {"cats": 18, "dogs": 18, "rare": 1}


def test_a_folder_of_samples_says_their_classes(gancli, tmp_path, run):
    out = tmp_path / "out"
    assert gancli("sample", run, "-n", 20, "--class-balanced", "--output", out)[0] == 0
    assert (out / "labels.csv").read_text().splitlines()[:3] == ["file,class", "00000.png,0", "00001.png,1"]
    code, shown, _ = gancli("data", "check", out, "--json", "--quiet")
    assert (code, json.loads(shown)["classes"]) == (0, {str(digit): 2 for digit in range(10)})
    assert json.loads(shown)["notes"] == []
