"""What D has learned of classes that nobody gave it: simple classifiers of its features, from few labels.

As Radford et al. 2016 (§5) measure features: networks stay as they are, and a linear classifier is fitted to what they
compute of labeled images. Beside it stands the class of the nearest labeled image.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from gancli.metrics.inputs import Inputs, Measured, identify_split
from gancli.metrics.neighbors import nearest

DRAWS = 10  # of labeled images
MOST_ITERATIONS = 1000
SMALLEST = 1e-6  # standard deviation below which a feature counts as constant


@dataclass(frozen=True)
class Errors:
    """Test errors over several draws of labeled images."""

    errors: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean."""
        return float(np.mean(self.errors))

    @property
    def deviation(self) -> float:
        """The standard deviation between draws; zero of a single one."""
        return float(np.std(self.errors, ddof=1)) if len(self.errors) > 1 else 0.0

    @property
    def text(self) -> str:
        """The same for people."""
        return f"{self.mean:.2%} ± {self.deviation:.2%}"


def standardized(features: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features ``[n, F]`` and ``[m, F]`` less the mean of the first, over its standard deviation."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    scale = np.where(deviation > SMALLEST, deviation, 1.0)
    return (features - mean) / scale, (test - mean) / scale


def linear_error(features: np.ndarray, labels: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Return the test error of logistic regression on standardized features ``[n, F]``."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    known, asked = standardized(features, test)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its last iterations change few classes
        found = LogisticRegression(max_iter=MOST_ITERATIONS).fit(known, labels).predict(asked)
    return float(np.mean(found != truth))


def nearest_error(features: np.ndarray, labels: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Return the test error of the class of the nearest labeled image, by standardized features ``[n, F]``."""
    known, asked = standardized(features, test)
    _, closest = nearest(asked.astype(np.float32), known.astype(np.float32))
    return float(np.mean(labels[closest[:, 0]] != truth))


def measure(inputs: Inputs) -> Measured:
    """Measure both on the test images of a run's data, for several draws of labeled training images."""
    train, test = inputs.run_split("train"), inputs.run_split("test")
    truth, features = test.labels, inputs.discriminator_features(test.examples)
    linear, neighbor = [], []
    for draw in range(DRAWS):
        places = inputs.labeled_places(train.labels, inputs.seed + draw)
        known, labels = inputs.discriminator_features(train.examples[places]), train.labels[places]
        linear.append(linear_error(known, labels, features, truth))
        neighbor.append(nearest_error(known, labels, features, truth))
        inputs.watch("label draws")(draw + 1, DRAWS)
    lines, neighbors = Errors(tuple(linear)), Errors(tuple(neighbor))
    values = {
        "linear": lines.mean,
        "linear_standard_deviation": lines.deviation,
        "nearest": neighbors.mean,
        "nearest_standard_deviation": neighbors.deviation,
        "labels": inputs.num_labels,
        "draws": DRAWS,
    }
    protocol = {"labels": inputs.num_labels, "draws": DRAWS, "seed": inputs.seed}
    protocol |= {"train": identify_split(train), "test": identify_split(test)}
    text = (
        f"test error {lines.text} linear, {neighbors.text} nearest neighbor, {inputs.num_labels:,} labels, "
        f"{DRAWS} draws, {len(truth):,} test images"
    )
    return Measured("probe", values, protocol, "", text)
