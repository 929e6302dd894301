"""``gancli train``: from a configuration to a run folder."""

import dataclasses
import math
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli import __version__, devices
from gancli.config import TrainConfig, option_name
from gancli.contrast import Contrast
from gancli.data.pipeline import Dataset, load
from gancli.errors import DivergedError, Interrupted, UsageError
from gancli.latents import PRIORS
from gancli.losses.adversarial import LOSSES
from gancli.models import MODELS
from gancli.runs import Checkpoints, Run, RunRecord, join_state
from gancli.training.decoder import check_decoder, with_trained_decoder
from gancli.training.gan import GAN, GANState
from gancli.training.interrupts import StopRequest
from gancli.training.loop import Chunk, Progress, compile_chunk, train
from gancli.training.optimizers import OPTIMIZERS
from gancli.training.step import UPDATES, Cursor
from gancli.workflows.drawing import check_fits, draw, picture
from gancli.workflows.monitor import Monitor, check_metrics
from gancli.workflows.reporting import Reporter

NUM_FIXED = 64  # samples in the pictures kept during training
PROBE_STEPS = 20
# What may differ between a run and its continuation: how far it goes and what it keeps, nothing that moves a weight.
RESUMABLE = (
    "num_steps",
    "log_every",
    "sample_every",
    "checkpoint_every",
    "keep",
    "evaluate_every",
    "metrics",
    "evaluate_samples",
    "patience",
)


@dataclass(frozen=True)
class TrainResult:
    """A finished run."""

    folder: Path
    steps: int  # generator updates in all
    images_seen: int
    seconds: float  # of this call's training, without compiling
    images_per_second: float
    last: Progress | None  # None where nothing was left to do
    evaluations: int = 0
    evaluation_seconds: float = 0.0  # of ``seconds``
    best: tuple[int, str, float] | None = None  # step of the best checkpoint, and its score by which metric


@dataclass(frozen=True)
class Plan:
    """What a configuration amounts to, measured on this machine."""

    config: TrainConfig
    generator_parameters: int
    discriminator_parameters: int
    state_bytes: int  # weights, averages, optimisers
    data_bytes: int
    working_bytes: int  # temporary memory of the compiled program
    seconds_to_compile: float
    seconds_per_1000_steps: float
    epochs: float  # passes over the data in all


def check_config(config: TrainConfig) -> None:
    """Raise a UsageError unless every name in the configuration is known."""
    for registry, name in (
        (LOSSES, config.loss),
        (MODELS, config.model),
        (PRIORS, config.prior),
        (OPTIMIZERS, config.optimizer),
        (UPDATES, config.updates),
    ):
        _ = registry[name]
    check_metrics(config)


def _prepare(config: TrainConfig, data_dir: Path | None) -> tuple[Dataset, GAN]:
    check_config(config)
    dataset = load(config.dataset, "train", data_dir)
    if config.batch_size > len(dataset):
        raise UsageError(
            f"--batch-size must be at most the {len(dataset)} training examples of '{dataset.name}', "
            f"got {config.batch_size}."
        )
    contrast = None
    if config.contrast:
        if not dataset.is_images:
            raise UsageError(f"--contrast is for images; data set '{dataset.name}' holds points.")
        contrast = Contrast.fit(config.contrast, dataset.examples)
    gan = GAN.build(config, dataset.shape, dataset.is_images, len(dataset), contrast)
    check_decoder(gan)
    return dataset, gan


def _first_state(gan: GAN, dataset: Dataset) -> GANState:
    state = gan.init(dataset.mean())
    return with_trained_decoder(gan, state, jax.device_put(dataset.examples)) if gan.config.decoder_steps else state


def new_run(
    config: TrainConfig, outdir: Path, reporter: Reporter, *, data_dir: Path | None = None, overwrite: bool = False
) -> TrainResult:
    """Train a new run.

    Raises:
        GancliError: ``outdir`` is taken, the data cannot be had, or something cannot be written.
        DivergedError: a loss or gradient was not finite.
        Interrupted: a signal stopped it; everything up to that step is saved.
    """
    Run.check_free(outdir, overwrite=overwrite)
    dataset, gan = _prepare(config, data_dir)
    devices.keep_compiled_programs()
    monitor = _monitor(gan, dataset, data_dir, reporter)
    state = _first_state(gan, dataset)
    data = {
        "shape": list(dataset.shape),
        "is_images": dataset.is_images,
        "num_examples": len(dataset),
        "sha256": dataset.fingerprint,
        "contrast": dataclasses.asdict(gan.contrast) if gan.contrast else None,
    }
    run = Run.create(outdir, RunRecord(__version__, config, data, devices.describe()), overwrite=overwrite)
    return _train(run, gan, state, dataset, reporter, monitor)


def resume_run(
    outdir: Path,
    recipe: dict[str, Any],
    options: dict[str, Any],
    reporter: Reporter,
    *,
    data_dir: Path | None = None,
) -> TrainResult:
    """Continue a run from its newest whole checkpoint, bit for bit as if it had never stopped.

    Args:
        outdir: the run.
        recipe: the data set, and the preset's fields if one was named: they must be the run's.
        options: the fields that the user set; only those in ``RESUMABLE`` may differ from the run's.
        reporter: who listens.
        data_dir: where the data lies.

    Raises:
        UsageError: an option, the data set or the data itself is not that of the run.
        GancliError, DivergedError, Interrupted: as in :func:`new_run`.
    """
    run = Run.open(outdir)
    began = run.record.config.to_dict()
    for name, value in (recipe | options).items():
        value = list(value) if isinstance(value, tuple) else value
        if name not in RESUMABLE and began[name] != value:
            what = "the data set" if name == "dataset" else f"--{option_name(name)}"
            raise UsageError(
                f"{what} of the run in '{outdir}' is {began[name]}, not {value}: a run goes on as it began. "
                f"Choose another --outdir for a new one."
            )
    config = TrainConfig.from_dict(began | {name: options[name] for name in RESUMABLE if name in options})
    dataset, gan = _prepare(config, data_dir)
    check_fits(dataset, run)
    if dataset.fingerprint != run.record.data["sha256"]:
        raise UsageError(
            f"the training examples of '{dataset.name}' found here are not those that the run in '{outdir}' began "
            f"with (other content or order). Give the --data-dir that it began with."
        )
    devices.keep_compiled_programs()
    monitor = _monitor(gan, dataset, data_dir, reporter)
    machine, now = run.record.machine, devices.describe()
    run = Run(outdir, RunRecord(run.record.gancli, config, run.record.data, machine))
    with run.checkpoints(writable=True) as checkpoints:
        if checkpoints.steps():
            step, items, skipped = checkpoints.newest(gan, ("generator", "ema", "discriminator", "training"))
            for line in skipped:
                reporter.warning(f"{line} Going on from step {step}.")
            if step > config.num_steps:
                raise UsageError(
                    f"--steps must be at least the {step} steps that the run in '{outdir}' has, got {config.num_steps}."
                )
            checkpoints.set_aside_after(step)
            state = join_state(items)
        else:
            step, state = 0, _first_state(gan, dataset)
            reporter.warning(f"run '{outdir}' has no complete checkpoint; beginning again at step 0.")
    for part in ("versions", "devices"):
        if machine[part] != now[part]:
            reporter.warning(f"the run began with other {part}; it may go on with other rounding than it would have.")
    run.write_record()
    run.forget_after(step)
    return _train(run, gan, state, dataset, reporter, monitor, start=step)


def _monitor(gan: GAN, dataset: Dataset, data_dir: Path | None, reporter: Reporter) -> Monitor | None:
    return Monitor(gan, dataset, data_dir, reporter) if gan.config.evaluate_every else None


def _train(
    run: Run,
    gan: GAN,
    state: GANState,
    dataset: Dataset,
    reporter: Reporter,
    monitor: Monitor | None,
    start: int = 0,
) -> TrainResult:
    config = gan.config
    images_per_step = config.k * config.batch_size
    if start >= config.num_steps:
        reporter.status(f"'{run.folder}' has its {config.num_steps} steps; nothing to do. Go further with --steps.")
        return TrainResult(run.folder, start, start * images_per_step, 0.0, 0.0, None)
    data = jax.device_put(dataset.examples)
    began = time.perf_counter()
    chunk = compile_chunk(gan, state, data)
    reporter.status(f"compiled in {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    with StopRequest() as stop, run.checkpoints(writable=True) as checkpoints:
        reporter.start(config.num_steps, start)
        last = None
        try:
            for state, last in train(gan, chunk, state, data, start):  # noqa: B020 (the state moves on)
                due = monitor is not None and last.step % config.evaluate_every == 0
                run.append_metrics(last.to_dict() | (monitor.measure(state) if monitor and due else {}))
                reporter.progress(last)
                scores = run.scores() if due else {}
                is_best = last.step in scores and run.best_step(scores) == last.step
                gave_up = due and _gave_up(run, scores)
                finished = last.step == config.num_steps or gave_up
                if finished or last.step % config.sample_every == 0:
                    run.write_samples(last.step, _fixed_samples(gan, state))
                if finished or stop.signal_number or is_best or last.step % config.checkpoint_every == 0:
                    checkpoints.save(state)
                if stop.signal_number and not finished:
                    checkpoints.wait()
                    name = signal.Signals(stop.signal_number).name
                    raise Interrupted(
                        f"stopped by {name} at step {last.step}; saved. Continue with --resume.", stop.signal_number
                    )
                if gave_up:
                    reporter.status(
                        f"stopped at step {last.step}: no better {config.metrics[0]} in {config.patience} evaluations."
                    )
                    break
            checkpoints.wait()
        except DivergedError as error:
            checkpoints.wait()
            raise DivergedError(f"{error} {_kept(checkpoints, run)} {_advice(config)}") from None
        best = _best(run, checkpoints)
    seconds = time.perf_counter() - began
    steps = last.step if last else start
    evaluated = monitor.seconds if monitor else 0.0
    return TrainResult(
        folder=run.folder,
        steps=steps,
        images_seen=steps * images_per_step,
        seconds=seconds,
        images_per_second=(steps - start) * images_per_step / (seconds - evaluated),
        last=last,
        evaluations=monitor.count if monitor else 0,
        evaluation_seconds=evaluated,
        best=best,
    )


def _gave_up(run: Run, scores: dict[int, float]) -> bool:
    """Return whether as many evaluations as the run's patience brought nothing better."""
    patience = run.record.config.patience
    if not patience or not scores:
        return False
    best = run.best_step(scores)
    return sum(step > best for step in scores) >= patience


def _best(run: Run, checkpoints: Checkpoints) -> tuple[int, str, float] | None:
    scores = run.scores()
    if not any(step in scores for step in checkpoints.steps()):
        return None
    step = run.best_step(checkpoints.steps())
    return step, run.record.config.metrics[0], scores[step]


def _kept(checkpoints: Checkpoints, run: Run) -> str:
    steps = checkpoints.steps()
    return f"The checkpoint of step {steps[-1]} is kept in '{run.folder}'." if steps else "No checkpoint had been due."


def _advice(config: TrainConfig) -> str:
    return (
        f"Try lower learning rates (now --generator-learning-rate {config.generator_learning_rate:g}, "
        f"--discriminator-learning-rate {config.discriminator_learning_rate:g})."
    )


def _fixed_samples(gan: GAN, state: GANState) -> bytes:
    """Draw the picture of a step: the same latents at every step, through the averaged weights."""
    count = NUM_FIXED if gan.is_images else 2000
    drawing = draw(gan, state.ema, count, seed=gan.config.seed)
    return picture(gan, state.ema, state.discriminator, drawing, title=f"step {int(state.step)}")


def plan(config: TrainConfig, data_dir: Path | None = None) -> Plan:
    """Measure what a configuration costs on this machine; writes nothing.

    Raises:
        GancliError: the data cannot be had, or a name or value is wrong.
    """
    dataset, gan = _prepare(config, data_dir)
    devices.keep_compiled_programs()
    state = gan.init(dataset.mean())
    data = jax.device_put(dataset.examples)
    began = time.perf_counter()
    chunk = compile_chunk(gan, state, data)
    seconds_to_compile = time.perf_counter() - began
    steps = min(PROBE_STEPS, config.log_every)
    counts = [_count(params) for params in (state.generator, state.discriminator)]
    state_bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    state, seconds_per_step = _probe(gan, chunk, state, data, steps)
    return Plan(
        config=config,
        generator_parameters=counts[0],
        discriminator_parameters=counts[1],
        state_bytes=state_bytes,
        data_bytes=data.nbytes,
        working_bytes=chunk.working_bytes,
        seconds_to_compile=seconds_to_compile,
        seconds_per_1000_steps=1000 * seconds_per_step,
        epochs=config.num_steps * config.k * config.batch_size / len(dataset),
    )


def _probe(gan: GAN, chunk: Chunk, state: GANState, data: jax.Array, steps: int) -> tuple[GANState, float]:
    """Run ``steps`` steps twice; the first time wakes the machine, the second is measured."""
    seconds = math.inf
    for start in (0, steps):
        began = time.perf_counter()
        state, report = chunk.run(state, data, Cursor.at(start, gan), jnp.int32(steps))
        jax.block_until_ready(report)
        seconds = (time.perf_counter() - began) / steps
    return state, seconds


def _count(params: object) -> int:
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))
