"""What a run is refused before its first step, and with what it goes on."""

import re

import numpy as np
import pytest

from gancli.runs.folder import Run
from tests.conftest import tiny, write_folder
from tests.workflows.runs import assert_same


def test_a_run_knows_its_data_set(straight, gancli):
    nothing = f"'{straight}' has its 40 steps; nothing to do. Go further with --steps.\n"
    for arguments in (["--resume", "--outdir", straight], [straight, "--resume"], [straight, "--resume=auto"]):
        code, _, err = gancli("train", *arguments)
        assert (code, err) == (0, nothing)
    code, _, err = gancli("train", straight)
    assert (code, err) == (
        2,
        f"error: '{straight}' is a run, no data set. Continue it with --resume, or begin another one like it with "
        f"--config {straight}.\n",
    )


def test_a_name_of_the_catalog_means_a_data_set_also_where_a_run_has_that_name(straight, tmp_path, gancli, monkeypatch):
    (tmp_path / "digits").symlink_to(straight)
    monkeypatch.chdir(tmp_path)
    for more in ((), ("--resume", "auto")):
        code, out, _ = gancli("train", "digits", "--outdir", "new", "--print-config", *more)
        assert (code, 'dataset = "digits"\n' in out) == (0, True)
    code, _, err = gancli("train", "./digits", "--resume")
    assert (code, err) == (0, "'digits' has its 40 steps; nothing to do. Go further with --steps.\n")


def test_a_damaged_newest_checkpoint_is_said_and_passed_over(straight, tmp_path, gancli):
    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=30))
    for file in (folder / "checkpoints" / "30" / "training").rglob("d/*"):
        file.write_bytes(file.read_bytes()[:10])
    code, _, err = gancli("train", "digits", "--outdir", folder, "--steps", 40, "--resume", "--quiet")
    assert code == 0
    assert err.startswith(f"warning: checkpoint 30 of '{folder}' is damaged: training/")
    assert err.endswith(" is not what was saved. Going on from step 20.\n")
    assert (folder / "damaged" / "30").is_dir()
    assert_same(straight, folder, 40)


@pytest.mark.parametrize(
    ("was", "is_now", "what"),
    [
        ('"jax": "', '"jax": "9', "versions"),
        ('"environment": {', '"environment": {"LIBTPU_INIT_ARGS": "x",', "values of LIBTPU_INIT_ARGS; it may"),
    ],
)
def test_another_machine_is_said(tmp_path, gancli, was, is_now, what):
    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=20))
    path = folder / "config.json"
    path.write_text(path.read_text().replace(was, is_now))
    code, _, err = gancli("train", "digits", "--outdir", folder, "--steps", 30, "--resume", "--quiet")
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith(f"warning: the run began with other {what}")
    assert err.endswith("; it may go on with other rounding than it would have.\n")


def test_a_run_that_died_before_its_first_checkpoint_begins_again(straight, tmp_path, gancli):
    import shutil

    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=40))
    shutil.rmtree(folder / "checkpoints")
    code, _, err = gancli("train", "digits", "--outdir", folder, "--resume", "--quiet")
    assert (code, err) == (0, f"warning: run '{folder}' has no complete checkpoint; beginning again at step 0.\n")
    assert_same(straight, folder, 40)


def test_an_existing_run_is_never_overwritten_unasked(straight, tmp_path, gancli):
    before = {path: path.read_bytes() for path in straight.rglob("*") if path.is_file()}
    code, out, err = gancli("train", "digits", "--outdir", straight, *tiny())
    assert (code, out) == (1, "")
    assert err == (
        f"error: '{straight}' already holds a run. Continue it with --resume, replace it with --overwrite, "
        "or choose another --outdir.\n"
    )
    assert {path: path.read_bytes() for path in straight.rglob("*") if path.is_file()} == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    code, _, err = gancli("train", "digits", "--outdir", tmp_path / "mine", "--overwrite", *tiny())
    assert (code, err) == (1, f"error: '{tmp_path / 'mine'}' exists and is not a run. Choose another --outdir.\n")


def test_overwrite_replaces_the_whole_run(tmp_path, gancli):
    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=40))
    assert gancli("train", "digits", "--outdir", folder, "--overwrite", *tiny(steps=10))[0] == 0
    assert [line["step"] for line in Run.open(folder).metrics()] == [10]
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["10"]
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["fakes000000.png", "fakes000010.png"]
    assert not (folder / "curves.png").exists()  # of the run before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnist", "--resume"], "the data set of the run in '{run}' is digits, not mnist"),
        (["digits", "--resume", "--k", "2"], "--k of the run in '{run}' is 1, not 2"),
        (
            ["digits", "--resume", "--generator-widths", "16,16"],
            "--generator-widths of the run in '{run}' is [16], not [16, 16]",
        ),
    ],
)
def test_a_run_goes_on_as_it_began(straight, gancli, arguments, message):
    code, out, err = gancli("train", *arguments, "--outdir", straight)
    assert (code, out) == (2, "")
    expected = message.format(run=straight)
    assert err == f"error: {expected}: a run goes on as it began. Choose another --outdir for a new one.\n"


def test_resume_refuses_fewer_steps_than_there_are(straight, gancli):
    code, _, err = gancli("train", "digits", "--resume", "--steps", 10, "--outdir", straight)
    assert (code, err) == (
        2,
        f"error: --steps must be at least the 40 steps that the run in '{straight}' has, got 10.\n",
    )
    assert [line["step"] for line in Run.open(straight).metrics()] == [10, 20, 30, 40]
    assert Run.open(straight).record.config.num_steps == 40


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (None, "no run at '{run}': there is no such folder. Train one with `gancli train DATASET --outdir {run}`."),
        ("empty", "no run at '{run}': it holds no config.json. Train one with `gancli train DATASET --outdir {run}`."),
        ("config", "cannot read {run}/config.json: Expecting value: line 1 column 1 (char 0)."),
    ],
)
def test_resume_without_a_run(tmp_path, gancli, make, message):
    folder = tmp_path / "run"
    if make:
        folder.mkdir()
    if make == "config":
        (folder / "config.json").write_text("")
    code, out, err = gancli("train", "digits", "--resume", "--outdir", folder)
    assert (code, out, err) == (1, "", f"error: {message.format(run=folder)}\n")


def test_other_data_under_the_same_name_is_noticed(tmp_path, gancli, monkeypatch):
    from tests.data.archives import trust, write_idx_set

    write_idx_set(tmp_path / "data")
    trust(monkeypatch, "kmnist", tmp_path / "data", num_train=50)
    data = ("--data-dir", tmp_path / "data")
    assert gancli("train", "kmnist", *data, "--outdir", tmp_path / "run", *tiny(steps=10, model="mlp"))[0] == 0
    trust(monkeypatch, "kmnist", tmp_path / "data", num_train=49)
    code, _, err = gancli("train", "kmnist", *data, "--outdir", tmp_path / "run", "--resume", "--steps", 20)
    assert code == 2
    assert err == (
        f"error: the training examples of 'kmnist' found here are not those that the run in '{tmp_path / 'run'}' began "
        "with (other content, order or classes). Give the --data-dir that it began with.\n"
    )


def test_an_unwritable_outdir_is_one_line(tmp_path, gancli):
    (tmp_path / "file").write_text("x")
    code, out, err = gancli("train", "digits", "--outdir", tmp_path / "file" / "run", *tiny())
    assert (code, out) == (1, "")
    assert err == f"error: cannot write {tmp_path}/file/run: Not a directory.\n"


def test_a_lack_of_memory_is_one_line_and_no_folder(tmp_path, gancli):
    too_wide = tiny(generator_widths=10**13)
    code, out, err = gancli("train", "digits", "--outdir", tmp_path / "run", *too_wide)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert re.fullmatch(
        r"error: memory is full: Out of memory allocating \d+ bytes\. Smaller batches, networks and images need less; "
        r"training also has --microbatch, --remat and --stream always\.\n",
        err,
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["digits", "--outdir", "caf\udce9"], ["caf\udce9/", "--outdir", "run"]])
def test_a_name_that_is_no_text_is_refused_before_anything_is_written(tmp_path, gancli, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "caf\udce9").mkdir()
    code, _, err = gancli("train", *arguments, *tiny(model="mlp"))
    assert (code, err.count("\n")) == (1, 1)
    assert "caf\\udce9' has a name that is no text in the encoding of file names here" in err
    assert [list(path.iterdir()) for path in tmp_path.iterdir()] == [[]]


def test_few_images_are_said_to_be_few_before_training_and_not_when_it_goes_on(gancli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_folder("some", np.zeros((20, 8, 8, 1), np.uint8))
    code, _, err = gancli("train", "some", "--outdir", "run", *tiny(model="mlp", steps=2, batch_size=4))
    assert (code, err) == (
        0,
        "warning: 18 images are few to train on: D may memorize them. Try --augment translation,cutout.\n",
    )
    code, _, err = gancli("train", "--outdir", "run", "--resume", "--steps", 4)
    assert (code, "warning" in err) == (0, False)  # it cannot be mended now
    assert ", into run: 4 steps (0.9 epochs), from step 2 on\n" in err
