"""The classes that the built-in classifier of a data set sees in images like its own."""

import numpy as np

from gancli.data.catalog import CLASSIFIED
from gancli.features.extractor import classifier, extract
from gancli.imaging.pixels import to_uint8
from gancli.reporting import Watch

BLOCK = 1000  # images at a time


def classes_seen(dataset: str | None, images: np.ndarray, watch: Watch | None = None) -> np.ndarray | None:
    """Return the classes ``[N]`` of images ``[N, H, W, C]`` in [0, 1]; None where the data set has no classifier.

    Args:
        dataset: name of the data set; None: of your own images.
        images: of the data set's size and channels.
        watch: hears how far it is.
    """
    if dataset not in CLASSIFIED:
        return None
    blocks = (to_uint8(images[start : start + BLOCK]) for start in range(0, len(images), BLOCK))
    return extract(classifier(*CLASSIFIED[dataset]), blocks, len(images), watch)[1].argmax(axis=1)
