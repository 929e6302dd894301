"""Whether metrics apply to their inputs, and measuring those that do. What each metric is stands in its entry."""

from collections.abc import Callable, Iterable

from gancli.data.catalog import CLASSIFIED
from gancli.data.load import Dataset
from gancli.data.two_domains import PAIRED
from gancli.errors import GancliError
from gancli.evaluation.inputs import EvaluationInputs
from gancli.metrics.attributes import comparable, others_in_turn
from gancli.metrics.catalog import METRICS, MetricEntry, Need
from gancli.metrics.inputs import Measured
from gancli.metrics.statistics import Statistics
from gancli.reporting import show_shape


def missing(metric: str, inputs: EvaluationInputs) -> str | None:
    """Return why a metric cannot be measured on its inputs; None where it can."""
    entry = METRICS[metric]
    if inputs.translators is not None and not {Need.TRANSLATIONS, Need.ATTRIBUTES} & set(entry.needs):
        fitting = "attributes" if inputs.translators.ways[0].num_classes else "translation"
        return f"is of samples, and a run that translates draws none; take {fitting}"
    reasons = (CHECKS[need](inputs) for need in entry.needs)
    return next((reason for reason in reasons if reason), None) or _too_few(entry, inputs)


def measure(metrics: Iterable[str], inputs: EvaluationInputs) -> list[Measured]:
    """Measure several metrics on the same inputs, in the order of the catalog."""
    wanted = set(metrics)
    return [entry.measure(inputs) for name, entry in METRICS.items() if name in wanted]


def measure_what_can_be(metrics: Iterable[str], inputs: EvaluationInputs) -> tuple[list[Measured], dict[str, str]]:
    """Measure those of several metrics that can be measured, and return why the others cannot."""
    measured, reasons = [], {}
    for name in metrics:
        try:
            if reason := missing(name, inputs):
                reasons[name] = reason
            else:
                measured += measure([name], inputs)
        except GancliError as error:
            reasons[name] = str(error).removesuffix(".")
    return measured, reasons


def _are_points(inputs: EvaluationInputs) -> bool:
    return inputs.samples is None


def _no_images(inputs: EvaluationInputs) -> str | None:
    return "needs images, and the samples are points" if _are_points(inputs) else None


def _no_reference(inputs: EvaluationInputs) -> str | None:
    has = inputs.reference is not None or _are_points(inputs)
    return None if has else "needs a reference: --against DATASET, FOLDER or FILE"


def _no_reference_images(inputs: EvaluationInputs) -> str | None:
    if inputs.reference and isinstance(inputs.reference.source, Statistics):
        return "needs the images of the reference, and a statistics file has none"
    return None


def _other_size(inputs: EvaluationInputs) -> str | None:
    if _are_points(inputs) or inputs.images.shape == inputs.compared.images.shape:
        return None
    sizes = [show_shape(one.shape) for one in (inputs.images, inputs.compared.images)]
    return f"needs images of the reference's size: these are {sizes[0]}, the reference's {sizes[1]}"


def _no_dataset(inputs: EvaluationInputs) -> str | None:
    if _are_points(inputs) or inputs.dataset_name:
        return None
    return "needs a data set as the reference, for the images held out from training"


def _no_classifier(inputs: EvaluationInputs) -> str | None:
    if _are_points(inputs) or inputs.dataset_name in CLASSIFIED:
        return None
    return f"needs a data set with a built-in classifier ({', '.join(CLASSIFIED)}) as the reference"


def _no_discriminator(inputs: EvaluationInputs) -> str | None:
    if inputs.pair is None:
        return "needs a run, whose discriminator it asks"
    if inputs.pair.domain.num_classes:
        return (
            "asks the discriminator about examples alone, and that of a class-conditional run sees their classes, too"
        )
    return None if inputs.pair.scores else "asks a discriminator of single examples, and this run has none"


def _nothing_held_out(inputs: EvaluationInputs) -> str | None:
    return None if _are_points(inputs) else _none_in(inputs.split("validation"))


def _nothing_held_out_of_run(inputs: EvaluationInputs) -> str | None:
    return _none_in(inputs.held_out())


def _nothing_to_probe(inputs: EvaluationInputs) -> str | None:
    if not inputs.probed():
        return _no_discriminator(inputs)
    test = inputs.run_split("test")
    if len(test.classes) < 2 or not len(test) or test.labels.min() < 0:
        return f"needs test images with classes, and '{test.name}' has none"
    return None


def _no_category(inputs: EvaluationInputs) -> str | None:
    codes = inputs.pair.draws.codes if inputs.pair else None
    return None if codes and codes.category else "needs a category: a run with --game infogan --codes 10,u,u"


def _completes_nothing(inputs: EvaluationInputs) -> str | None:
    if inputs.pair is None or inputs.pair.draws.questions is None:
        return "needs a run that completes examples: --game completion"
    return _none_in(inputs.questioned_split())


def _no_classes(inputs: EvaluationInputs) -> str | None:
    if inputs.pair is None or inputs.pair.scores is None or not inputs.pair.scores.num_classes:
        return "needs a classifier: a run with --game semi-supervised"
    split = inputs.held_out()
    if reason := _none_in(split):
        return reason
    if len(split.classes) != inputs.pair.scores.num_classes or split.labels.min() < 0:
        return f"needs the classes of validation images, and '{split.name}' has none; take --metrics fid"
    return None


def _no_translations(inputs: EvaluationInputs) -> str | None:
    if inputs.translators is None or inputs.translators.ways[0].num_classes:
        return "needs translations: a run with --game cycle, contrastive or paired"
    splits = (one.dataset for one in (inputs.images, inputs.compared.images))
    return next((reason for one in splits if one is not None and (reason := _none_in(one))), None)


def _no_pairs(inputs: EvaluationInputs) -> str | None:
    assert inputs.translators is not None, "it was asked before"
    config = inputs.translators.ways[0].player.config
    return None if config.game == PAIRED else "needs a run on pairs: --game paired"


def _nothing_to_ask(inputs: EvaluationInputs) -> str | None:
    if inputs.translators is None or not inputs.translators.ways[0].num_classes:
        return "needs translations to classes: a run with --game attributes"
    split, way = inputs.images.dataset, inputs.translators.ways[0]
    assert split is not None, "the images are of the run's data"
    if reason := _none_in(split):
        return reason
    if comparable(split.labels, others_in_turn(split.labels, way.target.learned_classes)):
        return None
    return f"needs two images of some class among those held out, and '{split.name}' has fewer"


def _none_in(split: Dataset) -> str | None:
    if len(split):
        return None
    return f"needs images held out from training, and '{split.name}' has none; train with a higher --held-out"


CHECKS: dict[Need, Callable[[EvaluationInputs], str | None]] = {
    Need.IMAGES: _no_images,
    Need.REFERENCE: _no_reference,
    Need.REFERENCE_IMAGES: _no_reference_images,
    Need.SAME_SIZE: _other_size,
    Need.DATASET: _no_dataset,
    Need.CLASSIFIER: _no_classifier,
    Need.HELD_OUT: _nothing_held_out,
    Need.DISCRIMINATOR: _no_discriminator,
    Need.RUN_HELD_OUT: _nothing_held_out_of_run,
    Need.PROBED: _nothing_to_probe,
    Need.TRANSLATIONS: _no_translations,
    Need.PAIRS: _no_pairs,
    Need.ATTRIBUTES: _nothing_to_ask,
    Need.CATEGORY: _no_category,
    Need.COMPLETES: _completes_nothing,
    Need.CLASSES: _no_classes,
}


def _too_few(entry: MetricEntry, inputs: EvaluationInputs) -> str | None:
    if _are_points(inputs):
        return None
    counts = [inputs.num_samples]
    if Need.REFERENCE in entry.needs and inputs.reference_count is not None:
        counts.append(inputs.reference_count)
    return f"needs at least {entry.fewest} images, got {min(counts)}" if min(counts) < entry.fewest else None
