"""Runs, resumes and interruptions: what is kept, and that it goes on bit for bit."""

import os
import re
import resource
import signal
import socket

import numpy as np
import pytest

from gancli.runs.folder import Run
from tests.conftest import first_of, thorough, tiny
from tests.workflows.runs import assert_same, final_state, wait_for


def test_a_run_folder_holds_what_it_promises(straight):
    assert sorted(path.name for path in straight.iterdir()) == [
        *("checkpoints", "config.json", "config.toml", "curves.png", "metrics.jsonl", "samples"),
    ]
    assert sorted(path.name for path in (straight / "samples").iterdir()) == [
        f"fakes{step:06d}.png" for step in (0, 10, 20, 40)
    ]
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


@pytest.mark.usefixtures("hangups_count")
@pytest.mark.parametrize(
    ("number", "code"), first_of([(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
)
def test_a_signal_saves_and_the_run_goes_on_bit_for_bit(straight, gancli, start, tmp_path, number, code):
    folder = tmp_path / "run"
    process = start("train", "digits", "--outdir", folder, *tiny(steps=10_000_000))
    wait_for(lambda: (folder / "metrics.jsonl").exists(), process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ""
    step = Run.open(folder).metrics()[-1]["step"]
    assert err == f"stopped by {signal.Signals(number).name} at step {step}; saved. Continue with --resume.\n"
    goal = max(40, step + 10)
    assert gancli("train", "digits", "--outdir", folder, "--steps", goal, "--resume", "--quiet")[0] == 0
    reference = straight
    if goal > 40:
        reference = tmp_path / "reference"
        assert gancli("train", "digits", "--outdir", reference, *tiny(steps=goal))[0] == 0
    assert_same(reference, folder, goal)


def test_a_signal_with_the_last_step_counts_too(tmp_path, gancli, monkeypatch):
    """Else a sweep or a dry run would go on with what comes next."""
    monkeypatch.setattr("gancli.monitoring.recorder.Recorder.best", lambda self: signal.raise_signal(signal.SIGTERM))
    command = ("train", "ring", "--seeds", "0-1", "--outdir", tmp_path / "runs", *tiny())
    code, out, err = gancli(*command)
    assert (code, out) == (143, "")
    assert err == "stopped by SIGTERM at step 20; saved. Continue with --resume.\n"
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["seed0"]


def test_a_run_that_trains_is_read_by_all_and_written_by_nobody_else(gancli, start, tmp_path):
    folder = tmp_path / "run"
    process = start("train", "digits", "--outdir", folder, *tiny(steps=10_000_000, checkpoint_every=1000))
    wait_for(lambda: list((folder / "checkpoints").glob("[0-9]*[0-9]")), process)
    holder = f"process {process.pid} on {socket.gethostname()}"
    in_use = f"error: '{folder}' is in use: {holder} trains there. Wait for its end, stop it, or choose another"
    for mode in (["--resume"], ["--resume", "auto"], ["--overwrite"]):
        code, out, err = gancli("train", "digits", "--outdir", folder, *mode, "--quiet")
        assert (code, out, err) == (1, "", f"{in_use} --outdir.\n")
    assert gancli("train", "digits", "--outdir", folder, "--quiet")[0] == 1
    assert gancli("sample", folder, "-n", 4, "-o", tmp_path / "samples.npz")[0] == 0
    assert process.poll() is None
    process.terminate()
    assert process.communicate(timeout=60)[1].startswith("stopped by SIGTERM at step ")
    steps = [line["step"] for line in Run.open(folder).metrics()]
    assert steps == [*range(10, steps[-1] + 1, 10)]
    assert not (folder / ".lock").exists()


@pytest.mark.parametrize("checkpoint_every", first_of([1, 7]), ids=["while saving", "while training"])
def test_kill_9_loses_nothing_that_was_saved(gancli, start, tmp_path, checkpoint_every):
    folder = tmp_path / "run"
    process = start("train", "digits", "--outdir", folder, *tiny(steps=10_000_000, checkpoint_every=checkpoint_every))
    wait_for(lambda: len(list((folder / "checkpoints").glob("[0-9]*[0-9]"))) >= 2, process)
    process.kill()
    process.communicate()
    with Run.open(folder).checkpoints() as checkpoints:
        saved = checkpoints.steps()[-1]
    goal = saved + 2 * checkpoint_every
    code, _, err = gancli("train", "digits", "--outdir", folder, "--steps", goal, "--resume", "--quiet")
    assert (code, err) == (0, "")
    reference = tmp_path / "reference"
    gancli("train", "digits", "--outdir", reference, *tiny(steps=goal, checkpoint_every=checkpoint_every))
    assert_same(reference, folder, goal)
    assert not list((folder / "checkpoints").glob("*tmp*"))


@thorough  # tests/storm/test_full_disk.py fills the disk, too
def test_a_full_disk_stops_the_run_and_keeps_the_last_checkpoint(gancli, start, tmp_path):
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


@thorough
def test_what_moves_keeps_its_course_when_a_run_goes_further(gancli, tmp_path):
    """A run that stopped at half of its schedule is the whole one; one that had ended keeps what it reached."""
    moving = {"final_rate": 0.1, "final_beta2": 0.99, "generator_widths": 8}
    folders = [tmp_path / name for name in ("whole", "parts", "ended")]
    for folder, planned in zip(
        folders, ({"steps": 20}, {"steps": 10, "schedule_steps": 20}, {"steps": 10}), strict=True
    ):
        assert gancli("train", "digits", "--outdir", folder, *tiny(**moving | planned))[0] == 0
    for folder in folders[1:]:
        assert gancli("train", "--outdir", folder, "--resume", "--steps", 20, "--quiet")[0] == 0
    assert [Run.open(folder).record.config.schedule_steps for folder in folders] == [20, 20, 10]
    assert_same(folders[0], folders[1], 20)
