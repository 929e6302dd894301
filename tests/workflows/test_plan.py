"""``gancli train --dry-run``: what a run would cost."""

import json
import re
import subprocess
import sys

import pytest

from tests.conftest import thorough, tiny


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


@pytest.mark.usefixtures("rehearsed_once")
def test_a_plan_names_the_settings_that_the_run_uses(tmp_path, gancli):
    options = tiny(evaluate_every=0)
    code, out, _ = gancli("train", "digits", "--outdir", tmp_path / "run", "--dry-run", *options)
    assert code == 0
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
    assert err == f"rehearsing {steps} steps of 20\n"


@thorough
def test_a_dry_run_expects_the_peak_of_memory_that_a_run_then_has(tmp_path, gancli):
    """Both are measured in processes of their own; networks whose weights and activations count, and an evaluation."""
    options = {"batch_size": 256, "generator_widths": "1000,1000", "log_every": 4, "steps": 8, "evaluate_every": 8}
    command = ["train", "digits", "--outdir", str(tmp_path / "run"), "--json", *tiny(**options, evaluate_samples=200)]
    expected = json.loads(gancli(*command, "--dry-run")[1])["peak_bytes"]
    done = subprocess.run([sys.executable, "-m", "gancli", *command], capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)["peak_bytes"]
    assert measured > 200 * 2**20  # bytes: Python and JAX alone take as much
    assert 0.8 * measured < expected < 1.2 * measured
