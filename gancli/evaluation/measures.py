"""The metrics as measured on samples and a reference: what each needs, its numbers and its protocol."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gancli.data.catalog import CLASSIFIED
from gancli.data.load import load_for
from gancli.evaluation.inputs import EvaluationInputs
from gancli.features import extractor as extractors
from gancli.imaging.pixels import grid, png_bytes, to_unit
from gancli.metrics import divergence, modes
from gancli.metrics.catalog import METRICS
from gancli.metrics.density_coverage import NEIGHBORS as COVERAGE_NEIGHBORS
from gancli.metrics.density_coverage import density_coverage
from gancli.metrics.frechet import frechet
from gancli.metrics.inception_score import SPLITS as SCORE_SPLITS
from gancli.metrics.inception_score import inception_score
from gancli.metrics.kernel import SUBSETS, kernel_distance
from gancli.metrics.nearest import Memorization
from gancli.metrics.neighbors import nearest
from gancli.metrics.precision_recall import NEIGHBORS as PRECISION_NEIGHBORS
from gancli.metrics.precision_recall import precision_recall
from gancli.metrics.statistics import Statistics
from gancli.reporting import show_shape
from gancli.sampling.draws import discriminator_outputs

NUM_PAIRS = 32  # in the figure of nearest examples
POINTS = 1_000_000  # samples behind an exact divergence


@dataclass(frozen=True)
class Measured:
    """One metric of one set of samples."""

    metric: str  # name in the catalog
    values: dict[str, Any]  # numbers by name, as JSON has them
    protocol: dict[str, Any]  # all that two numbers must share to be comparable
    draw: str  # how the samples were drawn: not part of the protocol
    text: str  # the numbers for people
    notes: tuple[str, ...] = ()

    @property
    def protocol_text(self) -> str:
        """The protocol in one line."""
        parts = [f"{name}={value}" for name, value in self.protocol.items()]
        return f"{self.metric}: {', '.join([*parts, self.draw] if self.draw else parts)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of a JSON result."""
        return self.values | {"protocol": self.protocol, "protocol_text": self.protocol_text}


def missing(metric: str, material: EvaluationInputs) -> str | None:
    """Return why a metric cannot be measured on a material; None where it can."""
    is_points = material.samples is None
    reference = material.reference
    if metric == "divergence":
        if material.pair is None:
            return "needs a run, whose discriminator it asks"
        return None if material.pair.scores else "asks the discriminator, and this run has none"
    if is_points:
        return None if metric == "modes" else "needs images, and the samples are points"
    if metric != "inception-score":
        if reference is None:
            return "needs a reference: --against DATASET, FOLDER or FILE"
        if isinstance(reference.source, Statistics) and metric != "fid":
            return "needs the images of the reference, and a statistics file has none"
    if metric == "modes" and material.dataset_name not in CLASSIFIED:
        return f"needs a data set with a built-in classifier ({', '.join(CLASSIFIED)}) as the reference"
    if metric == "nearest" and not material.dataset_name:
        return "needs a data set as the reference, for the images held out from training"
    if metric in ("modes", "nearest") and material.images.shape != material.compared.images.shape:
        sizes = [show_shape(one.shape) for one in (material.images, material.compared.images)]
        return f"needs images of the reference's size: these are {sizes[0]}, the reference's {sizes[1]}"
    fewest = {"fid": 2, "kid": 2, "inception-score": SCORE_SPLITS, "modes": 2}
    fewest |= {"precision-recall": PRECISION_NEIGHBORS + 1, "density-coverage": COVERAGE_NEIGHBORS + 1}
    counts = [material.num_samples]
    if metric in ("kid", "precision-recall", "density-coverage", "fid") and reference and reference.count is not None:
        counts.append(reference.count)
    if min(counts) < fewest.get(metric, 1):
        return f"needs at least {fewest[metric]} images, got {min(counts)}"
    return None


def fid(material: EvaluationInputs) -> Measured:
    """Fréchet distance."""
    gaussian = material.compared.gaussian(material.extractor)
    estimate = frechet(material.features, gaussian, material.seed)
    text = f"{estimate.value:.4g}"
    if estimate.standard_error is not None:
        text += f" ± {estimate.standard_error:.2g}"
    notes = []
    width = material.extractor.width
    for count, what in ((material.num_samples, "samples"), (material.compared.count, "reference images")):
        if count is not None and count <= width:
            notes.append(
                f"{count:,} {what} for {width:,} features: the Fréchet distance is biased upwards"
                + (f", by about {estimate.bias:.3g}" if estimate.bias is not None and what == "samples" else "")
                + ". Take more, or use --kid."
            )
    values = {"value": estimate.value, "standard_error": estimate.standard_error, "bias": estimate.bias}
    return Measured("fid", values, material.protocol(), material.draw, text, tuple(notes))


def kid(material: EvaluationInputs) -> Measured:
    """Kernel distance."""
    found = kernel_distance(material.features, material.reference_features, material.seed)
    values = {"mean": found.mean, "standard_deviation": found.standard_deviation}
    protocol = material.protocol(subsets=f"{SUBSETS}x{found.subset_size}")
    text = f"{found.mean:.4g} ± {found.standard_deviation:.2g} over subsets"
    return Measured("kid", values, protocol, material.draw, text)


def inception(material: EvaluationInputs) -> Measured:
    """Inception score."""
    found = inception_score(material.described[1], material.seed)
    values = {"mean": found.mean, "standard_deviation": found.standard_deviation}
    protocol = material.protocol(splits=SCORE_SPLITS)
    protocol.pop("reference", None)
    classes = material.extractor.num_classes
    text = f"{found.mean:.3f} ± {found.standard_deviation:.2g} over splits, at most {classes:,}"
    return Measured("inception-score", values, protocol, material.draw, text)


def precision(material: EvaluationInputs) -> Measured:
    """Precision and recall."""
    reference = material.reference_subset
    found = precision_recall(material.features, reference, watch=material.watch("precision and recall"))
    values = {"precision": found.precision, "recall": found.recall}
    protocol = material.protocol(count=len(reference), k=PRECISION_NEIGHBORS)
    return Measured("precision-recall", values, protocol, material.draw, f"{found.precision:.3f}, {found.recall:.3f}")


def coverage(material: EvaluationInputs) -> Measured:
    """Density and coverage."""
    reference = material.reference_subset
    found = density_coverage(material.features, reference, watch=material.watch("density and coverage"))
    values = {"density": found.density, "coverage": found.coverage}
    protocol = material.protocol(count=len(reference), k=COVERAGE_NEIGHBORS)
    return Measured("density-coverage", values, protocol, material.draw, f"{found.density:.3f}, {found.coverage:.3f}")


def closest(material: EvaluationInputs) -> Measured:
    """Nearest training examples, in pixels."""
    split = material.compared.images.dataset
    assert split is not None, "`missing` asked for a data set"
    train, held_out = split.other("train"), split.other("validation")
    pixels = material.images.pixels()
    flat = to_unit(pixels).reshape(len(pixels), -1)
    watch = material.watch("nearest examples")
    distances, rows = nearest(flat, train.flat(), watch=watch)
    others, _ = nearest(held_out.flat(), train.flat(), watch=watch)
    found = Memorization.compare(distances[:, 0], others[:, 0])
    values: dict[str, Any] = {
        "median_distance": found.median_distance,
        "held_out_median_distance": found.held_out_median_distance,
        "closer": found.closer,
        "z": found.z,
    }
    if material.figure:
        order = np.argsort(distances[:, 0], kind="stable")[:NUM_PAIRS]
        pairs = np.stack([pixels[order], train.examples[rows[order, 0]]], axis=1)
        material.pictures[material.figure] = png_bytes(grid(pairs.reshape(-1, *pixels.shape[1:]), columns=16))
    text = (
        f"median distance {found.median_distance:.3f}, of held-out images {found.held_out_median_distance:.3f}; "
        f"a sample is the closer one in {found.closer:.0%} of pairs"
    )
    protocol = {"reference": f"{train.name}/train {len(train)}", "held_out": f"{held_out.name}/validation"}
    protocol |= {"distance": "Euclidean in [0, 1] pixels", "n": len(pixels)}
    return Measured("nearest", values, protocol, material.draw, text)


def mode_coverage(material: EvaluationInputs) -> Measured:
    """Modes, duplicates and the verdict."""
    protocol: dict[str, Any] = {"n": material.num_samples}
    values: dict[str, Any] = {}
    density = material.density
    if density is not None:
        count = modes.count_gaussians(material.points, density.centers, density.standard_deviation)
        duplicates = None
        protocol |= {"modes": f"{material.dataset_name} within {modes.HIGH_QUALITY:g} standard deviations"}
        values["high_quality"] = count.high_quality
    else:
        classifier = extractors.classifier(*CLASSIFIED[material.dataset_name])
        own = material.extractor.identity == classifier.identity
        _, logits = material.described if own else material.describe(classifier)
        reference = material.compared.images
        _, expected = material.compared.describe(classifier)
        count = modes.count_classes(logits.argmax(axis=1), expected, classifier.num_classes)
        watch = material.watch("duplicates")
        pixels = material.images.pixels()[: reference.count]
        threshold = material.compared.closest(len(pixels), watch)
        duplicates = modes.count_duplicates(to_unit(pixels).reshape(len(pixels), -1), threshold, watch)
        protocol = {"classes": classifier.identity, "reference": f"{reference.name} {reference.count}"} | protocol
        values |= {
            "exact_duplicates": duplicates.exact,
            "near_duplicate_pairs": duplicates.pairs,
            "duplicate_distance": duplicates.threshold,
            "distinct_images": duplicates.support,
            "least_distinct_images": duplicates.least_support,
        }
    verdict, told = modes.verdict(count, duplicates)
    values = {"verdict": verdict, "hit": count.hit, "total": count.total, "kl": count.kl} | values
    values["shares"] = [float(share) for share in count.shares] if count.total <= 25 else None
    return Measured("modes", values, protocol, material.draw, f"{verdict}: {told}")


def game_divergence(material: EvaluationInputs) -> Measured:
    """Jensen-Shannon divergence: bounded by the discriminator, and exact where the density is known."""
    pair = material.pair
    assert pair is not None
    held_out = load_for(pair.draws.player.config, "validation", material.data_dir)
    data = to_unit(held_out.examples)
    real, fake = (discriminator_outputs(pair, x) for x in (data, material.points))
    assert real is not None
    assert fake is not None
    found = divergence.bound(real, fake)
    values: dict[str, Any] = {"bound": found.bound, "standard_error": found.standard_error, "value": found.value}
    text = f"at least {max(found.bound, 0):.4f} ± {found.standard_error:.2g} nats by this discriminator"
    protocol = {"held_out": f"{held_out.name}/validation {len(held_out)}", "n": material.num_samples}
    density = material.density
    if density is not None:
        points = material.draw_points(POINTS)
        exact = divergence.known_divergence(points, density.centers, density.standard_deviation)
        values |= {"jsd": exact, "optimal_value": 2 * exact - float(np.log(4))}
        text += f"; {exact:.4f} by the known density, so V of the best one is {values['optimal_value']:.4f}"
    return Measured("divergence", values, protocol, material.draw, text)


MEASURES: dict[str, Callable[[EvaluationInputs], Measured]] = {
    "fid": fid,
    "kid": kid,
    "inception-score": inception,
    "precision-recall": precision,
    "density-coverage": coverage,
    "nearest": closest,
    "modes": mode_coverage,
    "divergence": game_divergence,
}


def measure(metrics: Iterable[str], material: EvaluationInputs) -> list[Measured]:
    """Measure several metrics on one material, in the order of the catalog."""
    wanted = set(metrics)
    return [MEASURES[name](material) for name in METRICS if name in wanted]
