import numpy as np
import pytest

from gancli.metrics.kernel import kernel_distance, squared_mmd


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


def test_subsets_are_as_large_as_the_smaller_set_allows():
    rng = np.random.default_rng(1)
    samples, reference = rng.standard_normal((30, 4)), rng.standard_normal((2000, 4))
    found = kernel_distance(samples, reference, 0)
    assert found.subset_size == 30
    assert kernel_distance(samples, reference, 0) == found
    assert kernel_distance(samples, reference, 1) != found
