"""Held-out images on their way from one domain to another, or to another class, and which classes they have then."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gancli.data.catalog import CLASSIFIED
from gancli.data.images.masks import find_masks, read_masks, stem
from gancli.data.load import Dataset, digest_of
from gancli.data.pairs import sides
from gancli.errors import UsageError
from gancli.evaluation.classes import classes_seen
from gancli.features.catalog import CLASSIFIERS
from gancli.games.translates import Translators
from gancli.imaging.pixels import to_unit
from gancli.metrics.attributes import others_in_turn
from gancli.metrics.inputs import Answers, Asked, KeptClasses, Masks, Way, identify
from gancli.metrics.neighbors import nearest
from gancli.reporting import Reporter, number_of
from gancli.sampling.translations import translate


def ways_of_images(translators: Translators, a: np.ndarray, b: np.ndarray) -> tuple[Way, ...]:
    """Return images ``[n, H, W, C]`` of A and ``[m, H, W, C]`` of B, uint8, on each way that the translators go."""
    own = (to_unit(a), to_unit(b))
    to = [partial(translate, *one) for one in zip(translators.ways, translators.weights, strict=True)]
    found = []
    for place, forth in enumerate(to):
        images = own[place]
        translated = forth(images)
        back = to[1 - place](translated) if len(to) > 1 else None
        found.append(Way(images, translated, back, own[1 - place], forth(own[1 - place])))
    return tuple(found)


def answers_of(translators: Translators, way: Way, pairs: Dataset) -> Answers:
    """Return the translations on a way whose ``others`` are the true ones; ``pairs`` are those of training."""
    again = None
    if translators.ways[0].has_noise:
        again = translate(translators.ways[0], translators.weights[0], way.images, seed=1)
    source, target = sides(pairs)
    flat = [to_unit(images).reshape(len(images), -1) for images in (way.images, source.examples)]
    _, rows = nearest(*flat)
    return Answers(way.others, way.translated, again, to_unit(target.examples[rows[:, 0]]), pairs)


def asked_of(
    translators: Translators,
    dataset: Dataset,
    images: np.ndarray,
    learned: Callable[[], tuple[dict[str, Any], Callable[[np.ndarray], np.ndarray]]],
) -> Asked:
    """Return images of a data set, each translated to another class and back, and the classes seen in them.

    Args:
        translators: the one that goes to classes.
        dataset: what the images are of.
        images: ``[n, H, W, C]``, uint8.
        learned: returns what finds the classes ``[n]`` of images ``[n, H, W, C]`` in [0, 1], and what a protocol tells
            of it, for data without a built-in classifier.
    """
    (way,), (weights,) = translators.ways, translators.weights
    own, labels = to_unit(images), dataset.labels[: len(images)]
    asked = others_in_turn(labels, way.target.learned_classes)
    translated = translate(way, weights, own, labels=asked)
    back = translate(way, weights, translated, labels=labels)
    name, _ = CLASSIFIED.get(dataset.name, ("", None))
    if name and len(dataset.classes) == CLASSIFIERS[name].num_classes:
        about, classes = {"classifier": CLASSIFIERS[name].identity}, partial(classes_seen, dataset.name)
    else:
        about, classes = learned()
    return Asked(own, labels, asked, translated, back, classes(translated), classes(own), about)


def read_masks_of(path: Path, datasets: Sequence[Dataset], crop: str, reporter: Reporter) -> tuple[Masks | None, ...]:
    """Return the masks of the images of several data sets; None where there is a mask of none.

    Masks of other images are counted and passed over.

    Args:
        path: a folder or a ``.zip`` of masks, see :func:`gancli.data.images.masks.read_masks`.
        datasets: of your own images.
        crop: how these became square.
        reporter: hears what is passed over.

    Raises:
        UsageError: an image has no file, some of a data set have no mask, or there are no masks at all.
        GancliError: a mask cannot be used.
    """
    found: list[Masks | None] = []
    masks, names = find_masks(path, reporter), list[str]()
    for dataset in datasets:
        files = dataset.files()
        if files is None:
            raise UsageError(f"--masks is for images in files of their own, and those of '{dataset.name}' have none.")
        names += [one.file.name for one in files]
        white = read_masks(path, masks, files, dataset.shape[0], crop)
        about = {} if white is None else identify(str(path), len(white), white.shape[1:], digest_of(white))
        found.append(None if white is None else Masks(white, about))
    if names and not any(found):
        raise UsageError(f"--masks '{path}' has a mask of no test image. Name masks as their images, as '{names[0]}'.")
    if others := len(masks.keys() - set(map(stem, names))):
        reporter.status(f"passed over {number_of(others, 'mask', 'masks')} of no test image in '{path}'")
    return tuple(found)


def kept_classes(way: Way, source: Dataset | None, target: Dataset | None) -> KeptClasses | None:
    """Return the classes of translations, by the built-in classifier of the target's data.

    None where the source's images have no classes, or the target's data have no classifier of the same classes.
    """
    if source is None or target is None or target.name not in CLASSIFIED:
        return None
    labels = source.labels[: len(way.images)]
    if source.classes != target.classes or len(source.classes) < 2 or not len(labels) or labels.min() < 0:
        return None
    name, _ = CLASSIFIED[target.name]
    if len(target.classes) != CLASSIFIERS[name].num_classes:
        return None
    found, before = (classes_seen(target.name, images) for images in (way.translated, way.images))
    return KeptClasses(CLASSIFIERS[name].identity, labels, found, before)
