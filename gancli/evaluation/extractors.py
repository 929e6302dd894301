"""Which network describes images: what ``--features`` says, or what suits the data."""

from pathlib import Path

from gancli.data.catalog import CLASSIFIED
from gancli.errors import UsageError
from gancli.evaluation.inputs import EvaluationInputs
from gancli.features import extractor as extractors
from gancli.features.catalog import CLASSIFIERS, FEATURES
from gancli.features.extractor import Extractor
from gancli.features.inception import weights as inception_weights
from gancli.metrics.statistics import Statistics
from gancli.reporting import Reporter


def choose_extractor(
    features: str, weights: Path | None, material: EvaluationInputs, reporter: Reporter, trained_with: str = "auto"
) -> Extractor:
    """Load the network that ``--features`` asks for.

    ``auto`` is that of a statistics file, else that of the run, else the built-in classifier of the data if there is
    one, else Inception-v3, which is the one of ``weights``.

    Args:
        features: what ``--features`` says.
        weights: file of Inception-v3's weights.
        material: samples, and what they are compared with.
        reporter: hears of a download.
        trained_with: what ``--features`` said when the run was trained.

    Raises:
        UsageError: a statistics file was made with other features.
        GancliError: the weights cannot be had.
    """
    source = material.reference.source if material.reference else None
    statistics = source if isinstance(source, Statistics) else None
    if features == "auto":
        features = _features_of_data(material, statistics, weights, trained_with)
    chosen = load_extractor(features, material.images.shape, weights, reporter)
    if statistics and material.reference:
        _check_statistics(statistics, chosen, material.reference.name)
    return chosen


def load_extractor(features: str, shape: tuple[int, ...], weights: Path | None, reporter: Reporter) -> Extractor:
    """Load the network of that name for images of a shape.

    Raises:
        UsageError: there is none of that name.
        GancliError: the weights cannot be had.
    """
    if name := FEATURES[features].classifier:
        return _classifier(name, shape)
    if weights is None:
        weights = inception_weights.find(lambda done, size: reporter.advance("Inception-v3's weights", done, size))
    return extractors.inception_v3(weights)


def _classifier(name: str, shape: tuple[int, ...]) -> Extractor:
    """Load a built-in classifier for images of a shape: that of photographs takes any."""
    if name == "cifar10" and shape != CLASSIFIERS[name].shape:
        return extractors.classifier_at_scales(name, max(shape[:2]))
    return extractors.classifier(name, shape[-1] if name == "mnist" else None)


def _features_of_data(
    material: EvaluationInputs, statistics: Statistics | None, weights: Path | None, trained_with: str
) -> str:
    if statistics:
        made_with = statistics.features or ""
        return next((name for name in FEATURES if made_with.startswith(name)), "inception-v3")
    if weights is None and trained_with != "auto":
        return trained_with
    data = material.dataset_name or material.run_dataset
    if material.samples and material.samples.dataset and not material.reference:
        data = material.samples.dataset.name
    return features_of(data) if weights is None else "inception-v3"


def features_of(dataset: str | None) -> str:
    """Return which features suit a data set, or a class of it (``mnist/7``): its built-in classifier's, if any."""
    name = (dataset or "").partition("/")[0]
    return f"{CLASSIFIED[name][0]}-classifier" if name in CLASSIFIED else "inception-v3"


def _check_statistics(statistics: Statistics, chosen: Extractor, name: str) -> None:
    width = len(statistics.gaussian.mean)
    if width != chosen.width:
        raise UsageError(
            f"the statistics in '{name}' are of {width} features, but {chosen.identity} has {chosen.width}. "
            f"Choose the --features that they were made with."
        )
    if statistics.features not in (None, chosen.identity):
        raise UsageError(
            f"the statistics in '{name}' are of {statistics.features}, not of {chosen.identity}. "
            f"Choose the --features that they were made with."
        )
