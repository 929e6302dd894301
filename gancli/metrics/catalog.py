"""The metrics gancli knows by name: plain data, no libraries."""

from dataclasses import dataclass

from gancli.registry import Registry


@dataclass(frozen=True)
class MetricEntry:
    """What a metric is called, and which of its numbers says whether one generator is better than another."""

    label: str
    key: str | None  # the number that checkpoints and results are ranked by; None: it takes more than one
    lower_is_better: bool = True
    while_training: bool = True


METRICS: Registry[MetricEntry] = Registry(
    "metric",
    {
        "fid": MetricEntry("Fréchet distance", "value"),
        "kid": MetricEntry("kernel distance", "mean"),
        "inception-score": MetricEntry("Inception score", "mean", lower_is_better=False),
        "precision-recall": MetricEntry("precision, recall", None),
        "density-coverage": MetricEntry("density, coverage", "coverage", lower_is_better=False),
        "nearest": MetricEntry("nearest examples", None, while_training=False),
        "modes": MetricEntry("modes", "kl"),
        "divergence": MetricEntry("JSD", None, while_training=False),
    },
)


def json_name(metric: str) -> str:
    """Return a metric's name as JSON files have it: ``inception_score``."""
    return metric.replace("-", "_")
