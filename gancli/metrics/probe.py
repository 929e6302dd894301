"""What D, and E where there is one, have learned of classes that nobody gave them: simple classifiers of features.

As Radford et al. 2016 (§5) measure features: networks stay as they are, and a linear classifier is fitted to what they
compute of labeled images. Beside it stands the class of the nearest labeled image.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gancli.metrics.inputs import Inputs, Measured, Split, identify_split
from gancli.metrics.neighbors import nearest

Features = Callable[[np.ndarray], np.ndarray]  # examples [n, *shape] to features [n, F]

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


def linear_classifier(features: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what finds the classes ``[m]`` of features ``[m, F]``: logistic regression on standardized ``[n, F]``."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    known, _ = standardized(features, features)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its last iterations change few classes
        fitted = LogisticRegression(max_iter=MOST_ITERATIONS).fit(known, labels)
    return lambda asked: fitted.predict(standardized(features, asked)[1])


def linear_error(features: np.ndarray, labels: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Return the test error of logistic regression on standardized features ``[n, F]``."""
    return float(np.mean(linear_classifier(features, labels)(test) != truth))


def nearest_error(features: np.ndarray, labels: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Return the test error of the class of the nearest labeled image, by standardized features ``[n, F]``."""
    known, asked = standardized(features, test)
    _, closest = nearest(asked.astype(np.float32), known.astype(np.float32))
    return float(np.mean(labels[closest[:, 0]] != truth))


def measure(inputs: Inputs) -> Measured:
    """Measure both classifiers on the test images of a run's data, for several draws of labeled training images.

    The features are D's and, of a run with an encoder, E's. All labels are one draw.
    """
    train, test = inputs.run_split("train"), inputs.run_split("test")
    draws = DRAWS if inputs.num_labels else 1
    first, *others = (
        (name, _errors(inputs, name, features, train, test, draws)) for name, features in inputs.probed().items()
    )
    labels = inputs.num_labels or len(train.labels)
    values, texts = _values("", *first[1]), [_text(*first[1])]
    for name, errors in others:
        values |= _values(f"{name}_", *errors)
        texts.append(f"{name}: {_text(*errors)}")
    protocol = {"network": first[0], "labels": labels, "draws": draws, "seed": inputs.seed}
    values |= {"labels": labels, "draws": draws}
    protocol |= {"train": identify_split(train), "test": identify_split(test)}
    text = (
        f"test error of {first[0]}: {'; '.join(texts)}; {labels:,} labels, {draws} draw{'s' if draws > 1 else ''}, "
        f"{len(test.labels):,} test images"
    )
    return Measured("probe", values, protocol, "", text)


def _errors(
    inputs: Inputs, name: str, features: Features, train: Split, test: Split, draws: int
) -> tuple[Errors, Errors]:
    """Return the errors of the linear classifier and of the nearest neighbor by one network's features."""
    truth, asked = test.labels, features(test.examples)
    linear, neighbor = [], []
    for draw in range(draws):
        places = inputs.labeled_places(train.labels, inputs.seed + draw)
        known, labels = features(train.examples[places]), train.labels[places]
        linear.append(linear_error(known, labels, asked, truth))
        neighbor.append(nearest_error(known, labels, asked, truth))
        inputs.watch(f"label draws, {name}")(draw + 1, draws)
    return Errors(tuple(linear)), Errors(tuple(neighbor))


def _values(prefix: str, linear: Errors, nearest: Errors) -> dict[str, float]:
    return {
        f"{prefix}linear": linear.mean,
        f"{prefix}linear_standard_deviation": linear.deviation,
        f"{prefix}nearest": nearest.mean,
        f"{prefix}nearest_standard_deviation": nearest.deviation,
    }


def _text(linear: Errors, nearest: Errors) -> str:
    return f"{linear.text} linear, {nearest.text} nearest neighbor"
