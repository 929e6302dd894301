"""How good translations of held-out images to other classes are (Choi et al. 2018): near the class, true to the image.

Each image is translated to one other class, the others in turn. Of every class, the distances of translations to it
from its images (Heusel et al. 2017; Bińkowski et al. 2018), beside those of the same images untranslated; the numbers
are means over classes, and their standard errors those of means of independent distances. The cycle error is the mean
absolute difference of an image from what comes back, pixels in [0, 1]. The share of sources found is that of the
translations to which no held-out image is nearer, in pixels, than the image translated: it falls where translations
look like other images of the class. The share of classes seen is that of the translations in which a classifier finds
the class asked for: the data's built-in one, or logistic regression on features of the training images. D is not asked,
which G learned to please. Where masks tell what may change, it is measured how much changes outside of them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gancli.metrics.inputs import Asked, Inputs, Measured
from gancli.metrics.neighbors import nearest
from gancli.metrics.translation import apart, changed, distances, text_of_changes, with_error

FEWEST = 2  # images of a class, and translations to it, that have a distance


def measure(inputs: Inputs) -> Measured:
    """Measure translations of held-out images to other classes."""
    found = inputs.asked()
    features, translated = inputs.features, inputs.features_of(found.translated)
    classes = comparable(found.labels, found.asked)
    values: dict[str, Any] = {}
    for end, own in (("", translated), ("_untranslated", features)):
        sides = [(own[found.asked == label], features[found.labels == label]) for label in classes]
        values |= mean_of([distances(*both, end, inputs.seed) for both in sides])
    values |= {"cycle": apart(found.back, found.images), "sources_found": sources_found(found), "classes": len(classes)}
    values |= {
        "classes_seen": float(np.mean(found.seen == found.asked)),
        "classes_seen_untranslated": float(np.mean(found.seen_before == found.asked)),
        "classes_right": float(np.mean(found.seen_before == found.labels)),
    }
    protocol = inputs.protocol() | found.classifier
    if masks := inputs.masks[0]:
        values |= changed(found.images, found.translated, masks.white)
        protocol |= {"masks": masks.identity}
    return Measured("attributes", values, protocol, inputs.draw, _text(values))


def others_in_turn(labels: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
    """Return a class ``[n]`` for each image to become: not its own ``[n]``, and the others of its class in turn.

    Args:
        labels: of images.
        classes: labels of those that translations go to, at least two.
    """
    asked = np.empty(len(labels), np.int32)
    for label in np.unique(labels):
        rows, others = np.flatnonzero(labels == label), [one for one in classes if one != label]
        asked[rows] = np.resize(others, len(rows))
    return asked


def comparable(labels: np.ndarray, asked: np.ndarray) -> list[int]:
    """Return the classes of which there are images ``[n]`` and translations ``[n]`` enough for a distance."""
    return [int(label) for label in np.unique(labels) if min((labels == label).sum(), (asked == label).sum()) >= FEWEST]


def mean_of(each: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Return the means of numbers over classes; of standard errors that of the mean, None where one is not known."""

    def of(name: str, values: Sequence[Any]) -> float | None:
        if None in values:
            return None
        return math.hypot(*values) / len(values) if name.endswith("_standard_error") else float(np.mean(values))

    return {name: of(name, [one[name] for one in each]) for name in each[0]}


def sources_found(found: Asked) -> float:
    """Return the share of translations to which no held-out image is nearer, in pixels, than the image translated."""
    translated, images = (part.reshape(len(part), -1) for part in (found.translated, found.images))
    _, rows = nearest(translated, images)
    return float(np.mean(rows[:, 0] == np.arange(len(images))))


def _text(values: Mapping[str, Any]) -> str:
    changes = f"; {text_of_changes(values)}" if "changed_outside" in values else ""
    pairs = {"kernel distance": ("kid", "kid_untranslated"), "Fréchet distance": ("fid", "fid_untranslated")}
    text = "; ".join(
        f"{label} {with_error(values, own)}, untranslated {with_error(values, untranslated)}"
        for label, (own, untranslated) in pairs.items()
    )
    return (
        f"{text}; cycle error {values['cycle']:.3g}; sources found {values['sources_found']:.1%}; classes seen "
        f"{values['classes_seen']:.1%}, untranslated {values['classes_seen_untranslated']:.1%}; the classifier is "
        f"right on {values['classes_right']:.1%} of the images{changes}"
    )


def row(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a row: the kernel distance and that without translation, the cycle error, both shares."""
    shown = {"KID ↓": "kid", "untranslated": "kid_untranslated", "cycle ↓": "cycle"}
    shares = {"sources found ↑": "sources_found", "classes seen ↑": "classes_seen"}
    cells = {label: with_error(values, number, 3) for label, number in shown.items()}
    return cells | {label: f"{values[number]:.1%}" for label, number in shares.items()}
