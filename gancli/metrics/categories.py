"""Whether categories that a run found without labels are the classes of the data (Chen et al. 2016, §7.2)."""

from typing import Any

import numpy as np
import scipy

from gancli.metrics.inputs import Inputs, Measured, identify_split
from gancli.metrics.neighbors import nearest


def unmatched(categories: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of examples whose class is not that of their category, for the best matching of the two.

    Every category is matched with one class at most, and every class with one category, so that the share is least
    (Kuhn 1955: Hungarian method).

    Args:
        categories: int ``[n]``.
        classes: int ``[n]``.
    """
    counts = np.zeros((categories.max() + 1, classes.max() + 1), int)
    np.add.at(counts, (categories, classes), 1)
    return 1 - counts[scipy.optimize.linear_sum_assignment(counts, maximize=True)].sum() / len(classes)


def measure(inputs: Inputs) -> Measured:
    """Measure how often samples are of another class than that of their category, and how often Q is wrong on data.

    Classes of samples are those that the data set's built-in classifier finds, or of points the nearest Gaussian. Q
    reads the categories of images that were held out from training, whose labels are known.
    """
    drawn, density = inputs.categories(), inputs.density
    if density is not None:
        classes = nearest(inputs.points, density.centers)[1][:, 0]
        value = unmatched(drawn, classes)
        return _measured(inputs, {"error": value}, inputs.about_samples | {"classes": inputs.dataset_name})
    found, held_out = inputs.classes(), inputs.held_out()
    values = {"error": unmatched(drawn, found.samples)}
    protocol = {"classes": found.classifier} | inputs.about_samples
    if len(held_out) and held_out.labels.min() >= 0:
        values["held_out_error"] = unmatched(inputs.read_categories(held_out.examples), held_out.labels)
        protocol["held_out"] = identify_split(held_out)
    return _measured(inputs, values, protocol)


def _measured(inputs: Inputs, values: dict[str, float], protocol: dict[str, Any]) -> Measured:
    text = f"{values['error']:.2%} of samples are not of the class that matches their category"
    if "held_out_error" in values:
        text += f", {values['held_out_error']:.2%} of held-out images"
    return Measured("categories", dict(values), protocol, inputs.draw, text)
