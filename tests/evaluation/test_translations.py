"""Held-out images on their way, and the classes that they keep."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gancli.data.load import load
from gancli.evaluation import translations
from gancli.evaluation.translations import asked_of, kept_classes, read_masks_of, ways_of_images
from gancli.games.translates import Translators
from gancli.imaging.pixels import to_gray, to_unit
from gancli.metrics.inputs import Way
from gancli.reporting import Silence

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 1), np.uint8)
OTHERS = np.random.default_rng(1).integers(0, 256, (2, 4, 4, 1), np.uint8)


@pytest.fixture
def arithmetic(monkeypatch):
    """Translators that are numbers, which are added to images."""
    monkeypatch.setattr(translations, "translate", lambda way, weight, images: images + weight)


def of(*weights: float) -> Translators:
    anything: Any = weights
    return Translators(anything, anything)


@pytest.mark.usefixtures("arithmetic")
def test_there_and_back_and_what_should_stay():
    ways = ways_of_images(of(0.5, -0.25), IMAGES, OTHERS)
    a, b = to_unit(IMAGES), to_unit(OTHERS)
    for way, (own, other), (to, back) in zip(ways, ((a, b), (b, a)), ((0.5, -0.25), (-0.25, 0.5)), strict=True):
        wanted_ones = (own, own + to, own + to + back, other, other + to)
        for found, wanted in zip(way, wanted_ones, strict=True):
            assert found is not None
            np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.usefixtures("arithmetic")
def test_of_one_translator_nothing_comes_back():
    (way,) = ways_of_images(of(0.5), IMAGES, OTHERS)
    assert way.back is None
    np.testing.assert_allclose(way.same, to_unit(OTHERS) + 0.5, atol=1e-6)


def test_classes_are_those_that_the_classifier_of_the_target_finds():
    digits = load("digits", "validation").first(100)
    images = to_unit(digits.examples)
    way = Way(1 - images, images, None, images, images)  # from negatives to digits
    kept = kept_classes(way, digits, digits)
    assert kept is not None
    np.testing.assert_array_equal(kept.labels, digits.labels)
    assert (kept.translated == digits.labels).mean() > 0.95
    assert (kept.untranslated == digits.labels).mean() < 0.6
    colors, negatives = images.repeat(3, axis=-1), (1 - images).repeat(3, axis=-1)
    in_color = Way(negatives, colors, None, colors, colors)
    again = kept_classes(in_color, digits, digits)
    assert again is not None
    np.testing.assert_array_equal(again.translated, kept.translated)


def test_without_classes_or_their_classifier_nothing_is_counted():
    digits = load("digits", "validation").first(5)
    images = to_unit(digits.examples)
    way = Way(images, images, None, images, images)
    ring = load("ring", "validation").first(5)
    assert kept_classes(way, ring, digits) is None
    assert kept_classes(way, digits, ring) is None
    assert kept_classes(way, None, digits) is None


def test_where_no_images_are_held_out_no_masks_are_missed(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "mask.png")
    nothing: Any = SimpleNamespace(files=list, shape=(8, 8, 3))
    assert read_masks_of(tmp_path, (nothing, nothing), "center", Silence()) == (None, None)


def test_gray_of_a_color_image_is_its_luminance():
    assert to_gray(np.eye(3, dtype=np.float32)[None]).ravel() == pytest.approx([0.299, 0.587, 0.114])


def test_each_image_goes_to_another_class_and_back_and_is_classified(monkeypatch):
    """By a translator that shows a digit of the class asked for."""
    digits = load("digits", "validation").first(40)
    by_class = np.stack([to_unit(digits.examples[digits.labels == label][0]) for label in range(10)])
    monkeypatch.setattr(translations, "translate", lambda way, weight, images, labels: by_class[labels])
    way: Any = SimpleNamespace(target=SimpleNamespace(learned_classes=tuple(range(10))))
    anything: Any = (None,)

    def darkness():
        return {"classifier": "darkness"}, lambda images: (images.mean(axis=(1, 2, 3)) < 0.5).astype(int)

    found = asked_of(Translators((way,), anything), digits, digits.examples, darkness)
    np.testing.assert_array_equal(found.images, to_unit(digits.examples))
    assert (found.asked != found.labels).all()
    np.testing.assert_array_equal(found.translated, by_class[found.asked])
    np.testing.assert_array_equal(found.back, by_class[digits.labels])
    assert (found.seen == found.asked).mean() > 0.9
    assert (found.seen_before == found.labels).mean() > 0.9
    assert found.classifier == {"classifier": "digits-classifier-1"}
    ring = load("ring", "validation").first(40)
    pairs_of_digits = dataclasses.replace(digits, classes=tuple(map(str, range(100))))
    for unknown in (ring, pairs_of_digits):
        other = asked_of(Translators((way,), anything), unknown, digits.examples, darkness)
        assert other.classifier == {"classifier": "darkness"}
        np.testing.assert_array_equal(other.seen_before, digits.examples.mean(axis=(1, 2, 3)) < 127.5)
