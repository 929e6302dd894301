"""How good translations of held-out images are: near the other domain, and true to the images.

Of both ways the distances of translations from images of the target domain (Heusel et al. 2017; Bińkowski et al. 2018),
beside the distance of the two domains as they are. The cycle error is the mean absolute difference of an image from
what comes back, the identity error that of an image of the target domain from its translation; pixels are in [0, 1].
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gancli.metrics.frechet import frechet_distance
from gancli.metrics.inputs import Inputs, Measured
from gancli.metrics.kernel import squared_mmd
from gancli.metrics.moments import Moments

WAYS = ("ab", "ba")


def distances(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Return the Fréchet and the kernel distance, by name, of features ``[n, F]`` and ``[m, F]``, n and m at least 2.

    The kernel distance is unbiased. The Fréchet distance of few images lies above that of many.
    """
    gaussians = [Moments.of(part).compute() for part in (one, other)]
    return {"fid": frechet_distance(*gaussians), "kid": squared_mmd(one, other)}


def measure(inputs: Inputs) -> Measured:
    """Measure translations of held-out images in both directions."""
    ways = inputs.ways
    own = (inputs.features, inputs.reference_features)  # of the images of A, and of B
    values: dict[str, Any] = {}
    for place, (name, way) in enumerate(zip(WAYS, ways, strict=True)):
        found = distances(inputs.features_of(way.translated), own[1 - place])
        values |= {f"{kind}_{name}": value for kind, value in found.items()}
        values[f"cycle_{name}"] = _apart(way.back, way.images)
        values[f"identity_{name}"] = _apart(way.same, ways[1 - place].images)
    values |= {f"{kind}_untranslated": value for kind, value in distances(*own).items()}
    values |= {kind: (values[f"{kind}_ab"] + values[f"{kind}_ba"]) / 2 for kind in ("fid", "kid", "cycle", "identity")}
    protocol = inputs.protocol()
    text = (
        f"kernel distance A to B {values['kid_ab']:.4g}, B to A {values['kid_ba']:.4g}, "
        f"untranslated {values['kid_untranslated']:.4g}; cycle error {values['cycle']:.3g}"
    )
    return Measured("translation", values, protocol, inputs.draw, text)


def row(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a row: kernel distances of both ways and without translation, and both errors."""
    shown = {"KID A to B ↓": "kid_ab", "KID B to A ↓": "kid_ba", "untranslated": "kid_untranslated"}
    shown |= {"cycle ↓": "cycle", "identity ↓": "identity"}
    return {label: f"{values[number]:.3g}" for label, number in shown.items()}


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean(np.abs(one - other), dtype=np.float64))
