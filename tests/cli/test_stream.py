"""``gancli train --stream``: runs whose data is read as it is needed."""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from gancli.runs.folder import Run
from tests.conftest import first_of, tiny
from tests.workflows.runs import assert_same, wait_for

LOUD = [option for option in tiny(steps=40) if option != "--quiet"]


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(60):
        image = np.random.default_rng(index).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(image).save(folder / f"{index}.png")
    return folder


def options(**changes):
    """Options of a run on pictures whose data comes from a file of the cache."""
    return (*tiny(model="mlp", k=2, **changes), "--mirror", "--evaluate-every", 0)


def test_a_streamed_run_is_the_same_run_and_may_go_on_either_way(gancli, tmp_path, pictures):
    assert gancli("train", pictures, "--outdir", tmp_path / "whole", *options(steps=40))[0] == 0
    mixed = tmp_path / "mixed"
    assert gancli("train", pictures, "--outdir", mixed, "--stream", "always", *options(steps=20))[0] == 0
    for steps, stream in ((30, "never"), (40, "always")):
        go_on = ("--resume", "--steps", steps, "--stream", stream, "--quiet")
        assert gancli("train", pictures, "--outdir", mixed, *go_on)[0] == 0
    assert_same(tmp_path / "whole", mixed, 40)


def test_a_streamed_class_conditional_run_is_the_same_run(gancli, tmp_path):
    arguments = ("--conditional", *tiny(steps=20))
    assert gancli("train", "digits", "--outdir", tmp_path / "whole", *arguments)[0] == 0
    assert gancli("train", "digits", "--outdir", tmp_path / "streamed", "--stream", "always", *arguments)[0] == 0
    assert_same(tmp_path / "whole", tmp_path / "streamed", 20)


def test_it_streams_by_itself_and_says_so(gancli, tmp_path, monkeypatch):
    monkeypatch.setattr("gancli.compute.devices.free_memory", lambda: 100_000)  # of which digits take 83 008
    code, _, err = gancli("train", "digits", "--outdir", tmp_path / "run", *LOUD)
    assert (code, err.splitlines()[1]) == (0, "the data is streamed: 0.0 GiB, and 0.0 GiB are free on the device")
    monkeypatch.setattr("gancli.compute.devices.free_memory", lambda: 1_000_000)
    code, _, err = gancli("train", "digits", "--outdir", tmp_path / "other", *LOUD)
    assert code == 0
    assert err.splitlines()[1].startswith("compiled in ")
    assert_same(tmp_path / "run", tmp_path / "other", 40)


@pytest.mark.usefixtures("rehearsed_once")
def test_a_dry_run_says_how_the_data_arrives_and_measures_so(gancli, tmp_path):
    arguments = ("train", "digits", "--outdir", tmp_path / "run", "--dry-run", *tiny())
    code, out, _ = gancli(*arguments, "--stream", "always")
    assert code == 0
    assert "\ndata                         streamed: --stream always\n" in out
    values = json.loads(gancli(*arguments, "--json")[1])
    assert (values["data_placement"], values["data_bytes"]) == ("copied", 1297 * 64)
    assert values["seconds_per_1000_steps"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stream", "sometimes"], "--stream must be one of auto, always, never, got 'sometimes'."),
        (
            ["--stream", "always", "--data-placement", "divided"],
            "--data-placement must be auto with --stream always, got divided.",
        ),
        (
            ["--stream", "always", "--decoder-steps", 5, "--generator-activations", "sigmoid"],
            "--decoder-steps 5 needs all data on the device, and it would be streamed (--stream always). "
            "Take --decoder-steps 0, or --stream never --data-placement copied.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(gancli, tmp_path, arguments, message):
    code, out, err = gancli("train", "digits", "--outdir", tmp_path / "run", *arguments, *tiny())
    assert (code, out, err) == (2, "", f"error: {message}\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("number", "code"), first_of([(signal.SIGTERM, 143), (signal.SIGINT, 130)]))
def test_a_signal_saves_and_ends(gancli, start, tmp_path, pictures, number, code):
    folder = tmp_path / "run"
    process = start("train", pictures, "--outdir", folder, "--stream", "always", *options(steps=10_000_000))
    wait_for(lambda: (folder / "metrics.jsonl").exists(), process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    step = Run.open(folder).metrics()[-1]["step"]
    assert (process.returncode, out) == (code, "")
    warning, line = err.splitlines()
    assert warning.startswith("warning: 54 images are few to train on: ")
    assert line == f"stopped by {signal.Signals(number).name} at step {step}; saved. Continue with --resume."
    go_on = ("--resume", "--steps", step + 10, "--quiet")
    assert gancli("train", pictures, "--outdir", folder, *go_on)[0] == 0
    assert gancli("train", pictures, "--outdir", tmp_path / "whole", *options(steps=step + 10))[0] == 0
    assert_same(tmp_path / "whole", folder, step + 10)


@pytest.mark.parametrize("damage", first_of(["cut", "gone"]))
def test_data_that_cannot_be_read_any_more_ends_the_run_with_one_line(
    gancli, start, tmp_path, pictures, monkeypatch, damage
):
    folder = tmp_path / "run"
    cache = tmp_path / "cache"
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    arguments = ("train", pictures, "--outdir", folder, "--stream", "always")
    process = start(*arguments, *options(steps=10_000_000), env=environment)
    wait_for(lambda: len(list((folder / "checkpoints").glob("[0-9]*[0-9]"))) >= 2, process)
    (images,) = cache.rglob("images.npy")
    if damage == "cut":
        os.truncate(images, 3000)
    else:
        images.unlink()
    out, err = process.communicate(timeout=60)
    what = "was cut short" if damage == "cut" else "cannot be read any more: No such file or directory"
    cure = "Delete its folder, which is made again, and continue with --resume."
    assert (process.returncode, out) == (1, "")
    warning, line = err.splitlines()
    assert warning.startswith("warning: 54 images are few to train on: ")
    assert line == f"error: the training data in '{images}' {what}. {cure}"
    saved = Run.open(folder).metrics()[-1]["step"]
    with Run.open(folder).checkpoints() as checkpoints:
        assert checkpoints.steps()[-1] in (saved - 10, saved)
        assert checkpoints.newest(Run.open(folder).record.game(), ("generator",))[2] == []
    shutil.rmtree(images.parent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert gancli("train", pictures, "--outdir", folder, "--resume", "--steps", saved + 10, "--quiet")[0] == 0


@pytest.mark.usefixtures("rehearsed_once")
def test_a_dry_run_waits_for_a_slow_disk(gancli, tmp_path, monkeypatch):
    monkeypatch.setattr("gancli.training.streaming.Stream.seconds_to_read", lambda _: 123.0)
    arguments = ("train", "digits", "--outdir", tmp_path / "run", "--dry-run", "--stream", "always", "--json", *tiny())
    assert json.loads(gancli(*arguments)[1])["seconds_per_1000_steps"] == 123_000.0
