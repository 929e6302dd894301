import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import entropy

from gancli.metrics.inception_score import inception_score, score


def test_certain_and_even_classes_score_their_number():
    logits = np.tile(np.eye(5) * 1000, (40, 1))
    assert score(log_softmax(logits.astype(np.float64), axis=1)) == pytest.approx(5)


def test_one_class_or_no_idea_score_one():
    assert score(log_softmax(np.tile([1000.0, 0, 0], (50, 1)), axis=1)) == pytest.approx(1)
    assert inception_score(np.zeros((50, 7)), 0).mean == pytest.approx(1)


def test_scipy_agrees():
    logits = np.random.default_rng(0).normal(0, 3, (200, 6)).astype(np.float32)
    p = np.exp(log_softmax(logits.astype(np.float64), axis=1))
    expected = np.exp(np.mean([entropy(row, p.mean(axis=0)) for row in p]))
    assert score(log_softmax(logits.astype(np.float64), axis=1)) == pytest.approx(expected, rel=1e-12)


def test_splits_are_of_equal_size_and_chosen_by_the_seed():
    logits = np.random.default_rng(1).normal(0, 3, (103, 4))
    assert inception_score(logits, 0) == inception_score(logits, 0)
    assert inception_score(logits, 0).mean != inception_score(logits, 1).mean
    sorted_by_class = logits[np.argsort(logits.argmax(1))]
    assert inception_score(sorted_by_class, 0).mean == pytest.approx(inception_score(logits, 0).mean, rel=0.1)


@pytest.mark.parametrize(("count", "spread"), [(10, False), (19, False), (20, True)])
def test_splits_of_single_images_have_no_deviation(count, spread):
    found = inception_score(np.random.default_rng(2).normal(0, 3, (count, 4)), 0)
    assert (found.standard_deviation is not None) == spread


def test_extreme_logits_are_finite():
    assert np.isfinite(inception_score(np.array([[1e6, -1e6], [-1e6, 1e6]] * 10, np.float32), 0).mean)
