"""The classes that the built-in classifier of a data set sees in images like its own."""

import numpy as np

from gancli.data.catalog import CLASSIFIED
from gancli.features.extractor import classifier, extract
from gancli.imaging.pixels import to_gray, to_uint8
from gancli.reporting import Watch

BLOCK = 1000  # images at a time


def classes_seen(dataset: str, images: np.ndarray, watch: Watch | None = None) -> np.ndarray:
    """Return the classes ``[N]`` of images ``[N, H, W, C]`` in [0, 1].

    Args:
        dataset: name of a data set with a built-in classifier.
        images: of the data set's size; color is made gray for a classifier of gray.
        watch: hears how far it is.
    """
    network = classifier(*CLASSIFIED[dataset])
    images = to_gray(images) if (network.shape[-1], images.shape[-1]) == (1, 3) else images
    blocks = (to_uint8(images[start : start + BLOCK]) for start in range(0, len(images), BLOCK))
    return extract(network, blocks, len(images), watch)[1].argmax(axis=1)
