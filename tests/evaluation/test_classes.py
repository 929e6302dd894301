"""Classes by the classifiers that come with gancli."""

import numpy as np

from gancli.data.load import load
from gancli.evaluation.classes import classes_seen
from gancli.imaging.pixels import to_unit


def test_the_classifier_of_the_data_sees_the_classes_of_its_test_images_in_gray_and_color():
    digits = load("digits", "test")
    images = to_unit(digits.examples)
    found = classes_seen("digits", images)
    assert np.mean(found == digits.labels) > 0.95
    np.testing.assert_array_equal(classes_seen("digits", images.repeat(3, axis=-1)), found)
