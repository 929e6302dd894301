"""The Jensen-Shannon divergence: bounded by a discriminator, counted in cells, integrated by SciPy."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.distance import jensenshannon

from gancli.data.synthetic import mixture
from gancli.metrics.divergence import bound, jensen_shannon, known_divergence


def log_density(x, shift, scale):
    return -0.5 * ((x - shift) / scale) ** 2 - np.log(scale * math.sqrt(2 * math.pi))


def integrated(shift, scale):
    def integrand(x):
        a, b = np.exp(log_density(x, 0, 1)), np.exp(log_density(x, shift, scale))
        return sum(0.5 * part * math.log(2 * part / (a + b)) for part in (a, b) if part > 0)

    return quad(integrand, -15, 15, limit=400)[0]


def test_cells_are_scipys():
    p, q = np.random.default_rng(0).dirichlet(np.ones(20), 2)
    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q) ** 2, rel=1e-12)
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(math.log(2))
    assert jensen_shannon(p, p) == 0


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.5, 1.0), (0.0, 0.5), (2.0, 1.5)])
def test_points_on_a_line_find_the_integral(shift, scale):
    points = np.random.default_rng(1).normal(shift, scale, (400_000, 1))
    found = known_divergence(points, np.zeros((1, 1)), 1.0)
    assert found == pytest.approx(integrated(shift, scale), abs=5e-4)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_points_of_the_data_itself_are_at_almost_no_distance(name):
    density = mixture(name)
    points, _ = density.sample(1_000_000, seed=3)
    assert known_divergence(points, density.centers, density.standard_deviation) < 5e-3
    away = points + 10 * density.standard_deviation * 100
    assert known_divergence(away, density.centers, density.standard_deviation) == pytest.approx(math.log(2))


def test_the_optimal_discriminator_meets_the_divergence_and_others_stay_below():
    rng = np.random.default_rng(2)
    real, fake = rng.normal(0, 1, 200_000), rng.normal(1.5, 1, 200_000)

    def logits(x):  # log p_data / p_g: the logit of D*
        return log_density(x, 0, 1) - log_density(x, 1.5, 1)

    truth = integrated(1.5, 1.0)
    best = bound(logits(real), logits(fake))
    assert best.bound == pytest.approx(truth, abs=4 * best.standard_error)
    assert best.value == pytest.approx(2 * truth - math.log(4), abs=8 * best.standard_error)
    for worse in (lambda x: 0.3 * logits(x), lambda x: logits(x) + 1, lambda x: -logits(x)):
        assert bound(worse(real), worse(fake)).bound < truth


def test_extreme_logits_and_the_end_of_the_game():
    assert bound(np.array([1e4]), np.array([-1e4])).bound == pytest.approx(math.log(2))
    assert bound(np.zeros(3), np.zeros(5)).bound == pytest.approx(0)
    assert bound(np.zeros(3), np.zeros(5)).value == pytest.approx(-math.log(4))
    assert math.isfinite(bound(np.array([-1e4]), np.array([1e4])).bound)


def test_the_standard_error_is_that_of_many_repetitions():
    rng = np.random.default_rng(4)
    found = [bound(rng.normal(1, 1, 300), rng.normal(-1, 1, 500)) for _ in range(200)]
    assert np.std([one.bound for one in found]) == pytest.approx(
        np.mean([one.standard_error for one in found]), rel=0.2
    )
