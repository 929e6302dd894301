"""How good translations of held-out images are: near the other domain, and true to the images.

Of both ways the distances of translations from images of the target domain (Heusel et al. 2017; Bińkowski et al. 2018),
beside the distance of the two domains as they are. The cycle error is the mean absolute difference of an image from
what comes back, the identity error that of an image of the target domain from its translation; pixels are in [0, 1].
Where images have classes and the target's data a classifier of them, also how many translations keep their class.

A translator that gives every image one answer may be near the other domain, too, or one that alternates between few. So
the variety of translations is measured beside that of images of the target, and how many of them repeat another one.
And where masks tell what may change, how much changes outside of them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy

from gancli.metrics.frechet import frechet_of_two_samples
from gancli.metrics.health import amounts_of_translations
from gancli.metrics.inputs import Inputs, KeptClasses, Measured
from gancli.metrics.kernel import squared_mmd_with_error
from gancli.metrics.modes import closest, copies

UNTRANSLATED = "untranslated"  # the way of a translator that does nothing
FEWEST = 10  # images of which repetitions are counted
WAYS = {"ab": "A to B", "ba": "B to A"}
KINDS = {
    "kid": "kernel distance",
    "fid": "Fréchet distance",
    "cycle": "cycle error",
    "identity": "identity error",
}


def distances(one: np.ndarray, other: np.ndarray, end: str, seed: int) -> dict[str, float | None]:
    """Return the Fréchet and the kernel distance of features ``[n, F]`` and ``[m, F]``, and their standard errors.

    The kernel distance is unbiased. The Fréchet distance of few images lies above that of many.

    Args:
        one: n at least 2.
        other: m at least 2.
        end: of their names, as in ``fid_ab``.
        seed: of the groups that are left out.
    """
    estimate = frechet_of_two_samples(one, other, seed)
    kernel, error = squared_mmd_with_error(one, other)
    return {
        f"fid{end}": estimate.value,
        f"fid{end}_standard_error": estimate.standard_error,
        f"kid{end}": kernel,
        f"kid{end}_standard_error": error,
    }


def measure(inputs: Inputs) -> Measured:
    """Measure translations of held-out images, in both directions where the run goes both ways."""
    ways = inputs.ways
    own = (inputs.features, inputs.reference_features)  # of the images of A, and of B
    values: dict[str, Any] = {}
    protocol = inputs.protocol()
    for place, (name, way) in enumerate(zip(WAYS, ways, strict=False)):
        translated, target = inputs.features_of(way.translated), own[1 - place]
        values |= distances(translated, target, f"_{name}", inputs.seed)
        values |= {f"{kind}_{name}": value for kind, value in differences(translated, target).items()}
        if way.back is not None:
            values[f"cycle_{name}"] = apart(way.back, way.images)
        values[f"identity_{name}"] = apart(way.same, way.others)
        if kept := inputs.kept_classes(place):
            values |= {f"{kind}_{name}": value for kind, value in classes_of(kept).items()}
            protocol |= {"classifier": kept.classifier}
        if masks := inputs.masks[place]:
            changes = changed(way.images, way.translated, masks.white)
            values |= {f"{kind}_{name}": value for kind, value in changes.items()}
            protocol |= {f"masks_{name}": masks.identity}
    values |= distances(*own, f"_{UNTRANSLATED}", inputs.seed)
    for kind in KINDS:  # the mean over the ways that a run goes
        found = [values[f"{kind}_{name}"] for name in WAYS if f"{kind}_{name}" in values]
        values |= {kind: sum(found) / len(found)} if found else {}
    if found := amounts_of_translations(values):
        values |= {"verdict": found[0]}
    return Measured("translation", values, protocol, inputs.draw, _text(values), table=table(values))


def differences(translated: np.ndarray, target: np.ndarray) -> dict[str, float | None]:
    """Return what tells whether translations differ, by features ``[n, F]`` of them and ``[m, F]`` of the target."""
    return {"variety": variety(translated, target), "repeated": repeated(translated, target)}


def variety(translated: np.ndarray, target: np.ndarray) -> float | None:
    """Return how much features ``[n, F]`` of translations vary beside those ``[m, F]`` of images of the target.

    The root of the ratio of total variances: 0 where all translations are one image, 1 where they vary as much; None
    where the images of the target do not vary.
    """
    own, others = (float(np.sum(np.var(one, axis=0, dtype=np.float64))) for one in (translated, target))
    return math.sqrt(own / others) if others > 0 else None


def repeated(translated: np.ndarray, target: np.ndarray) -> float | None:
    """Return the share of translations that repeat another one: closer to it than any two images of the target are.

    The rule of the birthday test, see :class:`gancli.metrics.modes.Duplicates`, with features in the place of pixels.
    Images of the target that are the same count once. Of both sets as many are looked at: where one is larger, the
    first. None where these are fewer than ten, of which two are as close as that by chance.

    Args:
        translated: features ``[n, F]`` of translations.
        target: features ``[m, F]`` of images.
    """
    _, firsts = np.unique(target, axis=0, return_index=True)
    count = min(len(translated), len(firsts))
    if count < FEWEST:
        return None
    return float(np.mean(copies(translated[:count], closest(target[np.sort(firsts)[:count]])) > 0))


def changed(images: np.ndarray, translated: np.ndarray, white: np.ndarray) -> dict[str, float | None]:
    """Return the mean absolute change of pixels outside and inside of masks; None where there are no such pixels.

    Args:
        images: ``[n, H, W, C]`` in [0, 1].
        translated: ``[n, H, W, C]``, of the same images.
        white: bool ``[n, H, W, 1]``, the inside.
    """
    change = np.abs(translated - images).mean(axis=-1, keepdims=True, dtype=np.float64)
    parts = {"changed_outside": ~white, "changed_inside": white}
    return {name: float(change[part].mean()) if part.any() else None for name, part in parts.items()}


def classes_of(kept: KeptClasses) -> dict[str, Any]:
    """Return how many translations keep their class, and how many classes have changed places.

    The places are those of the best matching of classes before and after, in which each belongs to one alone.
    """
    counts = np.zeros((int(max(kept.labels.max(), kept.translated.max())) + 1,) * 2, int)
    np.add.at(counts, (kept.labels, kept.translated), 1)
    rows, columns = scipy.optimize.linear_sum_assignment(counts, maximize=True)
    return {
        "classes_kept": float(np.mean(kept.translated == kept.labels)),
        "classes_kept_untranslated": float(np.mean(kept.untranslated == kept.labels)),
        "classes_permuted": int(np.isin(rows[rows != columns], kept.labels).sum()),
    }


def _text(values: Mapping[str, Any]) -> str:
    text = f"kernel distance {with_error(values, 'kid')}, untranslated {with_error(values, f'kid_{UNTRANSLATED}')}"
    if found := amounts_of_translations(values):
        text += f"; {': '.join(found)}"
    for name, way in WAYS.items():
        if f"changed_outside_{name}" in values:
            text += f"; {way} {text_of_changes(values, f'_{name}')}"
        if f"classes_kept_{name}" in values:
            kept, before = (values[f"{kind}_{name}"] for kind in ("classes_kept", "classes_kept_untranslated"))
            text += f"; classes kept {kept:.1%}, {before:.1%} untranslated"
    return text


def table(values: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Return distances and errors of each way for people, in a row, and below them those of the images as they are."""
    ways = {name: way for name, way in {**WAYS, UNTRANSLATED: UNTRANSLATED}.items() if f"kid_{name}" in values}
    kinds = {kind: label for kind, label in KINDS.items() if kind in values}
    return tuple(
        {"": way} | {label: with_error(values, f"{kind}_{name}") for kind, label in kinds.items()}
        for name, way in ways.items()
    )


def text_of_changes(values: Mapping[str, Any], end: str = "") -> str:
    """Return the change outside and inside of masks for people; ``end`` is that of the names of both numbers."""
    known = {place: values[f"changed_{place}{end}"] for place in ("outside", "inside")}
    return "change " + ", ".join(f"{value:.3g} {place} masks" for place, value in known.items() if value is not None)


def row(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a row: kernel distances of both ways and without translation, both errors, classes kept."""
    shown = {"KID A to B ↓": "kid_ab", "KID B to A ↓": "kid_ba", "untranslated": f"kid_{UNTRANSLATED}"}
    shown |= {"cycle ↓": "cycle", "identity ↓": "identity"}
    cells = {label: with_error(values, name, 3) for label, name in shown.items() if name in values}
    kept = {name: values[f"classes_kept_{name}"] for name in WAYS if f"classes_kept_{name}" in values}
    return cells | ({"classes kept ↑": " ".join(f"{share:.1%}" for share in kept.values())} if kept else {})


def with_error(values: Mapping[str, Any], name: str, digits: int = 4) -> str:
    """Return a number with its standard error where it has one; empty where it was not measured."""
    if name not in values:
        return ""
    error = values.get(f"{name}_standard_error")
    return f"{values[name]:.{digits}g}" + ("" if error is None else f" ± {error:.2g}")


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean absolute difference of images."""
    return float(np.mean(np.abs(one - other), dtype=np.float64))
