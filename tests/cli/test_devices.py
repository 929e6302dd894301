"""``gancli train --devices``: runs whose batches several devices share."""

import os
import subprocess
import sys

import pytest

from tests.conftest import thorough, tiny
from tests.workflows.runs import assert_same


@thorough
def test_a_run_that_devices_share_goes_on_the_same_and_serves_every_command(gancli, tmp_path):
    arguments, evaluated = ("train", "digits", "--devices", 2, "--metrics", "modes"), {"evaluate_every": 10}
    assert gancli(*arguments, "--outdir", tmp_path / "whole", *tiny(steps=20, **evaluated))[0] == 0
    assert gancli(*arguments, "--outdir", tmp_path / "parts", *tiny(steps=10, **evaluated))[0] == 0
    assert gancli("train", "digits", "--outdir", tmp_path / "parts", "--resume", *tiny(steps=20, **evaluated))[0] == 0
    assert_same(tmp_path / "whole", tmp_path / "parts", 20)
    assert gancli("sample", tmp_path / "whole", "-n", 4, "--output", tmp_path / "four.png")[0] == 0
    code, _, err = gancli("train", "digits", "--outdir", tmp_path / "parts", "--resume", "--devices", 1, "--quiet")
    assert (code, err) == (
        2,
        f"error: --devices of the run in '{tmp_path / 'parts'}' is 2, not 1: a run goes on as it began. "
        "Choose another --outdir for a new one.\n",
    )


@pytest.mark.usefixtures("rehearsed_once")
def test_a_dry_run_says_how_many_devices_share(gancli, tmp_path):
    code, out, _ = gancli("train", "digits", "--devices", 2, "--outdir", tmp_path / "run", "--dry-run", *tiny())
    assert code == 0
    assert "on each of 2 devices, which share the batch" in " ".join(out.split())
    assert "\ndata                         on the device, whole\n" in out


def test_too_many_devices_are_refused_before_anything_is_written(gancli, tmp_path):
    code, _, err = gancli("train", "digits", "--outdir", tmp_path / "run", *tiny(batch_size=12), "--devices", 3)
    assert (code, err) == (2, "error: --devices must be at most the 2 of this machine, got 3.\n")
    assert not (tmp_path / "run").exists()


def test_every_core_is_a_device_unless_the_environment_says_otherwise():
    program = "import sys; from gancli.cli.app import entry_point\n"
    program += "try: entry_point(['--version'])\nexcept SystemExit: pass\nimport jax; print(len(jax.devices()))"
    without = {name: value for name, value in os.environ.items() if name != "JAX_NUM_CPU_DEVICES"}
    for change, count in (
        ({}, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        ({"JAX_NUM_CPU_DEVICES": "3"}, 3),
        ({"XLA_FLAGS": "--xla_force_host_platform_device_count=5"}, 5),
    ):
        done = subprocess.run([sys.executable, "-c", program], env=without | change, capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == str(count), done.stderr


@pytest.mark.parametrize("name", ["cuda", "nonsense"])
def test_a_platform_that_is_not_there_is_one_line_and_no_folder(tmp_path, name):
    command = [sys.executable, "-m", "gancli", "train", "digits", "--outdir", tmp_path / "run", "--quiet"]
    done = subprocess.run(command, env=os.environ | {"JAX_PLATFORMS": name}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"error: JAX_PLATFORMS='{name}' names what JAX does not find on this machine")
    assert not (tmp_path / "run").exists()
