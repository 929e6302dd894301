"""The metrics as measured on samples and a reference: what each needs, its numbers and its protocol."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gancli.data.pipeline import load
from gancli.data.synthetic import GaussianMixture, mixture
from gancli.features import extractor as extractors
from gancli.features.cache import cached_features
from gancli.features.extractor import Extractor, extract
from gancli.images import grid, png_bytes, to_unit
from gancli.metrics import divergence, modes
from gancli.metrics.catalog import METRICS
from gancli.metrics.density_coverage import NEIGHBOURS as COVERAGE_NEIGHBOURS
from gancli.metrics.density_coverage import density_coverage
from gancli.metrics.frechet import frechet
from gancli.metrics.inception_score import SPLITS as SCORE_SPLITS
from gancli.metrics.inception_score import inception_score
from gancli.metrics.kernel import SUBSETS, kernel_distance
from gancli.metrics.moments import Gaussian, Moments
from gancli.metrics.nearest import Memorisation
from gancli.metrics.neighbours import Watch, nearest
from gancli.metrics.precision_recall import NEIGHBOURS as PRECISION_NEIGHBOURS
from gancli.metrics.precision_recall import precision_recall
from gancli.metrics.statistics import Statistics
from gancli.training.gan import GAN, Params
from gancli.workflows.drawing import discriminator_logits, draw_latents, generate
from gancli.workflows.image_sets import ImageSet
from gancli.workflows.reporting import Reporter

CLASSIFIED = {"digits": ("digits", 1), "mnist": ("mnist", 1), "stacked_mnist": ("mnist", 3), "cifar10": ("cifar10", 3)}
NUM_PAIRS = 32  # in the figure of nearest examples
POINTS = 1_000_000  # samples behind an exact divergence


@dataclass(frozen=True)
class Measured:
    """One metric of one set of samples."""

    metric: str  # name in the catalogue
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


class Reference:
    """What samples are compared with; described by a network when first asked for, and once for each network."""

    def __init__(self, source: ImageSet | Statistics, name: str, reporter: Reporter, batch_size: int = 1000):
        self.source, self.name = source, name
        self.count = source.count  # None where a statistics file does not say
        self._reporter, self._batch_size = reporter, batch_size
        self._described: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._gaussians: dict[str, Gaussian] = {}

    @property
    def dataset_name(self) -> str:
        """Name of the data set that it is a split of, else empty."""
        dataset = self.source.dataset if isinstance(self.source, ImageSet) else None
        return dataset.name if dataset else ""

    @property
    def images(self) -> ImageSet:
        """The images; a statistics file has none."""
        assert isinstance(self.source, ImageSet)
        return self.source

    def describe(self, extractor: Extractor) -> tuple[np.ndarray, np.ndarray]:
        """Return features ``[m, F]`` and classes ``[m]``."""
        if extractor.identity not in self._described:
            images = self.images
            extractor.check(images.shape)
            assert images.fingerprint is not None
            self._described[extractor.identity] = cached_features(
                extractor,
                images.fingerprint(),
                lambda: images.batches(self._batch_size),
                images.count,
                watch=lambda done, total: self._reporter.advance(f"features of {self.name}", done, total),
                warn=self._reporter.warning,
            )
        return self._described[extractor.identity]

    def gaussian(self, extractor: Extractor) -> Gaussian:
        """Return the Gaussian fitted to the features."""
        if isinstance(self.source, Statistics):
            return self.source.gaussian
        if extractor.identity not in self._gaussians:
            self._gaussians[extractor.identity] = Moments.of(self.describe(extractor)[0]).compute()
        return self._gaussians[extractor.identity]


@dataclass
class Material:
    """Samples and what they are measured with; everything costly is made when first asked for, and once."""

    samples: ImageSet | None  # None: points
    reference: Reference | None
    load_extractor: Callable[[], Extractor]
    reporter: Reporter
    num_samples: int
    gan: GAN | None = None  # of a run, with its weights
    generator: Params = None
    discriminator: Params | None = None
    draw: str = ""  # ema, seed 0
    seed: int = 0
    batch_size: int = 1000
    data_dir: Path | None = None
    figure: Path | None = None  # where the picture of nearest examples goes
    pictures: dict[Path, bytes] = field(default_factory=dict)  # made on the way, written by whoever asked

    @property
    def dataset_name(self) -> str:
        """The data set that the reference belongs to, or that points are of; empty where there is none."""
        if self.reference:
            return self.reference.dataset_name
        return self.gan.config.dataset if self.gan and not self.gan.bounded else ""

    def watch(self, what: str) -> Watch:
        """Return a function that reports the progress of something."""
        return lambda done, total: self.reporter.advance(what, done, total)

    @property
    def images(self) -> ImageSet:
        """The samples, known to be images."""
        assert self.samples is not None
        return self.samples

    @property
    def compared(self) -> Reference:
        """The reference, known to be there."""
        assert self.reference is not None
        return self.reference

    @cached_property
    def extractor(self) -> Extractor:
        """The network that describes images."""
        extractor = self.load_extractor()
        extractor.check(self.images.shape)
        return extractor

    def describe(self, extractor: Extractor) -> tuple[np.ndarray, np.ndarray]:
        """Return features ``[n, F]`` and logits ``[n, K]`` of the samples."""
        images = self.images
        return extract(extractor, images.batches(self.batch_size), images.count, self.watch("features of samples"))

    @cached_property
    def described(self) -> tuple[np.ndarray, np.ndarray]:
        """Features and logits of the samples by the chosen network."""
        return self.describe(self.extractor)

    @property
    def features(self) -> np.ndarray:
        """Features of the samples ``[n, F]``."""
        return self.described[0]

    @cached_property
    def reference_features(self) -> np.ndarray:
        """Features of the reference ``[m, F]``."""
        return self.compared.describe(self.extractor)[0]

    @cached_property
    def reference_subset(self) -> np.ndarray:
        """As many of the reference's features as there are samples, chosen at random; all where there are fewer."""
        features = self.reference_features
        count = min(self.num_samples, len(features))
        return features[np.sort(np.random.default_rng(self.seed).choice(len(features), count, replace=False))]

    @property
    def density(self) -> GaussianMixture | None:
        """The density of the data, where it is known."""
        return mixture(self.dataset_name) if self.samples is None else None

    @cached_property
    def points(self) -> np.ndarray:
        """The samples as generated, ``[n, *data_shape]``: points, or images in [0, 1]."""
        return self.draw_points(self.num_samples)

    def draw_points(self, count: int) -> np.ndarray:
        """Draw samples as the generator makes them."""
        assert self.gan is not None
        return generate(self.gan, self.generator, draw_latents(self.gan, count, self.seed))

    def protocol(self, *, count: int | None = None, **more: Any) -> dict[str, Any]:
        """Return what protocols of feature metrics say; ``count`` of the reference's images were taken."""
        about: dict[str, Any] = {"features": self.extractor.identity}
        if self.extractor.resize != "none":
            about["resize"] = self.extractor.resize
        if reference := self.reference:
            size = "of unknown size" if reference.count is None else str(reference.count)
            about["reference"] = f"{reference.name} {size}"
            if count not in (None, reference.count):
                about["reference"] = f"{reference.name} {count} of {size}"
        return about | {"n": self.num_samples} | more


def missing(metric: str, material: Material) -> str | None:
    """Return why a metric cannot be measured on a material; None where it can."""
    is_points = material.samples is None
    reference = material.reference
    if metric == "divergence":
        return None if material.discriminator is not None else "needs a run, whose discriminator it asks"
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
    fewest = {"fid": 2, "kid": 2, "inception-score": SCORE_SPLITS, "modes": 2}
    fewest |= {"precision-recall": PRECISION_NEIGHBOURS + 1, "density-coverage": COVERAGE_NEIGHBOURS + 1}
    counts = [material.num_samples]
    if metric in ("kid", "precision-recall", "density-coverage", "fid") and reference and reference.count is not None:
        counts.append(reference.count)
    if min(counts) < fewest.get(metric, 1):
        return f"needs at least {fewest[metric]} images, got {min(counts)}"
    return None


def fid(material: Material) -> Measured:
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


def kid(material: Material) -> Measured:
    """Kernel distance."""
    found = kernel_distance(material.features, material.reference_features, material.seed)
    values = {"mean": found.mean, "standard_deviation": found.standard_deviation}
    protocol = material.protocol(subsets=f"{SUBSETS}x{found.subset_size}")
    text = f"{found.mean:.4g} ± {found.standard_deviation:.2g} over subsets"
    return Measured("kid", values, protocol, material.draw, text)


def inception(material: Material) -> Measured:
    """Inception score."""
    found = inception_score(material.described[1], material.seed)
    values = {"mean": found.mean, "standard_deviation": found.standard_deviation}
    protocol = material.protocol(splits=SCORE_SPLITS)
    protocol.pop("reference", None)
    classes = material.extractor.num_classes
    text = f"{found.mean:.3f} ± {found.standard_deviation:.2g} over splits, at most {classes:,}"
    return Measured("inception-score", values, protocol, material.draw, text)


def precision(material: Material) -> Measured:
    """Precision and recall."""
    reference = material.reference_subset
    found = precision_recall(material.features, reference, watch=material.watch("precision and recall"))
    values = {"precision": found.precision, "recall": found.recall}
    protocol = material.protocol(count=len(reference), k=PRECISION_NEIGHBOURS)
    return Measured("precision-recall", values, protocol, material.draw, f"{found.precision:.3f}, {found.recall:.3f}")


def coverage(material: Material) -> Measured:
    """Density and coverage."""
    reference = material.reference_subset
    found = density_coverage(material.features, reference, watch=material.watch("density and coverage"))
    values = {"density": found.density, "coverage": found.coverage}
    protocol = material.protocol(count=len(reference), k=COVERAGE_NEIGHBOURS)
    return Measured("density-coverage", values, protocol, material.draw, f"{found.density:.3f}, {found.coverage:.3f}")


def closest(material: Material) -> Measured:
    """Nearest training examples, in pixels."""
    train, held_out = (
        load(material.dataset_name, "train", material.data_dir),
        load(material.dataset_name, "validation", material.data_dir),
    )
    pixels = material.images.pixels()
    flat = to_unit(pixels).reshape(len(pixels), -1)
    watch = material.watch("nearest examples")
    distances, rows = nearest(flat, train.flat(), watch=watch)
    others, _ = nearest(held_out.flat(), train.flat(), watch=watch)
    found = Memorisation.compare(distances[:, 0], others[:, 0])
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


def mode_coverage(material: Material) -> Measured:
    """Modes, duplicates and the verdict."""
    protocol: dict[str, Any] = {"n": material.num_samples}
    values: dict[str, Any] = {}
    density = material.density
    if density is not None:
        count = modes.count_gaussians(material.points, density.centres, density.standard_deviation)
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
        pixels = material.images.pixels()
        first = next(iter(reference.batches(len(pixels))))
        flat, data = (to_unit(part).reshape(len(part), -1) for part in (pixels, np.asarray(first)))
        duplicates = modes.count_duplicates(flat, data, watch=material.watch("duplicates"))
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


def game_divergence(material: Material) -> Measured:
    """Jensen-Shannon divergence: bounded by the discriminator, and exact where the density is known."""
    gan = material.gan
    assert gan is not None
    held_out = load(gan.config.dataset, "validation", material.data_dir)
    data = to_unit(held_out.examples)
    real, fake = (discriminator_logits(gan, material.discriminator, x) for x in (data, material.points))
    found = divergence.bound(real, fake)
    values: dict[str, Any] = {"bound": found.bound, "standard_error": found.standard_error, "value": found.value}
    text = f"at least {max(found.bound, 0):.4f} ± {found.standard_error:.2g} nats by this discriminator"
    protocol = {"held_out": f"{held_out.name}/validation {len(held_out)}", "n": material.num_samples}
    density = material.density
    if density is not None:
        points = material.draw_points(POINTS)
        exact = divergence.known_divergence(points, density.centres, density.standard_deviation)
        values |= {"jsd": exact, "optimal_value": 2 * exact - float(np.log(4))}
        text += f"; {exact:.4f} by the known density, so V of the best one is {values['optimal_value']:.4f}"
    return Measured("divergence", values, protocol, material.draw, text)


MEASURES: dict[str, Callable[[Material], Measured]] = {
    "fid": fid,
    "kid": kid,
    "inception-score": inception,
    "precision-recall": precision,
    "density-coverage": coverage,
    "nearest": closest,
    "modes": mode_coverage,
    "divergence": game_divergence,
}


def measure(metrics: Iterable[str], material: Material) -> list[Measured]:
    """Measure several metrics on one material, in the order of the catalogue."""
    wanted = set(metrics)
    return [MEASURES[name](material) for name in METRICS if name in wanted]
