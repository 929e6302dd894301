"""What metrics are computed from: samples, a reference, and the features of both."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gancli.data.catalog import CLASSIFIED
from gancli.data.labeled import draw_places
from gancli.data.load import Dataset
from gancli.data.synthetic import GaussianMixture, mixture
from gancli.errors import GancliError
from gancli.evaluation.classes import classes_seen
from gancli.evaluation.image_sets import ImageSet, digest_of_draws
from gancli.evaluation.translations import answers_of, asked_of, kept_classes, ways_of_images
from gancli.features.cache import cached_features
from gancli.features.extractor import Extractor, classifier, extract
from gancli.games.pair import Pair
from gancli.games.translates import Translators
from gancli.imaging.pixels import to_uint8, to_unit
from gancli.metrics import modes
from gancli.metrics.inputs import Answers, Asked, Classes, KeptClasses, Masks, Questioned, Way, identify
from gancli.metrics.moments import Gaussian, Moments
from gancli.metrics.probe import linear_classifier
from gancli.metrics.statistics import Statistics
from gancli.reporting import Reporter, Watch, show_shape
from gancli.sampling.completions import complete, draw_questions
from gancli.sampling.draws import discriminator_findings, discriminator_outputs, draw_latents, generate


class Reference:
    """What samples are compared with; described by a network when first asked for, and once for each network."""

    def __init__(self, source: ImageSet | Statistics, name: str, reporter: Reporter, batch_size: int = 1000):
        self.source, self.name = source, name
        self.count = source.count  # None where a statistics file does not say
        self._reporter, self._batch_size = reporter, batch_size
        self._described: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._gaussians: dict[str, Gaussian] = {}
        self._classifiers: dict[str, Callable[[np.ndarray], np.ndarray]] = {}
        self._closest: dict[int, float] = {}

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

    @cached_property
    def _fingerprint(self) -> str:
        return self.source.fingerprint if isinstance(self.source, Statistics) else self.source.fingerprint()

    def identity(self, taken: int | None = None) -> dict[str, Any]:
        """Return what it is, for protocols; ``taken`` of its images were compared."""
        shape = None if isinstance(self.source, Statistics) else self.source.shape
        return identify(self.name, self.count, shape, self._fingerprint, taken=taken)

    def describe(self, extractor: Extractor) -> tuple[np.ndarray, np.ndarray]:
        """Return features ``[m, F]`` and classes ``[m]``."""
        if extractor.identity not in self._described:
            images = self.images
            extractor.check(images.shape)
            self._described[extractor.identity] = cached_features(
                extractor,
                self._fingerprint,
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

    def classes_of(self, extractor: Extractor) -> Callable[[np.ndarray], np.ndarray]:
        """Return what finds the classes ``[n]`` of features ``[n, F]``, learned from those of the images."""
        if extractor.identity not in self._classifiers:
            dataset = self.images.dataset
            assert dataset is not None, "the images have classes"
            known = dataset.labels >= 0
            features = self.describe(extractor)[0]
            self._classifiers[extractor.identity] = linear_classifier(features[known], dataset.labels[known])
        return self._classifiers[extractor.identity]

    def closest(self, count: int, watch: Watch) -> float:
        """Return the distance of the two closest of the first ``count`` images, Euclidean in [0, 1] pixels."""
        if count not in self._closest:
            images = np.asarray(next(iter(self.images.batches(count))))
            self._closest[count] = modes.closest(to_unit(images).reshape(len(images), -1), watch)
        return self._closest[count]


@dataclass
class EvaluationInputs:
    """Samples and what they are measured with; everything costly is made when first asked for, and once."""

    samples: ImageSet | None  # None: points
    reference: Reference | None
    load_extractor: Callable[[], Extractor]
    reporter: Reporter
    num_samples: int
    pair: Pair | None = None  # of a run, with its weights
    latents: Callable[[int], np.ndarray] | None = None  # how many to latents; None: of the prior, from ``seed``
    draw: str = ""  # ema, seed 0
    seed: int = 0
    num_labels: int | None = 100  # of images that a probe learns from; None: of all training images
    batch_size: int = 1000
    load_run_data: Callable[[str], Dataset] | None = None  # a split of what the run was trained on
    translators: Translators | None = None  # of a run that translates; samples are images of A, the reference is B's
    masks: tuple[Masks | None, ...] = (None, None)  # of the images of A and of B
    training: Reference | None = None  # of a run that translates to classes: what tells classes learns from these
    # Of a finished run: examples of training and questions [N, ...] to what is likely by least squares [N, *shape].
    load_predictor: Callable[[Dataset], Callable[[np.ndarray, np.ndarray], np.ndarray]] | None = None
    # Of a run: what finds the features [N, F] of examples [N, *shape] by its encoder; None: it has none.
    load_encoder: Callable[[], Callable[[np.ndarray], np.ndarray] | None] | None = None
    figure: Path | None = None  # where the picture of nearest examples goes
    pictures: dict[Path, bytes] = field(default_factory=dict)  # made on the way, written by whoever asked

    @property
    def dataset_name(self) -> str:
        """The data set that the reference belongs to, or that points are of; empty where there is none."""
        if self.reference:
            return self.reference.dataset_name
        return self.run_dataset if self.pair and not self.pair.domain.is_images else ""

    @property
    def run_dataset(self) -> str:
        """The data set that the run was trained on; empty where there is no run."""
        return self.pair.draws.player.config.dataset if self.pair else ""

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
    def _extractor(self) -> Extractor | GancliError:
        """The network that describes images, or why there is none: several metrics ask, and one try is enough."""
        try:
            extractor = self.load_extractor()
            extractor.check(self.images.shape)
        except GancliError as error:
            return error
        return extractor

    @property
    def extractor(self) -> Extractor:
        """The network that describes images.

        Raises:
            UsageError: it cannot take the samples.
            GancliError: its weights cannot be had.
        """
        if isinstance(self._extractor, GancliError):
            raise self._extractor
        return self._extractor

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

    @property
    def logits(self) -> np.ndarray:
        """Logits of the samples ``[n, K]``."""
        return self.described[1]

    def features_of(self, images: np.ndarray) -> np.ndarray:
        """Return features ``[n, F]`` of images ``[n, H, W, C]`` in [0, 1], which are rounded to 8 bits before."""
        rounded, size = to_uint8(images), self.batch_size
        batches = (rounded[start : start + size] for start in range(0, len(rounded), size))
        return extract(self.extractor, batches, len(rounded), self.watch("features of translations"))[0]

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Held-out images on their way from A to B, and from B to A if the run goes there."""
        assert self.translators is not None, "the metric needs translators"
        return ways_of_images(self.translators, self.images.pixels(), self.compared.images.pixels())

    def kept_classes(self, place: int) -> KeptClasses | None:
        """Return the classes of the images on a way, and of their translations; None where they are not known."""
        domains = self.images.dataset, self.compared.images.dataset
        return kept_classes(self.ways[place], domains[place], domains[1 - place])

    def answers(self) -> Answers:
        """Return translations of held-out images of a run of pairs, beside the true ones."""
        assert self.translators is not None, "the metric needs translators"
        return answers_of(self.translators, self.ways[0], self.run_split("train"))

    def asked(self) -> Asked:
        """Return held-out images of a run that translates to classes, each translated to another one and back."""
        assert self.translators is not None, "the metric needs translators"
        assert self.images.dataset is not None, "the images have classes"
        return asked_of(self.translators, self.images.dataset, self.images.pixels(), self._learned_classes)

    def _learned_classes(self) -> tuple[dict[str, Any], Callable[[np.ndarray], np.ndarray]]:
        """Return what finds classes ``[n]`` in images ``[n, H, W, C]`` in [0, 1], and what a protocol tells of it."""
        assert self.training is not None, "a run that translates to classes has training images"
        find = self.training.classes_of(self.extractor)
        about = {"classifier": "logistic regression", "learned_from": self.training.identity()}
        return about, lambda images: find(self.features_of(images))

    @property
    def reference_gaussian(self) -> Gaussian:
        """The Gaussian fitted to the reference's features."""
        return self.compared.gaussian(self.extractor)

    @property
    def reference_count(self) -> int | None:
        """Images of the reference; None where there is none, or a statistics file does not say."""
        return self.reference.count if self.reference else None

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

    def pixels(self) -> np.ndarray:
        """Return the samples ``[n, H, W, C]``, uint8."""
        return self.images.pixels()

    def classes(self) -> Classes:
        """Return the classes that the data set's built-in classifier finds in samples and reference."""
        chosen = classifier(*CLASSIFIED[self.dataset_name])
        own = self.extractor.identity == chosen.identity
        _, logits = self.described if own else self.describe(chosen)
        _, expected = self.compared.describe(chosen)
        return Classes(chosen.identity, chosen.num_classes, logits.argmax(axis=1), expected, self.compared.identity())

    def closest_pair(self, count: int) -> float:
        """Return the distance of the two closest of the first ``count`` images of the reference."""
        return self.compared.closest(count, self.watch("duplicates"))

    def split(self, name: str) -> Dataset:
        """Return a split of the reference's data set."""
        dataset = self.compared.images.dataset
        assert dataset is not None, "the metric needs a data set"
        return dataset.other(name)

    def held_out(self) -> Dataset:
        """Return the validation split of the run's data."""
        return self._held_out

    @cached_property
    def _held_out(self) -> Dataset:
        return self.run_split("validation")

    def questioned_split(self) -> Dataset:
        """Return the examples of which parts are hidden: of a finished run test examples, else validation examples."""
        return self.run_split("test" if self.load_predictor else "validation")

    def questioned(self, count: int, answers: int) -> Questioned:
        """Return the answers of a run that completes examples, to questions about those held out from training."""
        assert self.pair is not None
        questions = self.pair.draws.questions
        assert questions is not None, "the metric needs a run that completes examples"
        split = self.questioned_split()
        truth = to_unit(split.examples[:count]).astype(np.float32)
        observed = draw_questions(questions, len(truth), self.seed)
        found = complete(self.pair, truth, observed, answers, self.seed)
        train, predicted = None, None
        if self.load_predictor:
            train = self.run_split("train")
            predicted = self.load_predictor(train)(truth, observed)
        return Questioned(split, questions.masks, truth, observed, found, train, predicted)

    def classify(self, examples: np.ndarray) -> np.ndarray | None:
        """Return the classes ``[n]`` of ``[n, *shape]`` in [0, 1] by the data's built-in classifier, if it has one."""
        if self.run_dataset not in CLASSIFIED:
            return None
        return classes_seen(self.run_dataset, examples, self.watch("classes of completions"))

    def scores(self, examples: np.ndarray) -> np.ndarray:
        """Return the discriminator's logits ``[n]`` of examples ``[n, *data_shape]``, images in [0, 1]."""
        assert self.pair is not None
        outputs = discriminator_outputs(self.pair, examples)
        assert outputs is not None, "the metric needs a discriminator"
        return outputs

    def run_split(self, name: str) -> Dataset:
        """Return a split of the run's data."""
        assert self.load_run_data is not None, "the metric needs a run"
        return self.load_run_data(name)

    def labeled_places(self, labels: np.ndarray, seed: int) -> np.ndarray:
        """Return the places ``[num_labels]`` of images drawn from a seed, as many of each class ``[n]``; or of all."""
        if self.num_labels is None:
            return np.arange(len(labels), dtype=np.int32)
        return draw_places(labels, int(labels.max()) + 1, self.num_labels, seed)

    def categories(self) -> np.ndarray:
        """Return the categories ``[n]`` that the samples were drawn with, of a run of InfoGAN."""
        assert self.pair is not None
        draws = self.pair.draws
        assert draws.codes.category is not None, "the metric needs a category"
        codes = self._draw_latents(self.num_samples)[:, draws.player.config.latent_size :]
        return codes[:, draws.codes.category].argmax(axis=1)

    def read_categories(self, examples: np.ndarray) -> np.ndarray:
        """Return the categories ``[n]`` that such a run's discriminator reads in examples ``[n, *data_shape]``."""
        assert self.pair is not None
        found = discriminator_findings(self.pair, examples).codes
        return found[:, self.pair.draws.codes.category].argmax(axis=1)

    def probed(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """Return the run's networks that have features of examples ``[n, *data_shape]``, by name: what finds them."""
        found: dict[str, Callable[[np.ndarray], np.ndarray]] = {}
        pair = self.pair
        if pair and pair.scores and not pair.domain.num_classes:
            found["discriminator"] = lambda examples: discriminator_findings(pair, examples).features
        if self._encoder:
            found["encoder"] = self._encoder
        return found

    @cached_property
    def _encoder(self) -> Callable[[np.ndarray], np.ndarray] | None:
        return self.load_encoder() if self.load_encoder else None

    def class_logits(self, examples: np.ndarray) -> np.ndarray:
        """Return the class logits ``[n, K]`` of the run's discriminator for examples ``[n, *data_shape]``."""
        assert self.pair is not None
        return discriminator_findings(self.pair, examples).logits

    @property
    def density(self) -> GaussianMixture | None:
        """The density of the data, where it is known."""
        return mixture(self.dataset_name) if self.samples is None else None

    def identify_samples(self, name: str) -> dict[str, Any]:
        """Return what the samples are, for results."""
        if self.samples:
            return identify(name, self.num_samples, self.samples.shape, self.samples.fingerprint())
        assert self.pair is not None, "points are drawn by a run"
        digest = digest_of_draws(self.pair, self._draw_latents(self.num_samples))
        return identify(name, self.num_samples, self.pair.domain.shape, digest)

    @cached_property
    def points(self) -> np.ndarray:
        """The samples as generated, ``[n, *data_shape]``: points, or images in [0, 1]."""
        return self.draw_points(self.num_samples)

    def draw_points(self, count: int) -> np.ndarray:
        """Draw samples as the generator makes them."""
        assert self.pair is not None
        return generate(self.pair, self._draw_latents(count))

    def _draw_latents(self, count: int) -> np.ndarray:
        assert self.pair is not None
        return self.latents(count) if self.latents else draw_latents(self.pair.draws, count, self.seed)

    def protocol(self, *, count: int | None = None, **more: Any) -> dict[str, Any]:
        """Return what protocols of feature metrics say; ``count`` of the reference's images were taken."""
        about: dict[str, Any] = {"features": self.extractor.identity}
        if self.extractor.resize != "none":
            about["resize"] = self.extractor.resize
        if self.reference:
            about["reference"] = self.reference.identity(count)
        return about | self.about_samples | more

    @property
    def about_samples(self) -> dict[str, Any]:
        """What a protocol says of the samples: number and shape."""
        if self.samples:
            shape = self.samples.shape
        else:
            assert self.pair is not None, "points are drawn by a run"
            shape = self.pair.domain.shape
        return {"n": self.num_samples, "shape": show_shape(shape)}
