"""From a time to a number of steps, and to networks of a width that get somewhere in it: by a measured second."""

import dataclasses
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

import jax

from gancli.compute.mesh import DeviceMesh
from gancli.config import TrainConfig
from gancli.monitoring.forecast import SHARE_OF_STEPS
from gancli.recipes.resolve import uses
from gancli.reporting import OnlyProgress, Reporter, duration
from gancli.training.chunk import compile_chunk
from gancli.training.loop import run_steps
from gancli.training.placement import training_data
from gancli.workflows.prepare import prepare_new

ENOUGH_STEPS = 10_000  # fewer are given to narrower networks; chosen, not measured
NARROWEST = 32  # base channels
FEWEST_EVALUATIONS = 10
BETWEEN_EVALUATIONS = 120.0  # seconds, in which a run too short for so many has fewer
MEASURED = 1.0  # seconds


def within(
    config: TrainConfig,
    seconds: float,
    said: Collection[str],
    reporter: Reporter,
    data_dir: Path | None = None,
    *,
    most_steps: int | None = None,
) -> TrainConfig:
    """Return the configuration with as many steps as a time buys on this machine.

    Where the user did not say how wide convolutional networks are, they are halved until the time is enough for ten
    thousand steps, down to 32 base channels. A run of few steps is evaluated more often.

    Args:
        config: the run.
        seconds: that it may take in all.
        said: fields that the user set.
        reporter: hears what was measured, and how long the run will take.
        data_dir: where the data lies.
        most_steps: how many steps there are at most; None: any number.

    Raises:
        GancliError: the data cannot be had, or a name or value is wrong.
    """
    reporter.status(f"measuring a second of training, for as many steps as take {duration(seconds)}")
    while True:
        per_second = steps_per_second(config, data_dir, reporter)
        steps = _rounded(seconds * SHARE_OF_STEPS * per_second)
        narrower = config.base_channels // 2
        if (
            steps >= ENOUGH_STEPS
            or not uses(config, "base_channels")
            or "base_channels" in said
            or narrower < NARROWEST
        ):
            break
        reporter.status(f"--base-channels {config.base_channels}: {steps:,} steps in the time; trying {narrower}")
        config = dataclasses.replace(config, base_channels=narrower)
    steps = min(steps, most_steps or steps)
    changes = {"num_steps": steps}
    if config.evaluate_every and "evaluate_every" not in said:
        evaluations = min(FEWEST_EVALUATIONS, max(1.0, seconds / BETWEEN_EVALUATIONS))
        changes["evaluate_every"] = min(config.evaluate_every, _rounded(steps / evaluations))
    wide = f"--base-channels {config.base_channels}, " if uses(config, "base_channels") else ""
    taken = duration(steps / per_second / SHARE_OF_STEPS)
    reporter.status(f"{wide}--steps {steps}: they take about {taken} here")
    return dataclasses.replace(config, **changes)


def steps_per_second(config: TrainConfig, data_dir: Path | None, reporter: Reporter) -> float:
    """Measure a second of a run's own steps, after one that wakes the machine; only compiled programs are kept."""
    steps = max(config.num_steps, config.log_every + 2)
    rehearsed = dataclasses.replace(config, num_steps=steps, evaluate_every=0, decoder_steps=0)
    with tempfile.TemporaryDirectory(prefix="gancli-") as folder:
        ready = prepare_new(rehearsed, Path(folder, "run"), OnlyProgress(reporter), data_dir=data_dir)
    game = ready.game
    with training_data(game, ready.state.key, ready.setup.batches, 0, steps, ready.placement) as data:
        chunk = compile_chunk(game, ready.state, data)
        state = jax.device_put(ready.state, DeviceMesh(game.config.devices).each())
        seconds, done = 1.0, 0
        for count in (1, 1, None):
            count = count or min(max(1, round(MEASURED / seconds)), config.log_every)
            began = time.perf_counter()
            state, _ = run_steps(game, chunk, state, data, done, done + count)
            seconds, done = (time.perf_counter() - began) / count, done + count
    return 1 / seconds


def _rounded(steps: float) -> int:
    """Round down to two digits, so that two measurements on one machine mostly agree; at least 1."""
    whole = max(int(steps), 1)
    unit = 10 ** max(len(str(whole)) - 2, 0)
    return whole // unit * unit
