"""Runs in a storm, and what is asked of them afterwards: that nothing tells them from unbroken ones."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jax
import numpy as np

from gancli.runs.folder import Run
from tests.conftest import tiny
from tests.storm.hits import Command
from tests.workflows.runs import ITEMS

STEPS, KEPT = 60, 3
SETTINGS = {"steps": STEPS, "log_every": 5, "checkpoint_every": 5, "sample_every": 30, "evaluate_every": 30}
SETTINGS |= {"evaluate_samples": 100, "devices": 1}
BEGIN_AGAIN = re.compile(r"warning: run '.*' has no complete checkpoint; beginning again at step 0\.")
OTHER_DEVICES = re.compile(r"warning: the run began with other devices; it may go on with other rounding .*")


def training(data: object, folder: Path, **changes: object) -> list[str]:
    """Return a command that begins a run or goes on with it; None takes an option away."""
    options = {name: value for name, value in (SETTINGS | changes).items() if value is not None}
    return ["train", str(data), "--outdir", str(folder), "--resume", "auto", *tiny(**options)]


def visible(folder: Path) -> list[int]:
    """Return the steps whose checkpoints are there, without opening them."""
    return sorted(int(path.name) for path in (folder / "checkpoints").glob("*") if path.name.isdecimal())


def states(folder: Path, steps: Sequence[int]) -> list[dict]:
    """Read and verify checkpoints."""
    run = Run.open(folder)
    game = run.record.game()
    with run.checkpoints() as checkpoints:
        return [checkpoints.restore(game, ITEMS, step) for step in steps]


@cache
def state(folder: Path, step: int) -> dict:
    """Read a checkpoint of a run that does not change any more."""
    return states(folder, [step])[0]


def check_saved(folder: Path, promised: list[int], whole: Path) -> None:
    """Check that steps that were there are there, but for those that newer ones replaced, each as an unbroken run's."""
    found = visible(folder)
    if not found:
        assert not promised
        return
    newest = found[-KEPT:]
    assert max(promised, default=0) <= newest[-1], (promised, found)
    assert {step for step in promised if step >= newest[0]} <= set(found), (promised, found)
    for step, one in zip(newest, states(folder, newest), strict=True):
        jax.tree.map(np.testing.assert_array_equal, one, state(whole, step))


def check_whole(folder: Path, whole: Path) -> None:
    """Check that a run is what an unbroken one is: weights, log, pictures, and no file more."""
    check_saved(folder, [STEPS], whole)
    logs = [
        [{k: v for k, v in line.items() if k != "images_per_second"} for line in Run.open(one).metrics()]
        for one in (folder, whole)
    ]
    assert logs[0] == logs[1]
    assert len((folder / "metrics.jsonl").read_bytes().splitlines()) == len(logs[0])
    names = [
        sorted(str(path.relative_to(one)) for path in one.rglob("*") if "checkpoints" not in path.parts)
        for one in (folder, whole)
    ]
    assert names[0] == names[1]
    assert [path.name for path in (folder / "checkpoints").iterdir() if not path.name.isdecimal()] == []
    for picture in (whole / "samples").iterdir():
        assert (folder / "samples" / picture.name).read_bytes() == picture.read_bytes()


def finish(data: object, place: Path, whole: Path, **changes: object) -> None:
    """Let a run go on to its end, and check that nothing tells it from an unbroken one."""
    code, _, err = Command(training(data, place / "run", keep=KEPT, **changes)).end()
    assert (code, OTHER_DEVICES.sub("", BEGIN_AGAIN.sub("", err)).strip()) == (0, ""), err
    check_whole(place / "run", whole)
