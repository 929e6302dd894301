"""Everything that a run needs before its first step: data, game, state, folder."""

import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gancli import __version__, own_files
from gancli.compute import devices, hosts
from gancli.compute.environment import RECORDED
from gancli.compute.mesh import DeviceMesh
from gancli.config import TrainConfig, option_name
from gancli.data.catalog import is_path
from gancli.data.class_names import warn_of_untrained
from gancli.data.images.decode import Framing
from gancli.data.images.prepare import names_of
from gancli.data.labeled import Labeled, choose
from gancli.data.load import Dataset, digest_of, framing_of, load_for
from gancli.data.pairs import both_domains, load_pairs
from gancli.data.two_domains import load_two, refuse_two
from gancli.errors import UsageError
from gancli.evaluation.likeness import likenesses, write_likenesses
from gancli.features.catalog import FEATURES
from gancli.files import check_name
from gancli.games.augmentations import AUGMENTATIONS
from gancli.games.catalog import UPDATES, GameEntry, game
from gancli.games.decoder import check_decoder, with_trained_decoder
from gancli.games.passes import PRECISIONS
from gancli.games.translates import A, B, ways_of
from gancli.imaging.contrast import Contrast
from gancli.latents.catalog import PRIORS
from gancli.losses.catalog import objective
from gancli.metrics.catalog import METRICS
from gancli.models.catalog import architecture
from gancli.monitoring.accuracy import AccuracyProbe
from gancli.monitoring.metrics import Monitor, check_metrics
from gancli.recipes.presets import FOR_SMALL_DATA, SMALL_DATA
from gancli.recipes.resolve import uses
from gancli.reporting import Reporter, duration, number_of, show_shape
from gancli.runs.exported import is_export
from gancli.runs.folder import LIKENESS, DataRecord, Run, RunRecord
from gancli.runs.trained import check_data
from gancli.training.catalog import OPTIMIZERS
from gancli.training.domain import Batch
from gancli.training.game import Game, begin, layout
from gancli.training.state import TrainState, join_state, split_state
from gancli.training.streaming import why_streamed

# To train on without augmentation: of 3,000 images it lowers the Fréchet distance of dcgan by a quarter, of 10,000 it
# raises it a little (docs/lab/results.md).
FEW_IMAGES = 5000
DATA, LABELED = "data", "labeled"  # names of domains; those of a game that translates are its own
# What is settled when a run begins: said of one that goes on, it asks for nothing else.
SETTLED = (("devices", 0), ("penalty_weight", None), ("schedule_steps", 0))
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
    "features",
    "evaluate_samples",
    "patience",
)


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to train, with all that it needs."""

    run: Run
    game: Game
    state: TrainState
    datasets: dict[str, Dataset]  # by domain
    labeled: Labeled | None  # of the game with few labels
    probe: AccuracyProbe
    monitor: Monitor | None
    start: int  # steps done

    @property
    def batches(self) -> dict[str, Batch]:
        """All training examples, by domain."""
        found = {name: Batch(dataset.examples, dataset.labels) for name, dataset in self.datasets.items()}
        if self.labeled:
            found[LABELED] = Batch(np.asarray(found[DATA].examples[self.labeled.places]), self.labeled.labels)
        return found

    @property
    def shown(self) -> dict[str, np.ndarray]:
        """Images of every domain for pictures: held out from training where some are."""
        splits = {name: (one.other("validation"), one) for name, one in self.datasets.items()}
        found = {name: next(one for one in two if len(one)) for name, two in splits.items()}
        if ways_of(self.game):
            found = dict(zip((A, B), both_domains(found), strict=True))
        return {name: one.examples for name, one in found.items()}

    @property
    def data_bytes(self) -> int:
        """Size of all training examples."""
        return sum(batch.examples.nbytes for batch in self.batches.values())


def check_config(config: TrainConfig, files: own_files.Files) -> None:
    """Raise a UsageError unless every name in the configuration is known, or that of a thing in one of the files."""
    _ = objective(config.loss, files["loss"]), architecture(config.model, files["model"])
    _ = game(config.game, files["game"])
    for registry, name in (
        (PRIORS, config.prior),
        (OPTIMIZERS, config.optimizer),
        (UPDATES, config.updates),
        (PRECISIONS, config.precision),
        (FEATURES, config.features),
    ):
        _ = registry[name]
    for name in config.augment:
        _ = AUGMENTATIONS[name]
    check_metrics(config)


def _on_this_machine(config: TrainConfig, files: own_files.Files) -> TrainConfig:
    """Return the configuration with a number of devices that this machine has."""
    chosen = devices.choose(
        config.devices,
        even=config.batch_size % 2 == 0 and not config.microbatch,
        convolves=architecture(config.model, files["model"]).convolves,
    )
    _ = DeviceMesh(chosen)  # whether there are so many
    return dataclasses.replace(config, devices=chosen)


def _on_devices_here(config: TrainConfig) -> TrainConfig:
    """Return the configuration of a run that goes on; where its devices are not there, it chooses others."""
    try:
        _ = DeviceMesh(config.devices)
    except UsageError:
        return dataclasses.replace(config, devices=0)
    return config


@dataclass(frozen=True)
class _Loaded:
    """A configuration as the game settled it, its data and its game."""

    config: TrainConfig
    datasets: dict[str, Dataset]  # by domain
    labeled: Labeled | None
    records: tuple[DataRecord, ...]
    game: Game


def _load(
    config: TrainConfig,
    files: own_files.Files,
    data_dir: Path | None,
    reporter: Reporter,
    labeled: Labeled | None = None,
) -> _Loaded:
    """Check a configuration, load its data and lay out its game; ``labeled`` are those of a run that goes on."""
    check_config(config, files)
    for name in filter(None, (config.dataset, config.to_domain)):
        check_name("the data set", Path(name))
    if framing_of(config) != Framing() and not is_path(config.dataset):
        raise UsageError(
            f"--resolution, --crop, --channels, --max-pixels and --held-out are for your own images; "
            f"'{config.dataset}' stays as it is."
        )
    config = _on_this_machine(config, files)
    check_decoder(config)
    entry = game(config.game, files["game"])
    datasets: dict[str, Dataset]
    if entry.paired:
        datasets = {DATA: load_pairs(config, data_dir, reporter)}
    elif entry.translates:
        datasets = dict(zip((A, B), load_two(config, data_dir, reporter), strict=True))
    else:
        datasets = {DATA: load_for(config, "train", data_dir, reporter)}
        if not own_files.is_own(config.game):
            refuse_two(datasets[DATA], config.game)
    records = [_record(config, name, dataset, entry, reporter) for name, dataset in datasets.items()]
    if entry.labeled:
        labeled = labeled or _labeled(config, datasets[DATA], reporter)
        records.append(_record_of(labeled, records[0], datasets[DATA]))
    made = entry.build(config, tuple(one.domain for one in records), files)
    # A game may settle what depends on the data.
    return _Loaded(made.config, datasets, labeled, tuple(records), made)


def _record(config: TrainConfig, name: str, dataset: Dataset, entry: GameEntry, reporter: Reporter) -> DataRecord:
    """Check that a data set suits a configuration, and return what a run keeps of it."""
    for option, wanted in (
        ("--mirror", config.mirror),
        ("--augment", config.augment),
        ("--conditional", config.conditional),
        ("--contrast", config.contrast),
        (f"--game {config.game}", entry.labeled),
    ):
        if wanted and not dataset.is_images:
            raise UsageError(f"{option} is for images; data set '{dataset.name}' holds points.")
    if config.batch_size > len(dataset):
        raise UsageError(
            f"--batch-size must be at most the {len(dataset)} training examples of '{dataset.name}', "
            f"got {config.batch_size}."
        )
    classes = dataset.class_counts() if config.conditional else None
    if classes:
        warn_of_untrained(classes, dataset.name, reporter)
    return DataRecord(
        name=name,
        shape=dataset.shape,
        is_images=dataset.is_images,
        num_examples=len(dataset),
        rows=(config.batch_size,) if entry.translates else (config.k, config.batch_size),
        sha256=dataset.fingerprint,
        contrast=dataclasses.asdict(Contrast.fit(config.contrast, dataset.examples)) if config.contrast else None,
        classes=classes,
        labels_sha256=dataset.labels_fingerprint if config.conditional else None,
    )


def _labeled(config: TrainConfig, dataset: Dataset, reporter: Reporter) -> Labeled:
    """Choose the labeled images of a new run."""
    names = None
    if is_path(config.dataset):
        names = lambda: names_of(Path(config.dataset), framing_of(config), reporter)["train"]  # noqa: E731
    labeled = choose(config.labels, dataset, config.seed, names)
    reporter.status(f"{len(labeled.places):,} labeled images, of {len(labeled.classes)} classes: {labeled.sha256[:12]}")
    return labeled


def _record_of(labeled: Labeled, images: DataRecord, dataset: Dataset) -> DataRecord:
    """Return what a run keeps of its labeled images, of which a step takes as many as of all images."""
    return dataclasses.replace(
        images,
        name=LABELED,
        num_examples=len(labeled.places),
        rows=images.rows[-1:],
        sha256=digest_of(np.asarray(dataset.examples[labeled.places])),
        classes=labeled.counts(),
        labels_sha256=digest_of(labeled.labels),
        places=tuple(labeled.places.tolist()),
        places_sha256=labeled.sha256,
        labels=tuple(labeled.labels.tolist()),
    )


def _kept_labels(record: RunRecord) -> Labeled | None:
    """Return the labeled images that a run began with; None where its game has none."""
    one = next((one for one in record.domains if one.places is not None and one.labels is not None), None)
    if one is None or one.places is None or one.labels is None:
        return None
    return Labeled(np.array(one.places, np.int32), np.array(one.labels, np.int32), tuple(one.classes or {}))


def _introduce(game: Game, datasets: Mapping[str, Dataset], outdir: Path, reporter: Reporter, start: int = 0) -> None:
    """Say in one line what is about to happen, before anything is compiled."""
    config = game.config
    dataset, *others = datasets.values()
    what = f"images of {show_shape(dataset.shape)}" if dataset.is_images else "points"
    ways = ways_of(game)
    if ways and not others:
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


def too_few(config: TrainConfig, dataset: Dataset) -> str | None:
    """Return a warning where D may memorize the images, for want of others and of augmentation.

    Of a data set of the catalog only with the networks for which it was measured.
    """
    own = is_path(config.dataset)
    able = uses(config, "augment") and (own or uses(config, "base_channels"))
    if not dataset.is_images or len(dataset) >= FEW_IMAGES or config.augment or not able:
        return None
    preset = f" or --preset {SMALL_DATA}" if own and config.game == TrainConfig.game else ""
    return (
        f"{number_of(len(dataset), 'image is', 'images are')} few to train on: D may memorize them. "
        f"Try --augment {','.join(FOR_SMALL_DATA)}{preset}."
    )


def _first_state(game: Game, datasets: Mapping[str, Dataset], reporter: Reporter) -> TrainState:
    config, domain = game.config, game.domains[0]
    dataset = datasets[domain.name]
    means = {name: one.mean() for name, one in datasets.items()}
    means |= {one.name: means[domain.name] for one in game.domains if one.name not in means}  # labeled ones are of all
    state = jax.block_until_ready(begin(game, means))  # if it does not fit, no folder is made
    if not config.decoder_steps:
        return state
    if reason := why_streamed(config, dataset.examples.nbytes):
        raise UsageError(
            f"--decoder-steps {config.decoder_steps} needs all data on the device, and it would be streamed "
            f"({reason}). Take --decoder-steps 0 or --stream never."
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
    loaded = _load(config, files, data_dir, reporter)
    game, datasets = loaded.game, loaded.datasets
    _introduce(game, datasets, outdir, reporter)
    devices.keep_compiled_programs()
    probe, monitor = _monitoring(game, datasets, reporter)
    for dataset in datasets.values():
        if reason := too_few(loaded.config, dataset):
            reporter.warning(reason)
    state = _first_state(game, datasets, reporter)
    record = RunRecord(__version__, loaded.config, loaded.records, devices.describe(), files)
    _meet(record, 0)
    run = Run.create(outdir, record, overwrite=overwrite) if hosts.leads() else Run(outdir, record)
    if ways_of(game) and hosts.leads():
        sources = [way.source.name for way in ways_of(game) or ()]
        write_likenesses(run.folder / LIKENESS, likenesses(sources, datasets, reporter))
    return Prepared(run, game, state, datasets, loaded.labeled, probe, monitor, 0)


def _meet(record: RunRecord, step: int) -> None:
    """Make sure that all processes of a run are about to do the same.

    Raises:
        GancliError: they are not.
    """
    if hosts.count() == 1:
        return
    hosts.compare(
        {
            "versions": hosts.digest_of([record.machine["python"], record.machine["versions"]]),
            "code": hosts.code_digest(),
            "configuration": hosts.digest_of([record.config.to_dict(), record.files]),
            "environment": hosts.digest_of(record.machine["environment"]),
            "data": hosts.digest_of([dataclasses.asdict(one) for one in record.domains]),
            "newest checkpoint": str(step),
        }
    )


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
    kept = _kept_labels(run.record)
    loaded = _load(config, run.record.files, data_dir, reporter, kept)
    datasets = loaded.datasets
    for name, dataset in datasets.items():
        check_data(dataset, run, "or choose another --outdir for a new run", domain=name)
    run = Run(outdir, dataclasses.replace(run.record, config=loaded.config))
    game = run.record.game()
    devices.keep_compiled_programs()
    probe, monitor = _monitoring(game, datasets, reporter)
    step, state = _last_state(run, game, datasets, reporter)
    if step < loaded.config.num_steps:
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
    _meet(dataclasses.replace(run.record, machine=now), step)
    if hosts.leads():
        run.write_record()
        run.forget_after(step)
    return Prepared(run, game, state, datasets, loaded.labeled, probe, monitor, step)


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


def _last_state(run: Run, game: Game, datasets: Mapping[str, Dataset], reporter: Reporter) -> tuple[int, TrainState]:
    """Return the newest step whose checkpoint is whole, and its state; newer checkpoints are set aside."""
    with run.checkpoints(writable=hosts.leads()) as checkpoints:
        if not checkpoints.steps():
            reporter.warning(f"run '{run.folder}' has no complete checkpoint; beginning again at step 0.")
            return 0, _first_state(game, datasets, reporter)
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
    if not config.evaluate_every or not hosts.leads():
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
