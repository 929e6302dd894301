"""``gancli train --dry-run``: what a configuration costs on this machine."""

import dataclasses
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import jax

from gancli.config import TrainConfig
from gancli.errors import GancliError, Interrupted
from gancli.reporting import Aside, Reporter, Silence
from gancli.training.placement import STREAMED, Placement
from gancli.training.streaming import Stream
from gancli.workflows import processes
from gancli.workflows.prepare import Prepared, count_parameters, prepare_new
from gancli.workflows.train import TrainResult, train_prepared

PROBE_UPDATES = 20  # of the discriminator


@dataclass(frozen=True)
class Plan:
    """What a configuration amounts to, measured on this machine."""

    config: TrainConfig
    parameters: dict[str, int]  # by player
    num_devices: int  # that share each batch
    state_bytes: int  # weights, averages, optimizers; on each device, as the next two
    data_bytes: int
    placement: Placement  # of the data
    working_bytes: int  # temporary memory of the compiled program
    peak_bytes: int | None  # the most that a run is expected to have in use
    seconds_to_compile: float
    seconds_per_1000_steps: float
    epochs: float  # passes over the data in all


def plan(config: TrainConfig, reporter: Reporter, data_dir: Path | None = None) -> Plan:
    """Measure what a configuration costs on this machine, by a rehearsal that leaves only compiled programs behind.

    On a CPU a second rehearsal, in a process of its own, tells the peak of memory: as in a run after this one, the
    programs are there, and compiling is not what takes most.

    Raises:
        GancliError: the data cannot be had, or a name or value is wrong.
        DivergedError: a loss or gradient was not finite.
        Interrupted: a signal stopped it.
    """
    with tempfile.TemporaryDirectory(prefix="gancli-") as folder:
        reporter.status(f"rehearsing {2 * _half(config)} steps of {config.num_steps:,}")
        ready, result = _rehearse(config, Path(folder, "run"), data_dir, Aside(reporter))
        peak_bytes = result.peak_bytes
        if jax.default_backend() == "cpu":
            reporter.status("once more, for the peak of memory")
            peak_bytes = _peak_elsewhere(config, Path(folder, "again"), data_dir)
    assert result.last is not None, "a rehearsal without steps"
    images_per_step = ready.game.domains[0].rows_per_step
    seconds_per_step = images_per_step / result.last.images_per_second
    if ready.placement.where == STREAMED:
        # So few steps were read ahead; where reading takes longer than training, a long run waits for it.
        stream = Stream(ready.game, jax.random.key(config.seed), ready.setup.batches, 0, 1)
        seconds_per_step = max(seconds_per_step, stream.seconds_to_read())
    return Plan(
        config=dataclasses.replace(
            config, penalty_weight=ready.game.config.penalty_weight, augment=ready.game.config.augment
        ),
        parameters=count_parameters(ready.game),
        num_devices=ready.game.config.devices,
        state_bytes=sum(leaf.nbytes for leaf in jax.tree.leaves(ready.state)),
        data_bytes=ready.setup.data_bytes,
        placement=ready.placement,
        working_bytes=result.working_bytes,
        peak_bytes=peak_bytes,
        seconds_to_compile=result.seconds_to_compile,
        seconds_per_1000_steps=1000 * seconds_per_step,
        epochs=config.num_steps * images_per_step / ready.game.domains[0].num_examples,
    )


def _rehearse(
    config: TrainConfig, folder: Path, data_dir: Path | None, reporter: Reporter
) -> tuple[Prepared, TrainResult]:
    """Train for a few steps.

    They are steps of the run's own program, and once or twice everything else happens that a run does as time goes by:
    samples, checkpoints, an evaluation. So the peak of memory is the run's.
    """
    steps = _half(config)
    rehearsed = dataclasses.replace(
        config,
        num_steps=2 * steps,  # the first half wakes the machine, the second one is measured
        sample_every=steps,
        checkpoint_every=steps,
        evaluate_every=2 * steps if config.evaluate_every else 0,
        decoder_steps=min(steps, config.decoder_steps),
    )
    ready = prepare_new(rehearsed, folder, reporter, data_dir=data_dir)
    try:
        return ready, train_prepared(ready, reporter)
    except Interrupted as stop:
        raise Interrupted("stopped; a dry run keeps nothing.", stop.signal_number) from None


def _half(config: TrainConfig) -> int:
    """Return how many steps half of a rehearsal has."""
    return min(max(1, PROBE_UPDATES // config.k), config.log_every)


def _peak_elsewhere(config: TrainConfig, folder: Path, data_dir: Path | None) -> int | None:
    """Rehearse in a process of its own and return the peak of its memory."""
    connection, process = processes.start(_rehearsed_peak, config, folder, data_dir)
    try:
        kind, content = connection.recv()
    except EOFError:
        raise GancliError("the process of the second rehearsal died without a word; memory may be full.") from None
    finally:
        process.terminate()  # one that is done is gone; after Ctrl-C nobody waits for it
        process.join()
    if kind == "result":
        return content
    failure = GancliError(content[0])
    failure.exit_code = content[1]
    raise failure


def _rehearsed_peak(connection: Connection, config: TrainConfig, folder: Path, data_dir: Path | None) -> int | None:
    del connection  # it reports no progress
    return _rehearse(config, folder, data_dir, Silence())[1].peak_bytes
