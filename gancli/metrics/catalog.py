"""The metrics by the names used on the command line. No libraries.

A metric is added by its file in this folder, which ends in ``measure(inputs) -> Measured``, and one entry here.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gancli.metrics.inputs import Inputs, Measured
from gancli.registry import Entry, Registry, lazy


class Need(enum.Enum):
    """What a metric needs of its inputs. What is said of references holds for images: points have a density."""

    IMAGES = "samples that are images"
    REFERENCE = "a reference: images, or the statistics of their features"
    REFERENCE_IMAGES = "the images of the reference"
    SAME_SIZE = "reference images of the samples' size"
    DATASET = "a data set as the reference"
    CLASSIFIER = "a built-in classifier of the reference's data set"
    HELD_OUT = "images of the reference's data set that were held out from training"
    DISCRIMINATOR = "a run with a discriminator"
    RUN_HELD_OUT = "examples that were held out from the run's training"
    PROBED = "an adversarial run on images with classes, also of test images"
    TRANSLATIONS = "a run that translates, and images of both domains that were held out from training"
    PAIRS = "a run that translates and was trained on pairs"
    ATTRIBUTES = "a run that translates to classes, and images of them that were held out from training"
    CATEGORY = "a run of InfoGAN with a category among its codes"
    COMPLETES = "a run of the game of completion, and examples that were held out from its training"
    CLASSES = "a run whose discriminator is a classifier, and classes of the examples held out"


@dataclass(frozen=True, kw_only=True)
class MetricEntry(Entry):
    """A metric: how it is called and measured, what it needs, and which of its numbers say what."""

    label: str  # in tables
    flag: str  # help of its flag of ``evaluate``
    measure: Callable[[Inputs], Measured]
    # The numbers that ``compare`` shows, and whether "lower" or "higher" is better; empty: neither.
    columns: Mapping[str, str] = field(hash=False)
    # More of its numbers, which not all data have; for curves and reports.
    also: Mapping[str, str] = field(hash=False, default_factory=dict)
    row: Callable[[Mapping[str, Any]], dict[str, str]] | None = None  # cells by label, where columns are not enough
    key: str | None = None  # of the columns, the one that checkpoints are ranked by; None: it takes more than one
    while_training: bool = True
    needs: tuple[Need, ...] = ()
    fewest: int = 1  # images among the samples, and in the reference where it needs one

    ranks_by: str = ""  # what ``key`` is called in a sentence, where the metric's name does not say it

    @property
    def numbers(self) -> dict[str, str]:
        """All numbers, and what is better of each."""
        return {**self.columns, **self.also}

    @property
    def lower_is_better(self) -> bool:
        """Whether a lower ``key`` is better."""
        return self.columns.get(self.key or "") == "lower"


METRICS: Registry[MetricEntry] = Registry(
    "metric",
    {
        "fid": MetricEntry(
            label="Fréchet distance",
            flag="Fréchet distance of features.",
            measure=lazy("gancli.metrics.frechet:measure"),
            columns={"value": "lower"},
            key="value",
            needs=(Need.IMAGES, Need.REFERENCE),
            fewest=2,
            summary="The distance of two Gaussians fitted to features of samples and data (Heusel et al. 2017, FID).",
            use="The field's first number. Take 10,000 samples or more: with few it is biased upwards.",
            cite=("heusel2017ttur",),
        ),
        "kid": MetricEntry(
            label="kernel distance",
            flag="Kernel distance of features.",
            measure=lazy("gancli.metrics.kernel:measure"),
            columns={"mean": "lower"},
            key="mean",
            needs=(Need.IMAGES, Need.REFERENCE, Need.REFERENCE_IMAGES),
            fewest=2,
            summary="The squared maximum mean discrepancy of features, a cubic kernel (Bińkowski et al. 2018, KID).",
            use="In the place of fid where there are few samples: it is unbiased.",
            cite=("binkowski2018mmd", "gretton2012kernel"),
        ),
        "inception-score": MetricEntry(
            label="Inception score",
            flag="Clear and diverse classes.",
            measure=lazy("gancli.metrics.inception_score:measure"),
            columns={"mean": "higher"},
            key="mean",
            needs=(Need.IMAGES,),
            fewest=10,  # splits
            summary="exp E KL(p(y|x) || p(y)): high for clear and diverse classes (Salimans et al. 2016).",
            use="To compare with older papers. It knows nothing of the data: see what real images score.",
            cite=("salimans2016improved",),
        ),
        "precision-recall": MetricEntry(
            label="precision, recall",
            flag="Share of samples near the data, and of data near the samples.",
            measure=lazy("gancli.metrics.precision_recall:measure"),
            columns={"precision": "higher", "recall": "higher"},
            needs=(Need.IMAGES, Need.REFERENCE, Need.REFERENCE_IMAGES),
            fewest=4,  # its neighbors and one
            summary="Shares of samples in the data's manifold, and of data in theirs (Kynkäänniemi et al. 2019).",
            use="To see whether quality (precision) or diversity (recall) is lacking.",
            cite=("kynkaanniemi2019precision",),
        ),
        "density-coverage": MetricEntry(
            label="density, coverage",
            flag="Precision and recall, robust to outliers.",
            measure=lazy("gancli.metrics.density_coverage:measure"),
            columns={"density": "higher", "coverage": "higher"},
            key="coverage",
            ranks_by="coverage",
            needs=(Need.IMAGES, Need.REFERENCE, Need.REFERENCE_IMAGES),
            fewest=6,  # its neighbors and one
            summary="Precision and recall that a single outlier does not move (Naeem et al. 2020).",
            use="In the place of precision-recall where the data have outliers.",
            cite=("naeem2020reliable",),
        ),
        "nearest": MetricEntry(
            label="nearest examples",
            flag="Memorization: distance to training images.",
            measure=lazy("gancli.metrics.nearest:measure"),
            columns={"closer": ""},
            while_training=False,
            needs=(Need.IMAGES, Need.REFERENCE, Need.REFERENCE_IMAGES, Need.DATASET, Need.HELD_OUT, Need.SAME_SIZE),
            summary="Are samples closer to training images than held-out images are? (Meehan et al. 2020).",
            use="To find copies: closer far above ½, and a figure of the closest pairs.",
            cite=("meehan2020copying",),
        ),
        "modes": MetricEntry(
            label="modes",
            flag="Modes hit, duplicates, a verdict.",
            measure=lazy("gancli.metrics.modes:measure"),
            columns={"verdict": "", "hit": "higher", "kl": "lower"},
            also={"high_quality": "higher", "distinct_images": "higher"},
            row=lazy("gancli.metrics.modes:row"),
            key="kl",
            ranks_by="KL of modes",
            needs=(Need.REFERENCE, Need.REFERENCE_IMAGES, Need.CLASSIFIER, Need.SAME_SIZE),
            fewest=2,
            summary="Modes that samples reach, KL of their shares, repetitions (Metz et al. 2017; Arora, Zhang 2017).",
            use="To find mode collapse; it ends in a verdict. Ranked by KL.",
            cite=("metz2017unrolled", "lin2018pacgan", "srivastava2017veegan", "arora2017birthday"),
        ),
        "classification": MetricEntry(
            label="classification",
            flag="Error of a semi-supervised run's classifier on validation images.",
            measure=lazy("gancli.metrics.classification:measure"),
            columns={"error": "lower"},
            key="error",
            ranks_by="classification error",
            needs=(Need.CLASSES,),
            summary="The share of validation images whose class D gets wrong (Salimans et al. 2016).",
            use="For --game semi-supervised. The error on test images: `gancli classify RUN mnist/test`.",
            cite=("salimans2016improved",),
        ),
        "translation": MetricEntry(
            label="translation",
            flag="Distance of translations from the other domain, cycle and identity error.",
            measure=lazy("gancli.metrics.translation:measure"),
            columns={"kid": "lower", "identity": "lower"},
            also={
                **dict.fromkeys(("cycle", "kid_ab", "kid_ba", "fid_ab", "fid_ba"), "lower"),
                **dict.fromkeys(("classes_kept_ab", "classes_kept_ba"), "higher"),
                **dict.fromkeys(("changed_outside_ab", "changed_outside_ba"), "lower"),
                **dict.fromkeys(("repeated_ab", "repeated_ba"), "lower"),
                **dict.fromkeys(("kid_untranslated", "fid_untranslated", "variety_ab", "variety_ba"), ""),
                **dict.fromkeys(("changed_inside_ab", "changed_inside_ba"), ""),
            },
            row=lazy("gancli.metrics.translation:row"),
            key="kid",
            ranks_by="kernel distance of translations",
            needs=(Need.TRANSLATIONS,),
            fewest=2,
            summary="Kernel and Fréchet distance of translated to target images; cycle error; classes kept.",
            use="For --game cycle. Compare with the distance of the images as they are, which stands beside.",
            cite=("binkowski2018mmd", "heusel2017ttur", "zhu2017unpaired"),
        ),
        "pairs": MetricEntry(
            label="pairs",
            flag="L1 error and distance of translations from the true ones, beside the nearest training pair.",
            measure=lazy("gancli.metrics.pairs:measure"),
            columns={"fid": "lower", "l1": "lower"},
            also={"spread": "", "fid_nearest": "", "l1_nearest": "", "variety": "", "repeated": "lower"},
            row=lazy("gancli.metrics.pairs:row"),
            key="fid",
            ranks_by="Fréchet distance of translations",
            needs=(Need.TRANSLATIONS, Need.PAIRS),
            fewest=2,
            summary="L1 error and Fréchet distance of translations from the true ones (Isola et al. 2017).",
            use="For --game paired. A low L1 error alone means blurred translations.",
            cite=("isola2017image", "heusel2017ttur"),
        ),
        "attributes": MetricEntry(
            label="attributes",
            flag="Distance of translations from the classes asked for, cycle error, sources found, classes seen.",
            measure=lazy("gancli.metrics.attributes:measure"),
            columns={"kid": "lower", "cycle": "lower"},
            also={
                **dict.fromkeys(("sources_found", "classes_seen"), "higher"),
                **{"fid": "lower", "kid_untranslated": "", "fid_untranslated": ""},
                **{"classes_seen_untranslated": "", "classes_right": ""},
                **{"changed_outside": "lower", "changed_inside": ""},
            },
            row=lazy("gancli.metrics.attributes:row"),
            key="kid",
            ranks_by="kernel distance of translations",
            needs=(Need.ATTRIBUTES,),
            fewest=4,  # two images of two classes
            summary="Distance of translations from the class asked for; cycle error; sources found; classes seen.",
            use="For --game attributes. Compare with the distance of the images as they are, which stands beside.",
            cite=("binkowski2018mmd", "heusel2017ttur", "choi2018stargan"),
        ),
        "completion": MetricEntry(
            label="completion",
            flag="Energy score of what a run puts into hidden parts, beside references.",
            measure=lazy("gancli.metrics.completion:measure"),
            columns={"value": "lower"},
            also={"classes_kept": "higher", "spread": ""},
            key="value",
            ranks_by="energy score",
            needs=(Need.COMPLETES,),
            summary="Energy score of ten completions of held-out examples, a proper score (Gneiting, Raftery 2007).",
            use="For --game completion. Of a finished run beside the nearest training example and least squares.",
            cite=("gneiting2007strictly",),
        ),
        "categories": MetricEntry(
            label="categories",
            flag="Share of an InfoGAN run's samples whose class is not that of their category.",
            measure=lazy("gancli.metrics.categories:measure"),
            columns={"error": "lower"},
            also={"held_out_error": "lower"},
            key="error",
            ranks_by="category error",
            needs=(
                Need.CATEGORY,
                Need.REFERENCE,
                Need.REFERENCE_IMAGES,
                Need.CLASSIFIER,
                Need.SAME_SIZE,
            ),
            summary="Are categories found without labels the classes? By their best matching (Chen et al. 2016).",
            use="For --game infogan on data with classes. It needs labels; to choose a checkpoint by it uses them.",
            cite=("chen2016infogan",),
        ),
        "probe": MetricEntry(
            label="probe",
            flag="Test error of simple classifiers of D's and E's features, by --labels.",
            measure=lazy("gancli.metrics.probe:measure"),
            columns={"linear": "lower", "nearest": "lower"},
            while_training=False,
            needs=(Need.IMAGES, Need.PROBED),
            summary="Test error of logistic regression and the nearest neighbor on features of D and E (Radford et al. "
            "2016).",
            use="To see what D or an encoder learned of classes. Give the number of labels: --labels 100, or all.",
            cite=("radford2016unsupervised",),
        ),
        "divergence": MetricEntry(
            label="JSD",
            flag="Jensen-Shannon divergence: bound by D; exact on points.",
            measure=lazy("gancli.metrics.divergence:measure"),
            columns={"bound": ""},
            while_training=False,
            needs=(Need.DISCRIMINATOR, Need.RUN_HELD_OUT),
            summary="½ (V + log 4) of the run's D, a lower bound of the JSD; exact on points (Goodfellow et al. 2014).",
            use="To study the game. A weak discriminator gives a loose bound; a value of 0 is uninformative.",
            cite=("goodfellow2014gan",),
        ),
    },
)


def json_name(metric: str) -> str:
    """Return a metric's name as JSON files have it: ``inception_score``."""
    return metric.replace("-", "_")
