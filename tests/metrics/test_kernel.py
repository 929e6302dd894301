import numpy as np
import pytest

from gancli.metrics import kernel
from gancli.metrics.kernel import kernel_distance, squared_mmd, squared_mmd_with_error


def by_definition(x, y):
    def kernel(a, b):
        return (a @ b / len(a) + 1) ** 3

    def within(z):
        return sum(kernel(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j) / (len(z) * (len(z) - 1))

    return within(x) + within(y) - 2 * sum(kernel(a, b) for a in x for b in y) / (len(x) * len(y))


@pytest.mark.parametrize(("n", "m", "d"), [(2, 2, 1), (7, 5, 3), (4, 9, 20)])
def test_it_is_the_unbiased_sum_over_pairs(n, m, d):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((n, d)), rng.normal(0.5, 1, (m, d))
    assert squared_mmd(x, y) == pytest.approx(by_definition(x, y), rel=1e-9, abs=1e-12)


def test_two_points_by_hand():
    # k(0, 0) = 1, k(1, 1) = 8, k(0, 1) = 1, one feature.
    zeros, ones = np.zeros((2, 1)), np.ones((2, 1))
    assert squared_mmd(zeros, ones) == pytest.approx(1 + 8 - 2)
    assert squared_mmd(zeros, zeros) == 0


def test_it_is_unbiased_so_half_the_time_negative_for_like_sets():
    rng = np.random.default_rng(0)
    values = [squared_mmd(*rng.standard_normal((2, 50, 4))) for _ in range(200)]
    assert 0.3 < np.mean(np.array(values) < 0) < 0.8
    assert abs(np.mean(values)) < 4 * np.std(values) / 200**0.5


@pytest.mark.parametrize(("n", "m", "d"), [(3, 5, 2), (7, 4, 20)])
def test_the_error_is_that_of_leaving_each_member_of_either_set_out(n, m, d):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((n, d)), rng.normal(0.5, 1, (m, d))
    without_x = [squared_mmd(np.delete(x, row, axis=0), y) for row in range(n)]
    without_y = [squared_mmd(x, np.delete(y, row, axis=0)) for row in range(m)]
    variance = (n - 1) * np.var(without_x) + (m - 1) * np.var(without_y)
    value, error = squared_mmd_with_error(x, y)
    assert (value, error) == (pytest.approx(squared_mmd(x, y)), pytest.approx(variance**0.5))


def test_the_error_is_that_of_many_repetitions():
    rng = np.random.default_rng(0)
    found = [squared_mmd_with_error(rng.normal(0, 1, (40, 3)), rng.normal(0.7, 1, (30, 3))) for _ in range(300)]
    values, errors = np.array(found).T
    assert np.median(errors) == pytest.approx(np.std(values), rel=0.2)


def test_of_two_members_none_can_be_left_out():
    assert squared_mmd_with_error(np.zeros((2, 1)), np.ones((9, 1))) == (pytest.approx(7), None)


def test_subsets_are_as_large_as_the_smaller_set_allows():
    rng = np.random.default_rng(1)
    samples, reference = rng.standard_normal((30, 4)), rng.standard_normal((2000, 4))
    found = kernel_distance(samples, reference, 0)
    assert found.subset_size == 30
    assert kernel_distance(samples, reference, 0) == found
    assert kernel_distance(samples, reference, 1) != found


@pytest.mark.parametrize(("n", "m", "spread"), [(20, 20, False), (20, 900, False), (39, 39, False), (40, 40, True)])
def test_a_deviation_is_told_where_subsets_can_be_disjoint(monkeypatch, n, m, spread):
    monkeypatch.setattr(kernel, "SUBSET_SIZE", 20)
    rng = np.random.default_rng(2)
    found = kernel_distance(rng.standard_normal((n, 3)), rng.standard_normal((m, 3)), 0)
    assert (found.standard_deviation is not None) == spread
    if found.standard_deviation:
        assert 1e-2 < found.standard_deviation < 10


def test_of_whole_sets_there_is_one_distance():
    x, y = np.random.default_rng(3).standard_normal((2, 40, 5)).astype(np.float32)
    found = kernel_distance(x, y, 0)
    assert (found.mean, found.subsets) == (squared_mmd(x, y), 1)
    assert found.mean == pytest.approx(by_definition(x.astype(np.float64), y.astype(np.float64)), rel=1e-9)


def test_two_repeated_images_have_no_deviation(monkeypatch):
    monkeypatch.setattr(kernel, "SUBSET_SIZE", 20)
    one, other, varied = np.full((60, 3), 0.3), np.full((60, 3), 0.7), np.random.default_rng(4).standard_normal((60, 3))
    assert kernel_distance(one, other, 0).standard_deviation is None
    assert kernel_distance(one, one, 0).standard_deviation is None
    assert kernel_distance(one, varied, 0).standard_deviation
    assert kernel_distance(varied, one, 0).standard_deviation
