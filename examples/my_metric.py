"""A metric of your own: ``python examples/my_metric.py evaluate RUN --contrast``.

The script adds one entry to the metrics and then runs gancli's command line, which has the flag from the entry.
"""

import numpy as np

from gancli.metrics.catalog import METRICS, MetricEntry, Need
from gancli.metrics.inputs import Inputs, Measured


def contrast(images: np.ndarray) -> float:
    """Return the mean standard deviation of the pixels ``[N, H, W, C]``, uint8, of an image."""
    return float((images / 255).std(axis=(1, 2, 3)).mean())


def measure(inputs: Inputs) -> Measured:
    """Measure the contrast of samples; the protocol lists all that two comparable numbers share."""
    value = contrast(inputs.pixels())
    return Measured("contrast", {"value": value}, inputs.about_samples, inputs.draw, f"{value:.4f}")


METRICS.add(
    "contrast",
    MetricEntry(
        label="contrast",
        flag="Mean standard deviation of an image's pixels.",
        measure=measure,
        columns={"value": ""},
        needs=(Need.IMAGES,),
        fewest=1,
        summary="The mean standard deviation of the pixels of an image.",
        use="To see whether samples are paler than data.",
    ),
)

if __name__ == "__main__":
    from gancli.cli.app import entry_point  # its commands are made from the entries, so it comes last

    entry_point()
