"""Whether images are like those that a translator was trained on, by the features of a classifier of photographs.

An image is as far from the training images as from the nearest one in features. It is unlike them if it is farther than
19 of 20 images that were held out from training.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from gancli.data.load import Dataset
from gancli.data.pairs import both_domains
from gancli.errors import GancliError
from gancli.features.extractor import classifier_at_scales, extract
from gancli.files import read_arrays, write_atomically
from gancli.games.translates import A, B
from gancli.metrics.neighbors import nearest
from gancli.reporting import Reporter

TRAINED, HELD_OUT = 500, 200  # images that are kept of the former, and looked at of the latter
SHARE = 0.95  # of the images held out that are like those of training
SMALLEST = 1e-6  # distance, where training images are all one and the same
CLASSIFIER = "cifar10"
SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Likeness:
    """What is known of the training images of a domain."""

    features: np.ndarray  # [n, F]
    limit: float  # distance beyond which an image is unlike them
    side: int  # pixels of the images

    @classmethod
    def fit(cls, train: np.ndarray, held_out: np.ndarray) -> Self:
        """Look at images ``[N, H, W, C]`` and ``[M, H, W, C]``, uint8; where none are held out, at one among others."""
        side = max(train.shape[1:3])
        features = _features(_spread(train, TRAINED), side)
        if len(held_out):
            distances = nearest(_features(_spread(held_out, HELD_OUT), side), features)[0][:, 0]
        elif len(features) > 1:
            distances = nearest(features, features, same=True)[0][:, 0]
        else:
            distances = np.zeros(1)
        return cls(features, float(np.quantile(distances, SHARE)), side)

    def ratios(self, images: np.ndarray) -> np.ndarray:
        """Return how far images ``[n, H, W, C]``, uint8, are, ``[n]``; above 1 they are unlike the training images."""
        distances = nearest(_features(images, self.side), self.features)[0][:, 0]
        return distances / max(self.limit, SMALLEST)


def likenesses(names: Sequence[str], datasets: Mapping[str, Dataset], reporter: Reporter) -> dict[str, Likeness]:
    """Look at the training images of the named domains: data sets, or the images of pairs."""
    splits: list[dict[str, Dataset]] = [{name: one.other(split) for name, one in datasets.items()} for split in SPLITS]
    if not datasets.keys() >= set(names):
        splits = [dict(zip((A, B), both_domains(split), strict=True)) for split in splits]
    found = {}
    for place, name in enumerate(names):
        reporter.advance("what training images are like", place, len(names))
        found[name] = Likeness.fit(*(split[name].examples for split in splits))
    reporter.advance("what training images are like", len(names), len(names))
    return found


def write_likenesses(path: Path, found: Mapping[str, Likeness]) -> None:
    """Keep what is known of domains, by name.

    Raises:
        GancliError: it cannot be written.
    """
    arrays = {f"{name}.features": one.features.astype(np.float32) for name, one in found.items()}
    arrays |= {f"{name}.about": np.array([one.limit, one.side]) for name, one in found.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # pyright: ignore[reportArgumentType]
    write_atomically(path, buffer.getvalue())


def read_likeness(path: Path, name: str) -> Likeness | None:
    """Return what was kept of a domain; None: nothing was, or it cannot be read."""
    wanted = {f"{name}.features", f"{name}.about"}
    try:
        arrays = read_arrays(path, lambda names: [one for one in names if one in wanted])
        limit, side = arrays[f"{name}.about"]
        return Likeness(arrays[f"{name}.features"], float(limit), int(side))
    except (GancliError, OSError, KeyError, ValueError):
        return None


def _spread(images: np.ndarray, count: int) -> np.ndarray:
    """Return at most so many images, from beginning to end."""
    return np.asarray(images[np.unique(np.linspace(0, len(images) - 1, min(count, len(images))).astype(int))])


def _features(images: np.ndarray, side: int) -> np.ndarray:
    return extract(classifier_at_scales(CLASSIFIER, side), [images], len(images))[0]
