"""Classes by the classifiers that come with gancli."""

import numpy as np

from gancli.data.load import load
from gancli.evaluation.classes import classes_seen
from gancli.imaging.pixels import to_unit


def test_the_classifier_of_the_data_sees_the_classes_of_its_test_images():
    digits = load("digits", "test")
    found = classes_seen("digits", to_unit(digits.examples))
    assert found is not None
    assert np.mean(found == digits.labels) > 0.95


def test_data_without_a_classifier_have_no_classes_seen():
    assert classes_seen(None, np.zeros((2, 8, 8, 1), np.float32)) is None
    assert classes_seen("my/photos", np.zeros((2, 8, 8, 1), np.float32)) is None
