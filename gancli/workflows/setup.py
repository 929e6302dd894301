"""From a configuration to the data and the game of a run."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from gancli import own_files
from gancli.compute import devices
from gancli.compute.mesh import DeviceMesh
from gancli.config import AUTO, TrainConfig
from gancli.data.catalog import is_path
from gancli.data.class_names import warn_of_untrained
from gancli.data.images.decode import Framing
from gancli.data.labeled import Labeled, choose
from gancli.data.load import Dataset, digest_of, framing_of, load_for
from gancli.data.pairs import both_domains, load_pairs
from gancli.data.two_domains import load_two, refuse_two
from gancli.errors import UsageError
from gancli.features.catalog import FEATURES
from gancli.files import check_name
from gancli.games.augmentations import AUGMENTATIONS
from gancli.games.catalog import UPDATES, GameEntry, game
from gancli.games.decoder import check_decoder
from gancli.games.passes import PRECISIONS
from gancli.games.translates import A, B, goes_to_classes, ways_of
from gancli.imaging.contrast import Contrast
from gancli.latents.catalog import PRIORS
from gancli.losses.catalog import objective
from gancli.models.catalog import architecture
from gancli.monitoring.metrics import check_metrics
from gancli.reporting import OnlyProgress, Reporter
from gancli.runs.folder import DataRecord, RunRecord
from gancli.training.catalog import OPTIMIZERS
from gancli.training.domain import Batch
from gancli.training.game import Game
from gancli.workflows.few_images import with_augmentation

DATA, LABELED = "data", "labeled"  # names of domains; those of a game that translates are its own


@dataclass(frozen=True)
class Setup:
    """A configuration as the game settled it, its data and its game."""

    config: TrainConfig
    datasets: dict[str, Dataset]  # by domain
    larger: dict[str, Dataset]  # the same images at --load-resolution, of which steps take random squares
    labeled: Labeled | None  # of the game with few labels
    records: tuple[DataRecord, ...]
    game: Game

    @cached_property
    def batches(self) -> dict[str, Batch]:
        """All training examples, by domain, as steps take them."""
        taken = self.larger or self.datasets
        found = {name: Batch(dataset.examples, dataset.labels) for name, dataset in taken.items()}
        if self.labeled:
            found[LABELED] = Batch(np.asarray(found[DATA].examples[self.labeled.places]), self.labeled.labels)
        return found

    @property
    def data_bytes(self) -> int:
        """Size of all training examples."""
        return sum(batch.examples.nbytes for batch in self.batches.values())

    @property
    def shown(self) -> dict[str, np.ndarray]:
        """Images of every domain for pictures: held out from training where some are."""
        splits = {name: (one.other("validation"), one) for name, one in self.datasets.items()}
        found = {name: next(one for one in two if len(one)) for name, two in splits.items()}
        if ways_of(self.game) and not goes_to_classes(self.game):
            found = dict(zip((A, B), both_domains(found), strict=True))
        return {name: one.examples for name, one in found.items()}


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
    for name in config.augment if config.augment != AUTO else ():
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


def set_up(
    config: TrainConfig,
    files: own_files.Files,
    data_dir: Path | None,
    reporter: Reporter,
    labeled: Labeled | None = None,
) -> Setup:
    """Check a configuration, load its data and lay out its game.

    Args:
        config: as the user set it.
        files: of the user's, which it names.
        data_dir: where the data lies.
        reporter: receives progress.
        labeled: images of a run that goes on; None: they are chosen.

    Raises:
        GancliError: the data cannot be had, or something of the configuration does not suit it.
    """
    check_config(config, files)
    for name in filter(None, (config.dataset, config.to_domain)):
        check_name("the data set", Path(name))
    _check_framing(config)
    config = _on_this_machine(config, files)
    check_decoder(config)
    entry = game(config.game, files["game"])
    datasets = _load(config, entry, data_dir, reporter)
    # The rows are the same: what is held out, and the order, go by the content of files.
    larger = dataclasses.replace(config, resolution=config.load_resolution)
    loaded = _load(larger, entry, data_dir, OnlyProgress(reporter)) if config.load_resolution else {}
    config = with_augmentation(config, next(iter(datasets.values())))
    records = [_record(config, name, dataset, entry, reporter) for name, dataset in datasets.items()]
    if entry.labeled:
        labeled = labeled or _labeled(config, datasets[DATA], reporter)
        records.append(_record_of(labeled, records[0], datasets[DATA]))
    made = entry.build(config, tuple(one.domain for one in records), files)
    # A game may settle what depends on the data.
    return Setup(made.config, datasets, loaded, labeled, tuple(records), made)


def _check_framing(config: TrainConfig) -> None:
    """Raise a UsageError if a setting that is for your own images has none to act on."""
    own = [is_path(name) for name in config.datasets]
    if framing_of(config) != Framing() and not any(own):
        raise UsageError(
            f"--resolution, --crop, --channels, --max-pixels and --held-out are for your own images; "
            f"'{config.dataset}' stays as it is."
        )
    if config.load_resolution and not all(own):
        raise UsageError(
            f"--load-resolution {config.load_resolution} is for your own images; "
            f"'{config.datasets[own.index(False)]}' stays as it is."
        )


def _load(config: TrainConfig, entry: GameEntry, data_dir: Path | None, reporter: Reporter) -> dict[str, Dataset]:
    """Load the training images of every domain."""
    if entry.paired:
        return {DATA: load_pairs(config, data_dir, reporter)}
    if entry.translates:
        return dict(zip((A, B), load_two(config, data_dir, reporter), strict=True))
    dataset = load_for(config, "train", data_dir, reporter)
    if not own_files.is_own(config.game):
        refuse_two(dataset, config.game)
    return {DATA: dataset}


def _record(config: TrainConfig, name: str, dataset: Dataset, entry: GameEntry, reporter: Reporter) -> DataRecord:
    """Check that a data set suits a configuration, and return what a run keeps of it."""
    for option, wanted in (
        (f"--game {config.game}", entry.labeled or entry.classes),
        ("--mirror", config.mirror),
        ("--augment", config.augment),
        ("--conditional", config.conditional),
        ("--contrast", config.contrast),
    ):
        if wanted and not dataset.is_images:
            raise UsageError(f"{option} is for images; data set '{dataset.name}' holds points.")
    if config.batch_size > len(dataset):
        raise UsageError(
            f"--batch-size must be at most the {len(dataset)} training examples of '{dataset.name}', "
            f"got {config.batch_size}."
        )
    classified = config.conditional or entry.classes
    classes = dataset.class_counts() if classified else None
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
        labels_sha256=dataset.labels_fingerprint if classified else None,
    )


def _labeled(config: TrainConfig, dataset: Dataset, reporter: Reporter) -> Labeled:
    """Choose the labeled images of a new run."""
    labeled = choose(config.labels, dataset, config.seed)
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


def kept_labels(record: RunRecord) -> Labeled | None:
    """Return the labeled images that a run began with; None where its game has none."""
    one = next((one for one in record.domains if one.places is not None and one.labels is not None), None)
    if one is None or one.places is None or one.labels is None:
        return None
    return Labeled(np.array(one.places, np.int32), np.array(one.labels, np.int32), tuple(one.classes or {}))
