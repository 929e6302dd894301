"""Everything that a run needs before its first step: data, game, state, folder."""

import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from gancli import __version__, own_files
from gancli.compute import devices, hosts
from gancli.compute.environment import RECORDED
from gancli.compute.mesh import DeviceMesh
from gancli.compute.programs import keep_compiled_programs
from gancli.config import AUTO, TrainConfig, option_name
from gancli.data.load import Dataset
from gancli.errors import UsageError
from gancli.evaluation.likeness import likenesses, write_likenesses
from gancli.games.decoder import with_trained_decoder
from gancli.games.translates import goes_to_classes, ways_of
from gancli.metrics.catalog import METRICS
from gancli.monitoring.accuracy import AccuracyProbe
from gancli.monitoring.metrics import Monitor
from gancli.reporting import Reporter, duration, number_of, show_shape
from gancli.runs.exported import is_export
from gancli.runs.folder import LIKENESS, Run, RunRecord
from gancli.runs.trained import check_data
from gancli.training.game import Game, begin, layout
from gancli.training.placement import COPIED, Placement, place
from gancli.training.state import TrainState, join_state, split_state
from gancli.workflows import few_images
from gancli.workflows.setup import Setup, kept_labels, set_up

# What is settled when a run begins: said of one that goes on, it asks for nothing else.
SETTLED = (("devices", 0), ("penalty_weight", None), ("schedule_steps", 0), ("augment", list(AUTO)))
# What may differ between a run and its continuation: how far it goes and what it keeps, nothing that moves a weight.
RESUMABLE = (
    "stream",
    "data_placement",
    "num_steps",
    "log_every",
    "sample_every",
    "checkpoint_every",
    "keep",
    "evaluate_every",
    "metrics",
    "features",
    "evaluate_samples",
    "patience",
)


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to train, with all that it needs."""

    run: Run
    state: TrainState
    setup: Setup
    placement: Placement  # of its data
    probe: AccuracyProbe
    monitor: Monitor | None
    start: int  # steps done

    @property
    def game(self) -> Game:
        """What is played."""
        return self.setup.game


def _on_devices_here(config: TrainConfig) -> TrainConfig:
    """Return the configuration of a run that goes on; where its devices are not there, it chooses others."""
    try:
        _ = DeviceMesh(config.devices)
    except UsageError:
        return dataclasses.replace(config, devices=0)
    return config


def _introduce(game: Game, datasets: Mapping[str, Dataset], outdir: Path, reporter: Reporter, start: int = 0) -> None:
    """Say in one line what is about to happen, before anything is compiled."""
    config = game.config
    dataset, *others = datasets.values()
    what = f"images of {show_shape(dataset.shape)}" if dataset.is_images else "points"
    ways = ways_of(game)
    if ways and not others and not goes_to_classes(game):
        what = f"pairs of images of {show_shape(ways[0].source.shape)}"
    if (kinds := len(dataset.classes)) > 1:
        what += f", {kinds:,} {'classes' if dataset.is_images else 'modes'}"
    beside = "".join(f" and {other.name} ({len(other):,})" for other in others)
    sizes = ", ".join(f"{name} {count:,}" for name, count in count_parameters(game).items())
    several = f"{config.devices} x " if config.devices > 1 else ""
    epochs = config.num_steps * game.domains[0].rows_per_step / len(dataset)
    reporter.status(
        f"{dataset.name} ({len(dataset):,} {what}){beside}, {config.model} ({sizes} parameters), "
        f"on {several}{jax.local_devices()[0].device_kind}, into {outdir}: "
        f"{number_of(config.num_steps, 'step', 'steps')} ({epochs:,.1f} epochs)"
        + (f", from step {start:,} on" if start else "")
    )


def count_parameters(game: Game) -> dict[str, int]:
    """Return the number of parameters of each player."""
    params = layout(game).params
    return {one.name: sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params[one.name])) for one in game.players}


def _first_state(setup: Setup, placement: Placement, reporter: Reporter) -> TrainState:
    game, config, domain = setup.game, setup.game.config, setup.game.domains[0]
    dataset = setup.datasets[domain.name]
    means = {name: one.mean() for name, one in setup.datasets.items()}
    means |= {one.name: means[domain.name] for one in game.domains if one.name not in means}  # labeled ones are of all
    state = jax.block_until_ready(begin(game, means))  # if it does not fit, no folder is made
    if not config.decoder_steps:
        return state
    if placement.where != COPIED:
        raise UsageError(
            f"--decoder-steps {config.decoder_steps} needs all data on the device, and it would be {placement.where} "
            f"({placement.reason}). Take --decoder-steps 0, or --stream never --data-placement copied."
        )
    began = time.perf_counter()
    state = jax.block_until_ready(with_trained_decoder(config, domain, state, jax.device_put(dataset.examples)))
    reporter.status(
        f"trained the decoder for {config.decoder_steps:,} steps in {duration(time.perf_counter() - began)}"
    )
    return state


def _files(config: TrainConfig) -> dict[str, dict[str, str] | None]:
    """Return the user's files that a configuration names, by option."""
    return {option: own_files.keep(f"--{option}", getattr(config, option)) for option in ("loss", "model", "game")}


def prepare_new(
    config: TrainConfig, outdir: Path, reporter: Reporter, *, data_dir: Path | None = None, overwrite: bool = False
) -> Prepared:
    """Make everything ready for a new run, its folder included.

    Raises:
        GancliError: ``outdir`` is taken, the data cannot be had, or something cannot be written.
    """
    if hosts.leads():
        Run.check_free(outdir, overwrite=overwrite)
    files = _files(config)
    # Kept as a number, so that the run may go further without beginning its schedules again.
    config = dataclasses.replace(config, schedule_steps=config.moving_steps) if config.moves else config
    setup = set_up(config, files, data_dir, reporter)
    game, datasets = setup.game, setup.datasets
    _introduce(game, datasets, outdir, reporter)
    keep_compiled_programs()
    probe, monitor = _monitoring(game, datasets, reporter)
    for dataset in datasets.values():
        if said := few_images.augmentation_said(config, setup.config, dataset):
            reporter.status(said)
        if reason := few_images.warning(setup.config, dataset):
            reporter.warning(reason)
    placement = place(setup.config, setup.data_bytes)
    state = _first_state(setup, placement, reporter)
    record = RunRecord(__version__, setup.config, setup.records, devices.describe(), files)
    placement = _meet(record, 0, placement)
    run = Run.create(outdir, record, overwrite=overwrite) if hosts.leads() else Run(outdir, record)
    _keep_likenesses(run, setup, reporter)
    return Prepared(run, state, setup, placement, probe, monitor, 0)


def _keep_likenesses(run: Run, setup: Setup, reporter: Reporter) -> None:
    """Keep what the images of a game that translates are like, unless it is kept already."""
    path = run.folder / LIKENESS
    if (ways := ways_of(setup.game)) and hosts.leads() and not path.exists():
        write_likenesses(path, likenesses([way.source.name for way in ways], setup.datasets, reporter))


def _meet(record: RunRecord, step: int, placement: Placement) -> Placement:
    """Make sure that all processes of a run are about to do the same, and return where all have the data.

    Raises:
        GancliError: they are not.
    """
    if hosts.count() == 1:  # digests take a moment
        return placement
    placements = hosts.compare(
        {
            "versions": hosts.digest_of([record.machine["python"], record.machine["versions"]]),
            "code": hosts.code_digest(),
            "configuration": hosts.digest_of([record.config.to_dict(), record.files]),
            "environment": hosts.digest_of(record.machine["environment"]),
            "data": hosts.digest_of([dataclasses.asdict(one) for one in record.domains]),
            "newest checkpoint": str(step),
        },
        own=placement.where,
    )
    return placement.frugal(placements)


def prepare_resumed(
    outdir: Path,
    recipe: dict[str, Any],
    options: dict[str, Any],
    reporter: Reporter,
    *,
    data_dir: Path | None = None,
) -> Prepared:
    """Make everything ready to continue a run from its newest whole checkpoint.

    Args:
        outdir: the run.
        recipe: the data set, and the preset's fields if one was named: they must be the run's.
        options: the fields that the user set; only those in ``RESUMABLE`` may differ from the run's.
        reporter: receives progress.
        data_dir: where the data lies.

    Raises:
        UsageError: an option, the data set or the data itself is not that of the run.
        GancliError: the run or the data cannot be read.
    """
    run = Run.open(outdir)
    if is_export(outdir):
        raise UsageError(f"'{outdir}' was exported, and cannot be trained on: it has no discriminator.")
    config = _on_devices_here(_continued(run, recipe, options))
    for option, kept in run.record.files.items():
        own_files.check_unchanged(f"--{option}", getattr(config, option), kept, outdir)
    kept = kept_labels(run.record)
    setup = set_up(config, run.record.files, data_dir, reporter, kept)
    datasets = setup.datasets
    for name, dataset in datasets.items():
        check_data(dataset, run, "or choose another --outdir for a new run", domain=name)
    run = Run(outdir, dataclasses.replace(run.record, config=setup.config))
    game = setup.game
    keep_compiled_programs()
    probe, monitor = _monitoring(game, datasets, reporter)
    placement = place(setup.config, setup.data_bytes)
    step, state = _last_state(run, setup, placement, reporter)
    if step < setup.config.num_steps:
        _introduce(game, datasets, outdir, reporter, start=step)
    now: dict[str, Any] = devices.describe()
    began = {"environment": now["environment"]} | run.record.machine  # runs of older versions did not record it
    moved = [name for name in RECORDED if began["environment"].get(name) != now["environment"].get(name)]
    for part, what in (
        ("versions", "versions"),
        ("devices", "devices"),
        ("environment", f"values of {' and '.join(moved)}"),
    ):
        if began[part] != now[part]:
            reporter.warning(f"the run began with other {what}; it may go on with other rounding than it would have.")
    placement = _meet(dataclasses.replace(run.record, machine=now), step, placement)
    if hosts.leads():
        run.write_record()
        run.forget_after(step)
    _keep_likenesses(run, setup, reporter)
    return Prepared(run, state, setup, placement, probe, monitor, step)


def _continued(run: Run, recipe: dict[str, Any], options: dict[str, Any]) -> TrainConfig:
    """Return the configuration that a run goes on with."""
    began = run.record.config.to_dict()
    for name, value in (recipe | options).items():
        value = list(value) if isinstance(value, tuple) else value
        if (name, value) in SETTLED:
            continue
        if name not in RESUMABLE and began[name] != value:
            what = "the data set" if name == "dataset" else f"--{option_name(name)}"
            raise UsageError(
                f"{what} of the run in '{run.folder}' is {began[name]}, not {value}: a run goes on as it began. "
                f"Choose another --outdir for a new one."
            )
    return TrainConfig.from_dict(began | {name: options[name] for name in RESUMABLE if name in options})


def _last_state(run: Run, setup: Setup, placement: Placement, reporter: Reporter) -> tuple[int, TrainState]:
    """Return the newest step whose checkpoint is whole, and its state; newer checkpoints are set aside."""
    game = setup.game
    with run.checkpoints(writable=hosts.leads()) as checkpoints:
        if not checkpoints.steps():
            reporter.warning(f"run '{run.folder}' has no complete checkpoint; beginning again at step 0.")
            return 0, _first_state(setup, placement, reporter)
        names = tuple(jax.eval_shape(split_state, layout(game)))
        step, items, skipped = checkpoints.newest(game, names)
        for line in skipped:
            reporter.warning(f"{line} Going on from step {step}.")
        if step > game.config.num_steps:
            raise UsageError(
                f"--steps must be at least the {step} steps that the run in '{run.folder}' has, "
                f"got {game.config.num_steps}."
            )
        if hosts.leads():
            checkpoints.set_aside_after(step)
        return step, join_state(items)


def _monitoring(
    game: Game, datasets: Mapping[str, Dataset], reporter: Reporter
) -> tuple[AccuracyProbe, Monitor | None]:
    first = datasets[game.domains[0].name]
    probe, config = AccuracyProbe(game, first), game.config
    if not config.evaluate_every:
        return probe, None
    fewest = max(METRICS[name].fewest for name in config.metrics)
    for dataset in datasets.values():
        count, what = len(dataset), "are trained on"
        if ways_of(game):
            count, what = len(dataset.other("validation")), f"of '{dataset.name}' are held out (--held-out)"
        if dataset.is_images and count < fewest:  # evaluation is a default, and no reason not to train
            reporter.warning(
                f"the run is not evaluated while it trains: --metrics {','.join(config.metrics)} needs at least "
                f"{fewest} images, and {count} {what}."
            )
            return probe, None
    return probe, Monitor(game, datasets, reporter)
