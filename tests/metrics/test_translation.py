"""The measures of translations, on images whose distances are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from gancli.metrics.inputs import Way
from gancli.metrics.kernel import squared_mmd
from gancli.metrics.translation import distances, measure, row

RNG = np.random.default_rng(0)


def features_of(images: np.ndarray) -> np.ndarray:
    """Return the mean of each channel."""
    return images.mean(axis=(1, 2))


def measured(a, b, forth, back):
    """Measure images ``[n, H, W, C]`` of two domains, and functions from each to the other."""
    ways = Way(a, forth(a), back(forth(a)), forth(b)), Way(b, back(b), forth(back(b)), back(a))
    inputs = SimpleNamespace(
        ways=ways,
        features=features_of(a),
        reference_features=features_of(b),
        features_of=features_of,
        protocol=lambda: {"n": len(a)},
        draw="",
    )
    return measure(inputs).values  # pyright: ignore[reportArgumentType]


def test_a_shift_of_features_is_a_frechet_distance_of_its_square():
    x = RNG.normal(size=(50, 3))
    found = distances(x, x + np.array([1.0, -2.0, 0.5]))
    assert found["fid"] == pytest.approx(1 + 4 + 0.25)
    assert found["kid"] == pytest.approx(squared_mmd(x, x + np.array([1.0, -2.0, 0.5])))


def test_a_translator_that_knows_the_way_has_no_distance_and_no_error_but_of_what_should_stay():
    a = RNG.uniform(0, 0.4, (30, 4, 4, 3))
    b = a + 0.5
    found = measured(a, b, lambda x: x + 0.5, lambda x: x - 0.5)
    assert found["fid_ab"] == pytest.approx(0, abs=1e-9)
    assert found["fid_untranslated"] == pytest.approx(3 * 0.25)
    assert found["kid_ab"] == pytest.approx(found["kid_ba"], abs=1e-3)
    assert found["kid"] < 0.01 * found["kid_untranslated"]
    assert found["cycle"] == pytest.approx(0, abs=1e-12)
    # It moves images of the target as far as others.
    assert (found["identity_ab"], found["identity_ba"]) == pytest.approx((0.5, 0.5))


def test_a_translator_that_does_nothing_has_the_distance_of_the_domains():
    a, b = RNG.uniform(0, 0.5, (20, 2, 2, 1)), RNG.uniform(0.5, 1, (25, 2, 2, 1))
    found = measured(a, b, lambda x: x, lambda x: x)
    for kind in ("fid", "kid"):
        assert found[f"{kind}_ab"] == found[f"{kind}_untranslated"]
        assert found[f"{kind}_ba"] == pytest.approx(found[f"{kind}_untranslated"])
    assert (found["cycle"], found["identity"]) == (0, 0)


def test_errors_are_mean_absolute_differences_of_each_way():
    a, b = np.full((3, 2, 2, 1), 0.2), np.full((4, 2, 2, 1), 0.6)
    found = measured(a, b, lambda x: x / 2, lambda x: x)
    assert (found["cycle_ab"], found["cycle_ba"]) == pytest.approx((0.1, 0.3))
    assert (found["identity_ab"], found["identity_ba"]) == pytest.approx((0.3, 0.0))
    assert found["cycle"] == pytest.approx(0.2)


def test_a_row_has_both_ways_and_the_distance_without_translation():
    values = {"kid_ab": 0.1234, "kid_ba": 0.2, "kid_untranslated": 0.3, "cycle": 0.04567, "identity": 0.05}
    assert row(values) == {
        "KID A to B ↓": "0.123",
        "KID B to A ↓": "0.2",
        "untranslated": "0.3",
        "cycle ↓": "0.0457",
        "identity ↓": "0.05",
    }
