"""``gancli train``: runs, resumes, interruptions and what it says about bad input."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gancli.runs.folder import Run
from tests.conftest import tiny

ITEMS = ("generator", "generator.average", "discriminator", "training")


def final_state(folder: Path, step: int) -> dict:
    run = Run.open(folder)
    with run.checkpoints() as checkpoints:
        assert checkpoints.steps()[-1] == step
        return checkpoints.restore(run.record.game(), ITEMS, step)


def assert_same(one: Path, other: Path, step: int) -> None:
    import jax

    jax.tree.map(np.testing.assert_array_equal, final_state(one, step), final_state(other, step))
    logs = [
        [{k: v for k, v in line.items() if k != "images_per_second"} for line in Run.open(f).metrics()]
        for f in (one, other)
    ]
    assert logs[0] == logs[1]


def start(*arguments: object, **options: Any) -> subprocess.Popen:
    command = [sys.executable, "-m", "gancli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for(condition, process: subprocess.Popen, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """An uninterrupted run of 40 steps, to compare with."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("straight") / "run"
    with pytest.raises(SystemExit) as stop:
        entry_point(["train", "digits", "--outdir", str(folder), *tiny(steps=40)])
    assert not stop.value.code
    return folder


def test_a_run_folder_holds_what_it_promises(straight):
    assert sorted(path.name for path in straight.iterdir()) == [
        *("checkpoints", "config.json", "config.toml", "metrics.jsonl", "samples"),
    ]
    assert sorted(path.name for path in (straight / "samples").iterdir()) == ["fakes000020.png", "fakes000040.png"]
    assert [line["step"] for line in Run.open(straight).metrics()] == [10, 20, 30, 40]
    assert sorted(path.name for path in (straight / "checkpoints").iterdir()) == ["20", "30", "40"]


def test_twice_n_is_n_and_resume_and_n(straight, tmp_path, gancli):
    assert gancli("train", "digits", "--outdir", tmp_path / "run", *tiny(steps=20))[0] == 0
    code, _, err = gancli("train", "digits", "--outdir", tmp_path / "run", "--steps", 40, "--resume", "--quiet")
    assert (code, err) == (0, "")
    assert_same(straight, tmp_path / "run", 40)


def test_a_requeued_job_starts_its_run_and_then_goes_on(straight, tmp_path, gancli):
    command = ("train", "digits", "--outdir", tmp_path / "run", "--resume", "auto")
    assert gancli(*command, *tiny(steps=20))[0] == 0
    code, _, err = gancli(*command, *tiny(steps=40))
    assert (code, err) == (0, "")
    assert_same(straight, tmp_path / "run", 40)


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


def test_a_run_begins_from_the_files_of_another(straight, tmp_path, gancli):
    for number, file in enumerate((straight, straight / "config.json", straight / "config.toml")):
        folder = tmp_path / str(number)
        assert gancli("train", "--config", file, "--outdir", folder, "--quiet")[0] == 0
        assert_same(straight, folder, 40)


def test_the_same_seed_gives_the_same_run_and_another_does_not(straight, tmp_path, gancli):
    gancli("train", "digits", "--outdir", tmp_path / "other", *tiny(steps=40, seed=1))
    one, other = (final_state(folder, 40)["generator"]["output"]["bias"] for folder in (straight, tmp_path / "other"))
    assert not np.array_equal(one, other)


def test_a_finished_run_has_nothing_left_to_do(straight, gancli):
    code, out, err = gancli("train", "digits", "--outdir", straight, "--resume")
    assert code == 0
    assert err == f"'{straight}' has its 40 steps; nothing to do. Go further with --steps.\n"
    assert out.split() == ["run", str(straight), "steps", "40", "(640", "images)"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_the_run_goes_on_bit_for_bit(straight, tmp_path, gancli, number, code):
    folder = tmp_path / "run"
    process = start("train", "digits", "--outdir", folder, *tiny(steps=10_000_000))
    wait_for(lambda: (folder / "metrics.jsonl").exists(), process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ""
    step = Run.open(folder).metrics()[-1]["step"]
    assert err == f"error: stopped by {signal.Signals(number).name} at step {step}; saved. Continue with --resume.\n"
    goal = max(40, step + 10)
    assert gancli("train", "digits", "--outdir", folder, "--steps", goal, "--resume", "--quiet")[0] == 0
    reference = straight
    if goal > 40:
        reference = tmp_path / "reference"
        assert gancli("train", "digits", "--outdir", reference, *tiny(steps=goal))[0] == 0
    assert_same(reference, folder, goal)


@pytest.mark.parametrize("checkpoint_every", [7, 1], ids=["while training", "while saving"])
def test_kill_9_loses_nothing_that_was_saved(tmp_path, gancli, checkpoint_every):
    folder = tmp_path / "run"
    process = start("train", "digits", "--outdir", folder, *tiny(steps=10_000_000, checkpoint_every=checkpoint_every))
    wait_for(lambda: len(list((folder / "checkpoints").glob("[0-9]*[0-9]"))) >= 2, process)
    process.kill()
    process.communicate()
    with Run.open(folder).checkpoints() as checkpoints:
        saved = checkpoints.steps()[-1]
    goal = saved + 15
    code, _, err = gancli("train", "digits", "--outdir", folder, "--steps", goal, "--resume", "--quiet")
    assert (code, err) == (0, "")
    reference = tmp_path / "reference"
    gancli("train", "digits", "--outdir", reference, *tiny(steps=goal, checkpoint_every=checkpoint_every))
    assert_same(reference, folder, goal)
    assert not list((folder / "checkpoints").glob("*tmp*"))


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


def test_another_machine_is_said(tmp_path, gancli):
    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=20))
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"jax": "', '"jax": "9'))
    code, _, err = gancli("train", "digits", "--outdir", folder, "--steps", 30, "--resume", "--quiet")
    assert code == 0
    assert err == ("warning: the run began with other versions; it may go on with other rounding than it would have.\n")


def test_a_run_that_died_before_its_first_checkpoint_begins_again(straight, tmp_path, gancli):
    import shutil

    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=40))
    shutil.rmtree(folder / "checkpoints")
    code, _, err = gancli("train", "digits", "--outdir", folder, "--resume", "--quiet")
    assert (code, err) == (0, f"warning: run '{folder}' has no complete checkpoint; beginning again at step 0.\n")
    assert_same(straight, folder, 40)


def test_divergence_stops_the_run_names_the_step_and_keeps_the_last_checkpoint(tmp_path, gancli):
    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=20, optimizer="sgd"))
    kept = final_state(folder, 20)
    path = folder / "config.json"  # a user cannot change this by an option, only by hand
    path.write_text(
        path.read_text().replace('"discriminator_learning_rate": 0.001', '"discriminator_learning_rate": 1e30')
    )
    code, out, err = gancli("train", "digits", "--outdir", folder, "--resume", "--steps", 60, "--quiet")
    assert (code, out) == (3, "")
    found = re.fullmatch(
        r"error: training diverged: (generator|discriminator) (loss|gradient norm) is (not a number|infinite) at step "
        rf"(\d+)\. The checkpoint of step 20 is kept in '{folder}'\. Try lower learning rates "
        r"\(now --generator-learning-rate 0\.001, --discriminator-learning-rate 1e\+30\)\.\n",
        err,
    )
    assert found
    assert 20 < int(found[4]) <= 30
    import jax

    jax.tree.map(np.testing.assert_array_equal, kept, final_state(folder, 20))


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
    assert [path.name for path in (folder / "samples").iterdir()] == ["fakes000010.png"]


USAGE = [
    (
        ["mnits"],
        "unknown data set 'mnits'. Did you mean 'mnist'? "
        "Known: mnist, stacked_mnist, fashion_mnist, kmnist, cifar10, tfd, digits, gaussian, ring, grid.",
    ),
    (
        ["digits", "--loss", "minmax"],
        "unknown loss 'minmax'. Did you mean 'minimax'? Known: minimax, non-saturating, absolute, kl, reverse-kl, "
        "jensen-shannon, pearson, squared-hellinger, least-squares, hinge, wasserstein, energy, feature-matching, "
        "perceptual, mmd, relativistic.",
    ),
    (["digits", "--prior", "cauchy"], "--prior must be one of uniform, gaussian, spherical, got 'cauchy'."),
    (["digits", "--optimizer", "adma"], "--optimizer must be one of adam, sgd, got 'adma'. Did you mean 'adam'?"),
    (["digits", "--model", "mpl"], "unknown model 'mpl'. Did you mean 'mlp'? Known: mlp, maxout-conv, dcgan, resnet."),
    (
        ["digits", "--updates", "both"],
        "--updates must be one of alternating, simultaneous, got 'both'.",
    ),
    (
        ["mnist", "--preset", "goodfellow-mnist"],
        "unknown preset 'goodfellow-mnist'. Did you mean 'goodfellow2014-mnist'? Known: goodfellow2014-mnist, "
        "goodfellow2014-mnist-tuned, goodfellow2014-tfd, goodfellow2014-cifar10-fc, goodfellow2014-cifar10-conv, "
        "mnist-dcgan, cifar10-dcgan, cifar10-resnet, cifar10-modern, faces-64.",
    ),
    (
        ["digits", "--preset", "goodfellow2014-mnist"],
        "preset 'goodfellow2014-mnist' is for data set 'mnist', not 'digits'.",
    ),
    (["digits", "--k", "0"], "--k must be at least 1, got 0."),
    (["digits", "--batch-size", "-3"], "--batch-size must be at least 1, got -3."),
    (
        ["digits", "--batch-size", "1298"],
        "--batch-size must be at most the 1297 training examples of 'digits', got 1298.",
    ),
    (["digits", "--steps", "0"], "--steps must be at least 1, got 0."),
    (["digits", "--ema-decay", "1"], "--ema-decay must be in [0, 1), got 1.0."),
    (["digits", "--generator-learning-rate", "0"], "--generator-learning-rate must be above 0, got 0.0."),
    (["digits", "--seed", "-1"], "--seed must be in [0, 2^32), got -1."),
    (["digits", "--lr", "0"], "--lr must be above 0, got 0.0."),
    (["digits", "--k", "two"], "--k must be a whole number, got 'two'."),
    (
        ["digits", "--generator-widths", "8,x"],
        "--generator-widths must be whole numbers separated by commas, got '8,x'.",
    ),
    (["digits", "--lerning-rate", "1"], "no such option: --lerning-rate. Did you mean --min-learning-rate?"),
    (["digits", "mnist"], "got unexpected extra argument(s) (mnist). See `gancli train --help`."),
    (["digits", "--resume=always"], "--resume must be auto, or stand alone, got 'always'."),
    (["digits", "--resume", "--overwrite"], "--resume and --overwrite exclude each other."),
    (
        [],
        "no data set. Name one, as in `gancli train digits`, or with `dataset` in --config FILE; "
        "`gancli list datasets` shows them.",
    ),
    (
        ["digits", "--model", "dcgan", "--conv-sizes", "99"],
        "--conv-sizes 99 is for --model maxout-conv; --model dcgan does not use it. "
        "Leave it out, or choose that model.",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(a) for a, _ in USAGE])
def test_wrong_usage_is_one_line_and_exit_code_2(tmp_path, gancli, arguments, message):
    assert gancli("train", *arguments, "--outdir", tmp_path / "run") == (2, "", f"error: {message}\n")
    assert not (tmp_path / "run").exists()


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
    assert gancli("train", "kmnist", *data, "--outdir", tmp_path / "run", *tiny(steps=10))[0] == 0
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


def test_a_full_disk_stops_the_run_and_keeps_the_last_checkpoint(tmp_path, gancli):
    """A limit on file size stands in for the full disk: writes fail in the middle of a checkpoint."""
    folder = tmp_path / "run"
    gancli("train", "digits", "--outdir", folder, *tiny(steps=20, generator_widths="256,256"))
    process = start(
        *("train", "digits", "--outdir", folder, "--resume", "--steps", 200, "--quiet"),
        env=os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "false"},
    )
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (60_000, 60_000))
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert err == (
        f"error: cannot write a checkpoint in '{folder}': File too large; the newest complete one is step 20.\n"
    )
    final_state(folder, 20)


def test_a_lack_of_memory_is_one_line_and_no_folder(tmp_path, gancli):
    too_wide = tiny(generator_widths=10**13)
    code, out, err = gancli("train", "digits", "--outdir", tmp_path / "run", *too_wide)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert re.fullmatch(
        r"error: memory is full: Out of memory allocating \d+ bytes\. Smaller batches and networks need less; "
        r"training also has --microbatch, --remat and --stream always\.\n",
        err,
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.\n[allocator]"),
            "Out of memory while trying to allocate 9 bytes",
        ),
        (MemoryError("Unable to allocate 8.00 EiB for an array with shape (2,)"), "Unable to allocate 8.00 EiB for an"),
        (RuntimeError("INTERNAL: something else"), None),
    ],
)
def test_a_lack_of_memory_is_told_from_a_bug(gancli, monkeypatch, error, said):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("gancli.cli.app.app", fail)
    if said is None:
        with pytest.raises(RuntimeError, match="something else"):
            gancli("list")
    else:
        code, _, err = gancli("list")
        assert (code, err.count("\n")) == (1, 1)
        assert err.startswith(f"error: memory is full: {said}")


def test_dry_run_writes_nothing_and_measures(tmp_path, gancli):
    code, out, _ = gancli("train", "digits", "--outdir", tmp_path / "run", "--dry-run", "--json", *tiny())
    assert code == 0
    values = json.loads(out)
    assert values["config"]["dataset"] == "digits"
    assert values["parameters"] == {
        "generator": (4 * 16 + 16) + (16 * 64 + 64),
        "discriminator": (64 * 16 + 16) + (8 + 1),
    }
    assert values["seconds_per_1000_steps"] > 0
    assert values["peak_bytes"] > values["state_bytes"] + values["data_bytes"]
    assert not (tmp_path / "run").exists()
    code, out, _ = gancli("train", "digits", "--outdir", tmp_path / "run", "--dry-run", *tiny())
    assert "1,000 steps" in out
    assert "generator 1,168, discriminator 1,049" in out
    names = [line.split("  ")[0] for line in out.splitlines()]
    assert names[:2] == ["data set", "seed"]
    assert {"steps", "generator-widths"} <= set(names)
    assert not {"num_steps", "conv-sizes", "margin", "blocks", "clip-limit"} & set(names)
    assert re.search(r"^peak memory  +[0-9,]+ MiB expected$", out, re.MULTILINE)


@pytest.mark.parametrize(("k", "steps"), [(5, 8), (50, 2)])
@pytest.mark.usefixtures("rehearsed_once")
def test_a_dry_run_is_no_longer_where_d_has_more_updates(k, steps, tmp_path, gancli):
    options = [word for word in tiny(log_every=20, k=k) if word != "--quiet"]
    code, _, err = gancli("train", "digits", "--outdir", tmp_path / "run", "--dry-run", "--evaluate-every", 0, *options)
    assert code == 0
    assert f"step {steps}/{steps} " in err


def test_a_dry_run_expects_the_peak_of_memory_that_a_run_then_has(tmp_path):
    """In processes of their own, with networks whose weights and activations count, and an evaluation."""
    options = {"batch_size": 512, "generator_widths": "1500,1500", "steps": 60, "evaluate_every": 20}
    command = [sys.executable, "-m", "gancli", "train", "digits", "--outdir", tmp_path / "run", "--json"]
    command += [str(option) for option in tiny(**options, evaluate_samples=200)]

    def peak(*more: str) -> int:
        done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=300, check=True)
        return json.loads(done.stdout)["peak_bytes"]

    expected, measured = peak("--dry-run"), peak()
    assert measured > 200 * 2**20  # bytes: Python and JAX alone take as much
    assert 0.8 * measured < expected < 1.2 * measured


def test_json_is_one_object_on_stdout_and_all_else_is_on_stderr(tmp_path, gancli):
    options = [option for option in tiny() if option != "--quiet"]
    code, out, err = gancli("train", "digits", "--outdir", tmp_path / "run", "--json", *options)
    assert code == 0
    values = json.loads(out)
    assert values["steps"] == 20
    assert values["images_seen"] == 320
    assert set(values) >= {"run", "seconds", "verdict", "jsd_bound", "d_real", "d_fake", "images_per_second"}
    assert err.splitlines()[0].startswith("compiled in ")
    assert err.splitlines()[-1].startswith("step 20/20  ")


@pytest.mark.parametrize("dataset", ["gaussian", "ring", "grid"])
def test_points_can_be_trained_on_and_plotted(tmp_path, gancli, dataset):
    from PIL import Image

    assert gancli("train", dataset, "--outdir", tmp_path / "run", *tiny())[0] == 0
    with Image.open(tmp_path / "run" / "samples" / "fakes000020.png") as picture:
        assert min(picture.size) > 300


def test_the_issues_line_on_mnist(tmp_path, gancli, mnist_dir):
    """``gancli train mnist --loss minimax --k 1``, cut to a few steps."""
    arguments = ("--loss", "minimax", "--k", 1, "--data-dir", mnist_dir, "--outdir", tmp_path / "run")
    code, out, _ = gancli("train", "mnist", *arguments, "--steps", 5, "--quiet")
    assert code == 0
    assert "steps       5 (500 images)" in out
    assert re.search(r"^memory +[0-9,]+ MiB at its peak$", out, re.MULTILINE)
    record = Run.open(tmp_path / "run").record
    assert (record.config.loss, record.config.k, record.data.num_examples) == ("minimax", 1, 50_000)
