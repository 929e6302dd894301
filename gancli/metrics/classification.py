"""How often a classifier is wrong."""

import math
from dataclasses import dataclass

import numpy as np

from gancli.metrics.inputs import Inputs, Measured, identify_split


@dataclass(frozen=True)
class Mistakes:
    """How many of some examples a classifier gets wrong."""

    wrong: int
    count: int

    @property
    def error(self) -> float:
        """The share."""
        return self.wrong / self.count

    @property
    def standard_error(self) -> float:
        """Of the share, as examples drawn anew would change it."""
        return math.sqrt(self.error * (1 - self.error) / self.count)

    @property
    def text(self) -> str:
        """The same for people."""
        return f"{self.error:.2%} ± {self.standard_error:.2%}, {self.wrong:,} of {self.count:,} wrong"

    def to_dict(self) -> dict[str, float]:
        """Return the numbers as JSON has them."""
        values = {"error": self.error, "standard_error": self.standard_error}
        return values | {"wrong": self.wrong, "count": self.count}


def mistakes(predicted: np.ndarray, labels: np.ndarray) -> Mistakes:
    """Return how many predicted classes ``[n]`` differ from ``labels`` ``[n]``."""
    return Mistakes(int(np.count_nonzero(predicted != labels)), len(labels))


def measure(inputs: Inputs) -> Measured:
    """Measure the error of a run's classifier on the validation images of its data."""
    held_out = inputs.held_out()
    found = mistakes(inputs.class_logits(held_out.examples).argmax(axis=1), held_out.labels)
    protocol = {"held_out": identify_split(held_out)}
    return Measured("classification", dict(found.to_dict()), protocol, "", found.text)
