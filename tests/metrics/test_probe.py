"""Simple classifiers of features: on features whose answer is known."""

import numpy as np
import pytest

from gancli.metrics.probe import Errors, linear_error, nearest_error, standardized

RNG = np.random.default_rng(0)


def clusters(count: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(count) % 3
    centers = np.array([[0.0, 0.0, 5.0], [10.0, 0.0, 5.0], [0.0, 10.0, 5.0]])  # the last feature is constant
    noise = spread * RNG.normal(size=(count, 3)) * [1, 1, 0]
    return centers[labels] + noise, labels


def test_separate_clusters_are_told_apart_without_a_mistake():
    known, test = clusters(30, 0.1), clusters(300, 0.1)
    assert linear_error(*known, *test) == 0
    assert nearest_error(*known, *test) == 0


def test_the_nearest_neighbor_is_that_of_all_distances():
    known, test = clusters(20, 6.0), clusters(200, 6.0)
    features, asked = standardized(known[0], test[0])
    distances = ((asked[:, None] - features[None]) ** 2).sum(axis=-1)
    expected = np.mean(known[1][distances.argmin(axis=1)] != test[1])
    assert nearest_error(*known, *test) == pytest.approx(expected)
    assert expected > 0


def test_features_are_standardized_by_the_labeled_images_and_constant_ones_are_zero():
    known, test = clusters(30, 1.0)[0], clusters(50, 1.0)[0]
    first, second = standardized(known, test)
    np.testing.assert_allclose(first[:, :2].std(axis=0), 1)
    np.testing.assert_array_equal(first[:, 2], 0)
    np.testing.assert_allclose(second[:, :2] * known[:, :2].std(axis=0) + known[:, :2].mean(axis=0), test[:, :2])


def test_errors_have_a_mean_and_a_deviation_between_draws():
    found = Errors((0.1, 0.3))
    assert (found.mean, found.deviation) == (pytest.approx(0.2), pytest.approx(np.sqrt(0.02)))
    assert found.text == "20.00% ± 14.14%"
    assert Errors((0.1,)).deviation == 0
