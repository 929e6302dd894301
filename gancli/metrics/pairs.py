"""How near translations are to true ones, where each image has one (Isola et al. 2017).

The L1 error is the mean absolute difference of a translation from the true one, pixels in [0, 1]; the Fréchet distance
is that of all translations from all true ones. Both stand beside those of the nearest training pair: of every image the
true translation of the training image that is nearest to it in pixels. The spread is the mean absolute difference of
two answers to one image, of a translator with noise. Whether translations differ from one another is measured as for
two sets of images, see :mod:`gancli.metrics.translation`.
"""

from collections.abc import Mapping
from typing import Any

from gancli.metrics.frechet import frechet_of_two_samples
from gancli.metrics.health import amounts_of_translations
from gancli.metrics.inputs import Inputs, Measured, identify_split
from gancli.metrics.translation import apart, differences, with_error


def measure(inputs: Inputs) -> Measured:
    """Measure translations of held-out images by their true translations."""
    found = inputs.answers()
    true = inputs.reference_features
    features = {"": inputs.features_of(found.translated), "_nearest": inputs.features_of(found.nearest)}
    values: dict[str, Any] = differences(features[""], true)
    for end, images in (("", found.translated), ("_nearest", found.nearest)):
        values[f"l1{end}"] = apart(images, found.true)
        estimate = frechet_of_two_samples(features[end], true, inputs.seed)
        values |= {f"fid{end}": estimate.value, f"fid{end}_standard_error": estimate.standard_error}
    if found.again is not None:
        values["spread"] = apart(found.again, found.translated)
    protocol = inputs.protocol() | {"train": identify_split(found.train)}
    text = (
        f"L1 error {values['l1']:.4g}, of the nearest training pair {values['l1_nearest']:.4g}; Fréchet distance "
        f"{with_error(values, 'fid')} and {with_error(values, 'fid_nearest')}"
    )
    text += f"; spread of answers {values['spread']:.3g}" if "spread" in values else ""
    if amounts := amounts_of_translations(values):
        values |= {"verdict": amounts[0]}
        text += f"; {': '.join(amounts)}"
    return Measured("pairs", values, protocol, inputs.draw, text)


def row(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a row: both distances, each beside that of the nearest training pair."""
    shown = {"L1 ↓": "l1", "nearest pair": "l1_nearest", "fid ↓": "fid", "fid of nearest": "fid_nearest"}
    shown |= {"spread": "spread"}
    return {label: with_error(values, number, 3) for label, number in shown.items() if number in values}
