"""``gancli train``: from a configuration to a run folder."""

import contextlib
import dataclasses
import multiprocessing
import signal
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli import __version__
from gancli.compute import devices
from gancli.compute.mesh import DeviceMesh
from gancli.config import TrainConfig, option_name
from gancli.data.catalog import is_path
from gancli.data.images.decode import Framing
from gancli.data.load import Dataset, framing_of, load_for
from gancli.errors import DivergedError, Interrupted, UsageError
from gancli.games.adversarial import UPDATES, Batch
from gancli.games.augmentation import AUGMENTATIONS
from gancli.games.decoder import check_decoder, with_trained_decoder
from gancli.games.pair import GAN, GANState
from gancli.games.passes import PRECISIONS
from gancli.imaging.contrast import Contrast
from gancli.latents import PRIORS
from gancli.losses.catalog import fingerprint, objective
from gancli.models import MODELS
from gancli.monitoring.accuracy import Judge
from gancli.monitoring.metrics import Monitor, check_metrics
from gancli.monitoring.recorder import Recorder
from gancli.reporting import Reporter, Silence
from gancli.runs.exported import is_export
from gancli.runs.folder import Run, RunRecord, join_state
from gancli.sampling.drawing import check_fits
from gancli.training.delivery import delivered, why_streamed
from gancli.training.interrupts import StopRequest
from gancli.training.loop import (
    Chunk,
    Progress,
    compile_chunk,
    compile_chunks,
    train,
    train_together,
)
from gancli.training.optimizers import OPTIMIZERS
from gancli.training.streaming import Stream

PROBE_UPDATES = 20  # of the discriminator
# What may differ between a run and its continuation: how far it goes and what it keeps, nothing that moves a weight.
RESUMABLE = (
    "stream",
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
    seconds_to_compile: float
    working_bytes: int  # temporary memory of the compiled program
    peak_bytes: int | None  # the most that was in use, see :func:`gancli.compute.devices.peak_memory`
    last: Progress | None  # None where nothing was left to do
    evaluations: int = 0
    evaluation_seconds: float = 0.0  # of ``seconds``
    best: tuple[int, str, float] | None = None  # step of the best checkpoint, and its score by which metric
    verdict: str | None = None  # on modes and balance, where they are known
    accuracies: dict[str, float] = field(default_factory=dict)  # of D, on data of both kinds and on samples
    null_spread: float | None = None  # of G's loss between batches of data, where G compares samples


@dataclass(frozen=True)
class Plan:
    """What a configuration amounts to, measured on this machine."""

    config: TrainConfig
    generator_parameters: int
    discriminator_parameters: int
    num_devices: int  # that share each batch
    state_bytes: int  # weights, averages, optimizers; on each device, as the next two
    data_bytes: int
    streamed: str | None  # why, where the data does not go to the device as a whole
    working_bytes: int  # temporary memory of the compiled program
    peak_bytes: int | None  # the most that a run is expected to have in use
    seconds_to_compile: float
    seconds_per_1000_steps: float
    epochs: float  # passes over the data in all


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to train, with all that it needs."""

    run: Run
    gan: GAN
    state: GANState
    dataset: Dataset
    judge: Judge
    monitor: Monitor | None
    start: int  # steps done


def check_config(config: TrainConfig) -> None:
    """Raise a UsageError unless every name in the configuration is known."""
    _ = objective(config.loss)
    for registry, name in (
        (MODELS, config.model),
        (PRIORS, config.prior),
        (OPTIMIZERS, config.optimizer),
        (UPDATES, config.updates),
        (PRECISIONS, config.precision),
    ):
        _ = registry[name]
    for name in config.augment:
        _ = AUGMENTATIONS[name]
    check_metrics(config)


def _prepare(config: TrainConfig, data_dir: Path | None, reporter: Reporter | None = None) -> tuple[Dataset, GAN]:
    check_config(config)
    if framing_of(config) != Framing() and not is_path(config.dataset):
        raise UsageError(
            f"--resolution, --crop and --channels are for one's own pictures; '{config.dataset}' stays as it is."
        )
    dataset = load_for(config, "train", data_dir, reporter)
    for option, wanted in (
        ("--mirror", config.mirror),
        ("--augment", config.augment),
        ("--conditional", config.conditional),
    ):
        if wanted and not dataset.is_images:
            raise UsageError(f"{option} is for images; data set '{dataset.name}' holds points.")
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
    counts = tuple(dataset.class_counts().values()) if config.conditional else ()
    gan = GAN.build(config, dataset.shape, dataset.is_images, len(dataset), contrast, counts)
    check_decoder(gan)
    _ = DeviceMesh(gan.num_devices)  # whether there are so many
    return dataset, gan


def _first_state(gan: GAN, dataset: Dataset, reporter: Reporter) -> GANState:
    state = jax.block_until_ready(gan.init(dataset.mean()))  # if it does not fit, no folder is made
    if not gan.config.decoder_steps:
        return state
    if reason := why_streamed(gan, dataset.examples.nbytes):
        raise UsageError(
            f"--decoder-steps {gan.config.decoder_steps} needs all data on the device, and it would be streamed "
            f"({reason}). Take --decoder-steps 0 or --stream never."
        )
    began = time.perf_counter()
    state = jax.block_until_ready(with_trained_decoder(gan, state, jax.device_put(dataset.examples)))
    reporter.status(
        f"trained the decoder for {gan.config.decoder_steps:,} steps in {time.perf_counter() - began:.1f} s"
    )
    return state


def new_run(
    config: TrainConfig, outdir: Path, reporter: Reporter, *, data_dir: Path | None = None, overwrite: bool = False
) -> TrainResult:
    """Train a new run.

    Raises:
        GancliError: ``outdir`` is taken, the data cannot be had, or something cannot be written.
        DivergedError: a loss or gradient was not finite.
        Interrupted: a signal stopped it; everything up to that step is saved.
    """
    return train_prepared(prepare_new(config, outdir, reporter, data_dir=data_dir, overwrite=overwrite), reporter)


def prepare_new(
    config: TrainConfig, outdir: Path, reporter: Reporter, *, data_dir: Path | None = None, overwrite: bool = False
) -> Prepared:
    """Make everything ready for a new run, its folder included; errors as in :func:`new_run`."""
    Run.check_free(outdir, overwrite=overwrite)
    dataset, gan = _prepare(config, data_dir, reporter)
    devices.keep_compiled_programs()
    judge, monitor = Judge(gan, dataset, data_dir), _monitor(gan, dataset, data_dir, reporter)
    state = _first_state(gan, dataset, reporter)
    data = {
        "shape": list(dataset.shape),
        "is_images": dataset.is_images,
        "num_examples": len(dataset),
        "sha256": dataset.fingerprint,
        "contrast": dataclasses.asdict(gan.contrast) if gan.contrast else None,
        **_classes(config, dataset),
        "loss_sha256": fingerprint(config.loss),
    }
    run = Run.create(outdir, RunRecord(__version__, config, data, devices.describe()), overwrite=overwrite)
    return Prepared(run, gan, state, dataset, judge, monitor, 0)


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
    return train_prepared(prepare_resumed(outdir, recipe, options, reporter, data_dir=data_dir), reporter)


def prepare_resumed(
    outdir: Path,
    recipe: dict[str, Any],
    options: dict[str, Any],
    reporter: Reporter,
    *,
    data_dir: Path | None = None,
) -> Prepared:
    """Make everything ready to continue a run; arguments and errors as in :func:`resume_run`."""
    run = Run.open(outdir)
    if is_export(outdir):
        raise UsageError(
            f"'{outdir}' holds an exported generator, which cannot be trained on: it has no discriminator."
        )
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
    dataset, gan = _prepare(config, data_dir, reporter)
    check_fits(dataset, run)
    found = {"sha256": dataset.fingerprint, **_classes(config, dataset)}
    if any(run.record.data[name] != value for name, value in found.items()):
        own = "Put the pictures back as they were, or choose another --outdir for a new run."
        raise UsageError(
            f"the training examples of '{dataset.name}' found here are not those that the run in '{outdir}' began "
            f"with (other content, order or classes). "
            + (own if is_path(dataset.name) else "Give the --data-dir that it began with.")
        )
    if fingerprint(config.loss) != run.record.data.get("loss_sha256"):
        raise UsageError(
            f"--loss {config.loss}: the file is not as it was when the run in '{outdir}' began: a run goes on as it "
            f"began. Choose another --outdir for a new one."
        )
    devices.keep_compiled_programs()
    judge, monitor = Judge(gan, dataset, data_dir), _monitor(gan, dataset, data_dir, reporter)
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
            step, state = 0, _first_state(gan, dataset, reporter)
            reporter.warning(f"run '{outdir}' has no complete checkpoint; beginning again at step 0.")
    for part in ("versions", "devices"):
        if machine[part] != now[part]:
            reporter.warning(f"the run began with other {part}; it may go on with other rounding than it would have.")
    run.write_record()
    run.forget_after(step)
    return Prepared(run, gan, state, dataset, judge, monitor, step)


def _batch(dataset: Dataset) -> Batch:
    return Batch(dataset.examples, dataset.labels)


def _classes(config: TrainConfig, dataset: Dataset) -> dict[str, Any]:
    """Return what a run's record says of classes: nothing, unless the networks are told of them."""
    if not config.conditional:
        return {}
    return {"classes": dataset.class_counts(), "labels_sha256": dataset.labels_fingerprint}


def _monitor(gan: GAN, dataset: Dataset, data_dir: Path | None, reporter: Reporter) -> Monitor | None:
    return Monitor(gan, dataset, data_dir, reporter) if gan.config.evaluate_every else None


def train_prepared(ready: Prepared, reporter: Reporter) -> TrainResult:
    """Train a run that is ready; errors as in :func:`new_run`."""
    config = ready.gan.config
    if ready.start >= config.num_steps:
        return _nothing_to_do(ready, reporter)
    reason = why_streamed(ready.gan, ready.dataset.examples.nbytes)
    if reason:
        reporter.status(f"streaming the data: {reason}")
    batch = _batch(ready.dataset)
    with delivered(ready.gan, ready.state.key, batch, ready.start, config.num_steps, stream=bool(reason)) as data:
        return _train_on(data, ready, reporter)


def _train_on(data: Batch | Stream, ready: Prepared, reporter: Reporter) -> TrainResult:
    run, gan, state, start = ready.run, ready.gan, ready.state, ready.start
    chunk = compile_chunk(gan, state, data)
    reporter.status(f"compiled in {chunk.seconds_to_compile:.1f} s")
    began = time.perf_counter()
    with StopRequest() as stop, run.checkpoints(writable=True) as checkpoints:
        recorder = Recorder(run, gan, ready.judge, ready.monitor, checkpoints, reporter)
        reporter.start(gan.config.num_steps, start)
        try:
            for state, progress in train(gan, chunk, state, data, start):  # noqa: B020 (the state moves on)
                reporter.progress(progress)
                stopped_by = stop.signal_number  # read once: what is said to be saved is what was saved
                if recorder.record(state, progress, stopping=stopped_by is not None):
                    break
                _interrupt(stopped_by, progress.step)
        except DivergedError as error:
            raise recorder.explain(error) from None
        best = recorder.best()
    return _result(ready, recorder, chunk, best, time.perf_counter() - began)


def train_seeds_together(ready: Sequence[Prepared], reporter: Reporter) -> list[TrainResult]:
    """Train runs that differ in their seeds only, all from the same step, as one program.

    Raises:
        DivergedError: one of them diverged; all keep their checkpoints.
        Interrupted: a signal stopped them; all are saved.
    """
    gan, start = ready[0].gan, ready[0].start
    if start >= gan.config.num_steps:
        return [_nothing_to_do(one, reporter) for one in ready]
    data = jax.device_put(_batch(ready[0].dataset))
    states = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(one.state for one in ready))
    chunk = compile_chunks(gan, states, data)
    reporter.status(f"compiled for {len(ready)} runs in {chunk.seconds_to_compile:.1f} s")
    began = time.perf_counter()
    with StopRequest() as stop, contextlib.ExitStack() as stack:
        kept = [stack.enter_context(one.run.checkpoints(writable=True)) for one in ready]
        recorders = [
            Recorder(one.run, one.gan, one.judge, one.monitor, checkpoints, reporter)
            for one, checkpoints in zip(ready, kept, strict=True)
        ]
        reporter.start(gan.config.num_steps, start)
        try:
            for states, progresses in train_together(gan, chunk, states, data, start):  # noqa: B020
                reporter.progress(progresses[0])
                stopped_by = stop.signal_number  # read once: what is said to be saved is what was saved
                for index, (recorder, progress) in enumerate(zip(recorders, progresses, strict=True)):
                    recorder.record(jax.tree.map(itemgetter(index), states), progress, stopping=stopped_by is not None)
                if progresses[0].step < gan.config.num_steps:
                    _interrupt(stopped_by, progresses[0].step)
        except DivergedError as error:
            raise recorders[0].explain(error) from None
        bests = [recorder.best() for recorder in recorders]
    seconds = time.perf_counter() - began
    return [
        _result(one, recorder, chunk, best, seconds)
        for one, recorder, best in zip(ready, recorders, bests, strict=True)
    ]


def _interrupt(signal_number: int | None, step: int) -> None:
    if signal_number is not None:
        name = signal.Signals(signal_number).name
        raise Interrupted(f"stopped by {name} at step {step}; saved. Continue with --resume.", signal_number)


def _nothing_to_do(ready: Prepared, reporter: Reporter) -> TrainResult:
    config = ready.gan.config
    reporter.status(f"'{ready.run.folder}' has its {config.num_steps} steps; nothing to do. Go further with --steps.")
    return TrainResult(
        folder=ready.run.folder,
        steps=ready.start,
        images_seen=ready.start * config.k * config.batch_size,
        seconds=0.0,
        images_per_second=0.0,
        seconds_to_compile=0.0,
        working_bytes=0,
        peak_bytes=devices.peak_memory(),
        last=None,
    )


def _result(
    ready: Prepared, recorder: Recorder, chunk: Chunk, best: tuple[int, str, float] | None, seconds: float
) -> TrainResult:
    config = ready.gan.config
    images_per_step = config.k * config.batch_size
    steps = recorder.last.step if recorder.last else ready.start
    evaluated = ready.monitor.seconds if ready.monitor else 0.0
    return TrainResult(
        folder=ready.run.folder,
        steps=steps,
        images_seen=steps * images_per_step,
        seconds=seconds,
        images_per_second=(steps - ready.start) * images_per_step / (seconds - evaluated),
        seconds_to_compile=chunk.seconds_to_compile,
        working_bytes=chunk.working_bytes,
        peak_bytes=devices.peak_memory(),
        last=recorder.last,
        evaluations=ready.monitor.count if ready.monitor else 0,
        evaluation_seconds=evaluated,
        best=best,
        verdict=recorder.verdict(),
        accuracies=recorder.accuracies,
        null_spread=ready.judge.null_spread(),
    )


def plan(config: TrainConfig, reporter: Reporter, data_dir: Path | None = None) -> Plan:
    """Measure what a configuration costs on this machine, by a rehearsal that leaves only compiled programs behind.

    On a CPU a second rehearsal, in a process of its own, tells the peak of memory: as in a run after this one, the
    programs are there, and compiling is not what takes most.

    Raises:
        GancliError: the data cannot be had, or a name or value is wrong.
        DivergedError: a loss or gradient was not finite.
        Interrupted: a signal stopped it.
    """
    ready, result = _rehearse(config, data_dir, reporter)
    peak_bytes = result.peak_bytes
    if jax.default_backend() == "cpu":
        reporter.status("once more, for the peak of memory")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            peak_bytes = pool.submit(_rehearsed_peak, config, data_dir).result()
    assert result.last is not None, "a rehearsal without steps"
    seconds_per_step = config.k * config.batch_size / result.last.images_per_second
    streamed = why_streamed(ready.gan, ready.dataset.examples.nbytes)
    if streamed:  # so few steps were read ahead; where reading takes longer than training, a long run waits for it
        stream = Stream(ready.gan, jax.random.key(config.seed), _batch(ready.dataset), 0, 1)
        seconds_per_step = max(seconds_per_step, stream.seconds_to_read())
    return Plan(
        config=config,
        generator_parameters=_count(ready.state.generator),
        discriminator_parameters=_count(ready.state.discriminator),
        num_devices=ready.gan.num_devices,
        state_bytes=sum(leaf.nbytes for leaf in jax.tree.leaves(ready.state)),
        data_bytes=ready.dataset.examples.nbytes,
        streamed=streamed,
        working_bytes=result.working_bytes,
        peak_bytes=peak_bytes,
        seconds_to_compile=result.seconds_to_compile,
        seconds_per_1000_steps=1000 * seconds_per_step,
        epochs=config.num_steps * config.k * config.batch_size / len(ready.dataset),
    )


def _rehearse(config: TrainConfig, data_dir: Path | None, reporter: Reporter) -> tuple[Prepared, TrainResult]:
    """Train for a few steps in a folder that goes with them.

    They are steps of the run's own program, and once or twice everything else happens that a run does as time goes by:
    samples, checkpoints, an evaluation. So the peak of memory is the run's.
    """
    steps = min(max(1, PROBE_UPDATES // config.k), config.log_every)
    rehearsed = dataclasses.replace(
        config,
        num_steps=2 * steps,  # the first half wakes the machine, the second one is measured
        sample_every=steps,
        checkpoint_every=steps,
        evaluate_every=2 * steps if config.evaluate_every else 0,
        decoder_steps=min(steps, config.decoder_steps),
    )
    with tempfile.TemporaryDirectory(prefix="gancli-") as folder:
        ready = prepare_new(rehearsed, Path(folder) / "run", reporter, data_dir=data_dir)
        try:
            return ready, train_prepared(ready, reporter)
        except Interrupted as stop:
            raise Interrupted("stopped; a dry run keeps nothing.", stop.signal_number) from None


def _rehearsed_peak(config: TrainConfig, data_dir: Path | None) -> int | None:
    return _rehearse(config, data_dir, Silence())[1].peak_bytes


def _count(params: object) -> int:
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))
