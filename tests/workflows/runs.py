"""Runs in processes of their own, and runs compared."""

import subprocess
import time
from pathlib import Path

import numpy as np

from gancli.runs.folder import Run

ITEMS = ("generator", "generator.average", "discriminator", "training")


def final_state(folder: Path, step: int, items: tuple[str, ...] = ITEMS) -> dict:
    run = Run.open(folder)
    with run.checkpoints() as checkpoints:
        assert checkpoints.steps()[-1] == step
        return checkpoints.restore(run.record.game(), items, step)


def assert_same(one: Path, other: Path, step: int) -> None:
    import jax

    jax.tree.map(np.testing.assert_array_equal, final_state(one, step), final_state(other, step))
    logs = [
        [{k: v for k, v in line.items() if k != "images_per_second"} for line in Run.open(f).metrics()]
        for f in (one, other)
    ]
    assert logs[0] == logs[1]


def wait_for(condition, process: subprocess.Popen, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
