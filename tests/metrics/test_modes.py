import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from gancli.metrics.health import amounts_to
from gancli.metrics.modes import ModeCount, closest, count_classes, count_duplicates, count_gaussians
from gancli.metrics.nearest import Memorization

RING = np.array([[math.cos(t), math.sin(t)] for t in np.arange(8) * math.pi / 4])


def test_classes_and_their_divergence():
    found = count_classes(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 2]), 5)
    assert (found.hit, found.total) == (2, 3)
    assert found.kl == pytest.approx(0.75 * math.log(0.75 / 0.25) + 0.25 * math.log(0.25 / 0.5))
    assert found.shares == (0.75, 0.25, 0, 0, 0)


def test_classes_the_data_lacks_do_not_count():
    found = count_classes(np.array([0, 4, 4]), np.array([0, 1]), 5)
    assert (found.hit, found.total) == (1, 2)
    assert found.kl == pytest.approx(math.log(2))


def test_samples_of_none_of_the_datas_classes_have_a_finite_divergence():
    found = count_classes(np.array([4, 4]), np.array([0, 1]), 5)
    assert (found.hit, found.total) == (0, 2)
    assert found.kl == pytest.approx(math.log(2))
    assert (amounts_to(found.numbers) or "")[0] == "collapse"


def test_gaussians_hit_and_quality():
    # Six points on the first mode, two on the second, one just inside and one just outside 3 deviations of the third.
    points = np.concatenate(
        [np.tile(RING[0], (6, 1)), np.tile(RING[1], (2, 1)), RING[[2, 2]] * [[1, 1.029], [1, 1.031]]]
    )
    found = count_gaussians(points, RING, 0.01)
    assert (found.hit, found.total, found.high_quality) == (3, 8, 0.9)
    shares = np.array([6, 2, 1]) / 9
    assert found.kl == pytest.approx((shares * np.log(shares * 8)).sum())


def test_no_point_near_any_mode():
    found = count_gaussians(np.zeros((5, 2)), RING, 0.01)
    assert (found.hit, found.high_quality) == (0, 0)
    assert found.kl == pytest.approx(math.log(8))
    assert (amounts_to(found.numbers) or "")[0] == "collapse"


def test_the_closest_pair_is_that_of_all_distances():
    rows = np.random.default_rng(3).uniform(size=(40, 6)).astype(np.float32)
    assert closest(rows) == pytest.approx(pdist(rows.astype(np.float64)).min(), rel=1e-5)
    assert closest(np.concatenate([rows, rows[:1]])) == 0


def test_copies_are_repetitions_even_where_data_repeat_themselves():
    rows = np.random.default_rng(4).uniform(size=(30, 6)).astype(np.float32)
    found = count_duplicates(np.concatenate([rows, rows[:3]]), closest(np.concatenate([rows, rows[:1]])))
    assert (found.threshold, found.exact, found.pairs) == (0, 3, 3)


def test_a_pair_as_close_as_the_closest_data_is_no_repetition():
    rows = np.array([[0.0, 0], [0.3, 0.1], [5, 5]], np.float32)
    assert count_duplicates(rows, closest(rows)).pairs == 0
    assert count_duplicates(rows, np.nextafter(closest(rows), 1)).pairs == 1


def test_the_birthday_test_estimates_the_support():
    rng = np.random.default_rng(0)
    distinct = rng.standard_normal((300, 20)).astype(np.float32)
    drawn = distinct[rng.integers(300, size=200)]
    data = rng.standard_normal((5000, 20)).astype(np.float32)
    found = count_duplicates(drawn, closest(data[:200]))
    assert found.count == 200
    assert found.exact == 200 - len(np.unique(drawn, axis=0))
    assert found.support is not None
    assert 150 < found.support < 600
    fresh = count_duplicates(rng.standard_normal((200, 20)).astype(np.float32) * 3, closest(data[:200]))
    assert (fresh.pairs, fresh.support, fresh.least_support) == (0, None, 200 * 199 / 2)


@pytest.mark.parametrize(("distinct", "expected"), [(5000, "healthy"), (80, "partial collapse"), (4, "collapse")])
def test_repetitions_of_few_images_amount_to_collapse(distinct, expected):
    rng = np.random.default_rng(1)
    images = rng.standard_normal((distinct, 30)).astype(np.float32)
    data = rng.standard_normal((100, 30)).astype(np.float32)
    drawn = images[rng.integers(distinct, size=100)]
    numbers = ModeCount(10, 10, 0.0, ()).numbers | count_duplicates(drawn, closest(data)).numbers
    assert (amounts_to(numbers) or "")[0] == expected


def test_copies_are_closer_than_held_out_data():
    rng = np.random.default_rng(2)
    copies = Memorization.compare(rng.uniform(0, 0.1, 300), rng.uniform(1, 2, 200))
    assert copies.closer == 1
    assert copies.z < -15
    alike = Memorization.compare(rng.uniform(0, 1, 3000), rng.uniform(0, 1, 2000))
    assert abs(alike.z) < 4
    assert alike.closer == pytest.approx(0.5, abs=0.05)
    far = Memorization.compare(np.array([3.0, 4.0]), np.array([1.0, 2.0]))
    assert (far.median_distance, far.held_out_median_distance, far.closer) == (3.5, 1.5, 0)
