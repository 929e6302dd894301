"""How often a classifier is wrong."""

import numpy as np
import pytest

from gancli.metrics.classification import mistakes


def test_mistakes_are_counted_and_have_a_standard_error():
    found = mistakes(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0]))
    assert (found.wrong, found.count, found.error) == (1, 4, 0.25)
    assert found.standard_error == pytest.approx(np.sqrt(0.25 * 0.75 / 4))
    assert found.text == "25.00% ± 21.65%, 1 of 4 wrong"
    assert found.to_dict() == {"error": 0.25, "standard_error": found.standard_error, "wrong": 1, "count": 4}
