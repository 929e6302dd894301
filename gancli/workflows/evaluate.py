"""``gancli evaluate``: metrics of a run, a folder of images or a file of arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gancli import __version__
from gancli.compute.programs import keep_compiled_programs
from gancli.data.images.decode import MAX_PIXELS
from gancli.data.load import Dataset
from gancli.data.two_domains import PAIRED
from gancli.errors import GancliError, UsageError
from gancli.evaluation.extractors import choose_extractor
from gancli.evaluation.image_sets import ImageSet, is_run, open_images, split_name
from gancli.evaluation.inputs import EvaluationInputs, Reference
from gancli.evaluation.measures import measure, measure_what_can_be, missing
from gancli.evaluation.translations import read_masks_of
from gancli.features.catalog import FEATURES
from gancli.files import check_free, write_atomically
from gancli.games.encodes import ENCODER
from gancli.games.prediction import Regression, first_weights, train_predictor
from gancli.games.translates import Translators, goes_to_classes, ways_of
from gancli.metrics.catalog import METRICS, json_name
from gancli.metrics.inputs import Masks, Measured
from gancli.metrics.statistics import Statistics, holds_statistics
from gancli.reporting import Reporter
from gancli.runs.encoders import kept_fit
from gancli.runs.folder import PICTURES, Run
from gancli.runs.trained import Trained
from gancli.sampling.completions import predicted
from gancli.sampling.draws import check_memory, draw_latents
from gancli.sampling.outputs import choose_output
from gancli.sampling.rejection import Accepted
from gancli.workflows.inference import Inverse
from gancli.workflows.rejection import rejection

NUM_SAMPLES = 10_000
NUM_LABELS, ALL = 100, "all"  # of a probe


@dataclass(frozen=True)
class EvaluateResult:
    """What was measured, and on what."""

    source: str
    samples: dict[str, Any]  # what they are: number, shape and hash of their content
    count: int  # of the samples
    step: int | None  # of the checkpoint, for a run
    ema: bool | None
    seed: int
    measured: tuple[Measured, ...]
    unavailable: dict[str, str]  # of ``--all``: what could not be measured, and why
    written: tuple[Path, ...]  # pictures and statistics
    notes: tuple[str, ...]
    truncation: float | None = None  # of the latents
    acceptance_rate: float | None = None  # of samples that the discriminator let pass; None: it was not asked

    @property
    def verdict(self) -> str | None:
        """``healthy``, ``partial collapse`` or ``collapse``, where modes were counted or translations compared."""
        return next((one.values["verdict"] for one in self.measured if "verdict" in one.values), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON result."""
        how = {"truncation": self.truncation, "acceptance_rate": self.acceptance_rate}
        return {
            "gancli": __version__,
            "source": self.source,
            "samples": self.samples,
            "count": self.count,
            "step": self.step,
            "ema": self.ema,
            "seed": self.seed,
            **{name: value for name, value in how.items() if value is not None},
            "metrics": {json_name(one.metric): one.to_dict() for one in self.measured},
            "unavailable": {json_name(name): reason for name, reason in self.unavailable.items()},
        }


def evaluate(
    source: str,
    metrics: Sequence[str],
    reporter: Reporter,
    *,
    everything: bool = False,
    against: str | None = None,
    num_samples: int | None = None,
    features: str = "auto",
    weights: Path | None = None,
    batch_size: int = 1000,
    seed: int = 0,
    step: int | str = "latest",
    ema: bool = True,
    data_dir: Path | None = None,
    figure: Path | None = None,
    save_statistics: Path | None = None,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    num_labels: int | str | None = None,
    masks: Path | None = None,
    truncation: float | None = None,
    reject: bool = False,
    judge: bool = False,
) -> EvaluateResult:
    """Measure samples.

    Args:
        source: a run, a data set (``mnist/test``), a folder or zip of images, or a file of arrays.
        metrics: names of the catalog; none, without ``everything`` and ``save_statistics``: those that the run itself
            is evaluated by while it trains.
        reporter: receives progress.
        everything: measure whatever can be measured here, and say why the rest cannot.
        against: the reference: a data set, a folder, a file of arrays or of statistics. Default: what the run was
            trained on; for a split of a data set, its training split.
        num_samples: drawn from a run; other sources are taken whole.
        features: a name of :data:`gancli.features.catalog.FEATURES`.
        weights: file of Inception-v3's weights; default: the published ones, downloaded once.
        batch_size: images read at a time; no number depends on it.
        seed: of the draws, and of the random subsets of some metrics.
        step: a checkpoint, ``latest`` or ``best``.
        ema: averaged weights of the generator rather than raw ones.
        data_dir: where data sets lie.
        figure: where ``nearest`` draws the closest pairs. Default: ``pictures/nearest.png`` in the folder of a run; of
            other samples there is no picture.
        save_statistics: where mean and covariance of the samples' features go.
        overwrite: replace these two files where they exist.
        max_pixels: of an image in a folder or a zip, at most.
        num_labels: images that ``probe`` learns from, or ``all``; default 100.
        masks: of the test images of a run that translates, a folder or a zip: white where a translation may change
            them.
        truncation: of a run's latents, no component of which is beyond plus or minus that; None: the whole prior.
        reject: of a run, measure the samples that its discriminator lets pass.
        judge: also measure what a verdict comes from: ``modes``, or of a run that translates ``translation``.

    Raises:
        UsageError: an option is wrong, or a metric does not apply here.
        GancliError: something cannot be read, had or written.
    """
    if not metrics and not everything and not judge and save_statistics is None:
        metrics = _usual(source)
    if num_labels is not None and not everything and "probe" not in metrics:
        raise UsageError(f"--labels {num_labels} is for --probe. Leave it out, or give --probe.")
    for name, value in (("--samples", num_samples), ("--batch-size", batch_size), ("--max-pixels", max_pixels)):
        if value is not None and value < 1:
            raise UsageError(f"{name} must be at least 1, got {value}.")
    for option, path, suffix in (("--figure", figure, ".png"), ("--save-statistics", save_statistics, ".npz")):
        if path is not None:
            _check_output(option, path, suffix, overwrite=overwrite)
    _ = FEATURES[features]
    keep_compiled_programs()
    opened = partial(open_images, data_dir=data_dir, listener=reporter, max_pixels=max_pixels)
    trained, samples, target = _open_source(source, num_samples, step, ema, opened, data_dir)
    translates = trained is not None and ways_of(trained.game) is not None
    if (trained is None or translates) and (truncation is not None or reject):
        option = "--reject" if reject else "--truncation"
        raise UsageError(f"{option} is for runs that draw samples, and '{source}' is none.")
    if judge:
        metrics = tuple(dict.fromkeys([*metrics, _judging(trained)]))
    if masks is not None and not everything and not {"translation", "attributes"} & set(metrics):
        raise UsageError(f"--masks '{masks}' is for --translation and --attributes. Leave it out, or give one of them.")
    count = samples.count if samples else num_samples or NUM_SAMPLES
    draw = f"{'ema' if trained.ema else 'raw weights'}, seed {seed}" if trained else ""
    latents, accepted = None, None
    if trained and not translates:
        check_memory("--samples", count, trained.pair.draws)
        if reject:
            accepted = rejection(trained, seed, data_dir, reporter)
            draw += ", rejection"
        elif truncation is not None:
            draw += f", truncation {truncation:g}"
        latents = _drawn(trained, seed, truncation, accepted)
        samples = ImageSet.of_draws(source, trained.pair, latents(count)) if trained.is_images else None
    default = figure is None
    if default and trained and (everything or "nearest" in metrics):
        place = trained.run.folder / PICTURES / "nearest.png"
        figure = choose_output(None, place, overwrite=overwrite, option="--figure")
    found = _open_reference(trained, samples, target, against, data_dir, opened)
    usual = trained.game.config.features if trained else "auto"
    given = _masks(masks, source, reporter, trained, samples, found) if masks else (None, None)
    material = EvaluationInputs(
        samples=samples,
        reference=Reference(found, _reference_name(found, against), reporter, batch_size) if found else None,
        load_extractor=lambda: choose_extractor(features, weights, material, reporter, usual),
        reporter=reporter,
        num_samples=count,
        latents=latents,
        draw=draw,
        seed=seed,
        num_labels=_labels(num_labels),
        batch_size=batch_size,
        load_run_data=partial(
            trained.load_data, data_dir, cure="or leave out --divergence, --probe, --classification and --completion"
        )
        if trained
        else None,
        load_predictor=partial(_predictor, trained, reporter) if trained else None,
        load_encoder=partial(_encoder, trained, reporter) if trained and not translates else None,
        figure=figure,
        pair=trained.pair if trained and not translates else None,
        translators=Translators.of(trained.game, trained.weights) if trained and translates else None,
        masks=given,
        training=_training(trained, data_dir, reporter) if trained else None,
    )
    for name in metrics:
        if reason := missing(name, material):
            raise UsageError(f"--{name} {reason}.")
    measured, unavailable = measure_what_can_be(METRICS, material) if everything else (measure(metrics, material), {})
    if everything and not measured:
        reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason(unavailable).items())
        raise GancliError(f"nothing could be measured on '{source}' ({reasons}).")
    pictures = _write_pictures(material.pictures, reporter, needed=not default)
    statistics = [] if save_statistics is None else [_write_statistics(material, save_statistics)]
    return EvaluateResult(
        source=source,
        samples=material.identify_samples(source),
        count=material.num_samples,
        step=trained.step if trained else None,
        ema=trained.ema if trained else None,
        seed=seed,
        measured=tuple(measured),
        unavailable=unavailable,
        written=(*pictures, *statistics),
        notes=trained.notes if trained else (),
        truncation=truncation,
        acceptance_rate=accepted(count).rate if accepted else None,
    )


def _check_output(option: str, path: Path, suffix: str, *, overwrite: bool) -> None:
    if path.suffix != suffix:
        raise UsageError(f"{option} must end in {suffix}, got '{path}'.")
    check_free(path, option, overwrite=overwrite)


def _judging(trained: Trained | None) -> str:
    """Return the metric that a verdict comes from."""
    if trained is None or ways_of(trained.game) is None:
        return "modes"
    if goes_to_classes(trained.game):
        raise UsageError("--fail-on-collapse has no rule for --game attributes. Leave it out, and see sources found.")
    return "translation"


def _masks(
    masks: Path, source: str, reporter: Reporter, trained: Trained | None, *domains: ImageSet | Statistics | None
) -> tuple[Masks | None, ...]:
    """Return the masks of the images of both domains, or of the one where a run goes to its classes."""
    if trained is None or ways_of(trained.game) is None:
        raise UsageError(f"--masks is for runs that translate, and '{source}' is none.")
    config = trained.game.config
    if config.game == PAIRED:
        raise UsageError(f"--masks is not for --game {PAIRED}, whose true translations are known. Take --pairs.")
    datasets = [one.dataset for one in domains if isinstance(one, ImageSet) and one.dataset is not None]
    return read_masks_of(masks, datasets[: 1 if goes_to_classes(trained.game) else None], config.crop, reporter)


def _drawn(
    trained: Trained, seed: int, truncation: float | None, accepted: Callable[[int], Accepted] | None
) -> Callable[[int], np.ndarray]:
    """Return what draws so many latents of a run, as asked for."""

    def draw(count: int) -> np.ndarray:
        if accepted:
            return accepted(count).latents
        return draw_latents(trained.pair.draws, count, seed, truncation=truncation)

    return draw


def _predictor(trained: Trained, reporter: Reporter, train: Dataset) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Train a network as large as the generator to predict what is hidden, and return what it predicts."""
    draws, regression = trained.pair.draws, Regression()
    mean = np.zeros(train.shape) if draws.domain.contrast else train.mean()
    start = first_weights(trained.game, mean, regression.seed)
    watch = partial(reporter.advance, "least squares")
    return partial(predicted, draws, train_predictor(draws, start, train.examples, regression, watch))


def _labels(given: int | str | None) -> int | None:
    """Return how many labels a probe learns from; None: all."""
    if given == ALL:
        return None
    return NUM_LABELS if given is None else int(given)


def _encoder(trained: Trained, reporter: Reporter) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what finds the features of examples by the encoder that played, or that `gancli encode` trained."""
    if ENCODER not in trained.weights and kept_fit(trained.run.folder, trained.pair.generator) is None:
        return None
    inverse = Inverse.of(trained, None, reporter)
    return lambda examples: inverse.encode(examples).features


def _usual(source: str) -> tuple[str, ...]:
    """Return the metrics that a run is evaluated by while it trains; of other sources none are usual."""
    if split_name(source) is None and is_run(Path(source)):
        return Run.open(Path(source)).record.config.metrics
    flags = " ".join(f"--{name}" for name in METRICS)
    raise UsageError(f"nothing to measure: give at least one of {flags}, or --all.")


def by_reason(unavailable: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the metrics that could not be measured by what stood in their way, which many may share."""
    found: dict[str, list[str]] = {}
    for name, reason in unavailable.items():
        found.setdefault(reason, []).append(name)
    return found


def _open_source(
    source: str,
    num_samples: int | None,
    step: int | str,
    ema: bool,
    opened: Callable[[str], ImageSet],
    data_dir: Path | None,
) -> tuple[Trained | None, ImageSet | None, ImageSet | None]:
    """Return a run, the samples, and of a run that translates the images that translations are compared with."""
    path = Path(source)
    if split_name(source) or (path.exists() and not is_run(path)):
        if num_samples is not None:
            raise UsageError(f"--samples is for runs; '{source}' is measured whole.")
        return None, opened(source), None
    trained = Trained.load(path, step=step, ema=ema)
    if ways_of(trained.game):
        if num_samples is not None:
            raise UsageError(f"--samples is for runs that draw; of '{source}' all test images are translated.")
        a, b = map(ImageSet.of_dataset, trained.load_two(data_dir))
        return trained, a, b
    return trained, None, None


def _open_reference(
    trained: Trained | None,
    samples: ImageSet | None,
    target: ImageSet | None,
    against: str | None,
    data_dir: Path | None,
    opened: Callable[[str], ImageSet],
) -> ImageSet | Statistics | None:
    if samples is None:
        if against is not None:
            raise UsageError("--against is for images; the samples of this run are points, whose density is known.")
        return None
    if target is not None:
        if against is not None:
            raise UsageError("--against is for samples; translations are compared with the test images of the run.")
        return target
    if against is not None:
        if split_name(against) is None and holds_statistics(Path(against)):
            return Statistics.load(Path(against))
        return opened(against)
    if trained is not None:
        return ImageSet.of_dataset(trained.load_data(data_dir, cure="or name what to compare with by --against"))
    return opened(f"{samples.dataset.name}/train") if samples.dataset else None


def _training(trained: Trained, data_dir: Path | None, reporter: Reporter) -> Reference | None:
    """Return the training images of a run that translates to classes; of other runs nothing learns from them."""
    if not goes_to_classes(trained.game):
        return None
    images = ImageSet.of_dataset(trained.load_data(data_dir))
    return Reference(images, images.name, reporter)


def _reference_name(reference: ImageSet | Statistics, against: str | None) -> str:
    """Return what a protocol calls it, for people."""
    return reference.name if isinstance(reference, ImageSet) else str(against)


def _write_pictures(pictures: Mapping[Path, bytes], reporter: Reporter, *, needed: bool) -> tuple[Path, ...]:
    """Write pictures; where nobody asked for one, a folder that cannot be written to is no reason to lose numbers."""
    written = []
    for path, content in pictures.items():
        try:
            write_atomically(path, content)
            written.append(path)
        except GancliError as error:
            if needed:
                raise
            reporter.warning(f"{error} Choose another --figure.")
    return tuple(written)


def _write_statistics(material: EvaluationInputs, path: Path) -> Path:
    if material.num_samples < 2:
        raise UsageError(f"--save-statistics needs at least 2 images, got {material.num_samples}.")
    chosen = material.extractor
    Statistics.of(material.features, chosen.identity, chosen.resize).save(path)
    return path
