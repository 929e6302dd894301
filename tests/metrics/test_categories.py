"""The best matching of categories and classes."""

import itertools

import numpy as np
import pytest

from gancli.metrics.categories import unmatched


def test_other_names_of_the_classes_are_no_errors():
    classes = np.random.default_rng(0).integers(10, size=500)
    assert unmatched(np.random.default_rng(1).permutation(10)[classes], classes) == 0


@pytest.mark.parametrize(("categories", "classes"), [(4, 4), (5, 3), (3, 5)])
def test_no_matching_leaves_fewer_unmatched(categories, classes):
    rng = np.random.default_rng(0)
    one, other = rng.integers(categories, size=60), rng.integers(classes, size=60)
    most = max(categories, classes)
    least = min(np.mean(np.array(names)[one] != other) for names in itertools.permutations(range(most)))
    assert unmatched(one, other) == pytest.approx(least)
