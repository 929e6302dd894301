"""Neighbors and what is made of them, against float64 distances computed pair by pair."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gancli.metrics import neighbors
from gancli.metrics.density_coverage import density_coverage
from gancli.metrics.neighbors import count_within, nearest
from gancli.metrics.precision_recall import precision_recall

SHAPES = [(1, 7, 2), (40, 30, 3), (100, 260, 64), (50, 60, 500)]


@pytest.fixture(params=[(1000, 5000), (7, 11)], ids=["one block", "many blocks"])
def _blocks(request, monkeypatch):
    monkeypatch.setattr(neighbors, "QUERIES_PER_BLOCK", request.param[0])
    monkeypatch.setattr(neighbors, "REFERENCES_PER_BLOCK", request.param[1])


def sets(n, m, d):
    rng = np.random.default_rng(n + m + d)
    return rng.normal(50, 1, (n, d)).astype(np.float32), rng.normal(50.2, 1.1, (m, d)).astype(np.float32)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_nearest_are_those_of_float64(n, m, d):
    x, y = sets(n, m, d)
    exact = cdist(x.astype(np.float64), y.astype(np.float64))
    distances, rows = nearest(x, y, 4)
    np.testing.assert_array_equal(rows, exact.argsort(axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(exact, axis=1)[:, :4], rtol=1e-5)


@pytest.mark.usefixtures("_blocks")
def test_a_row_is_no_neighbor_of_its_own():
    x, _ = sets(30, 1, 5)
    exact = cdist(x.astype(np.float64), x.astype(np.float64))
    np.fill_diagonal(exact, np.inf)
    distances, rows = nearest(x, x, 3, same=True)
    np.testing.assert_array_equal(rows, exact.argsort(axis=1)[:, :3])
    np.testing.assert_allclose(distances, np.sort(exact, axis=1)[:, :3], rtol=1e-5)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_counts_are_those_of_float64(n, m, d):
    x, y = sets(n, m, d)
    radii = np.random.default_rng(0).uniform(0.5, 1.5, m) * d**0.5
    exact = cdist(x.astype(np.float64), y.astype(np.float64))
    np.testing.assert_array_equal(count_within(x, y, radii), (exact <= radii).sum(axis=1))


def by_definition(samples, reference, k):
    """Kynkäänniemi et al. 2019, eq. 1, and Naeem et al. 2020, eqs. 3 and 4, in float64 with all pairs at once."""
    real, fake, cross = (
        cdist(a.astype(np.float64), b.astype(np.float64))
        for a, b in ((reference, reference), (samples, samples), (reference, samples))
    )
    real_radii, fake_radii = (np.sort(own, axis=1)[:, k] for own in (real, fake))  # 0 is the point itself
    inside = cross <= real_radii[:, None]
    return {
        "precision": inside.any(axis=0).mean(),
        "recall": (cross <= fake_radii[None]).any(axis=1).mean(),
        "density": inside.sum(axis=0).mean() / k,
        "coverage": inside.any(axis=1).mean(),
    }


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize(("n", "m", "d"), [(6, 8, 2), (60, 40, 3), (90, 150, 64), (30, 35, 300)])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_manifold_metrics_are_their_definitions(n, m, d, k):
    samples, reference = sets(n, m, d)
    expected = by_definition(samples, reference, k)
    assert vars(precision_recall(samples, reference, k)) == pytest.approx(
        {name: expected[name] for name in ("precision", "recall")}
    )
    assert vars(density_coverage(samples, reference, k)) == pytest.approx(
        {name: expected[name] for name in ("density", "coverage")}
    )


def test_equal_sets_are_perfect():
    x, _ = sets(50, 1, 4)
    assert vars(precision_recall(x, x)) == {"precision": 1, "recall": 1}
    assert density_coverage(x, x).coverage == 1


def test_a_collapsed_generator_is_precise_and_recalls_nothing():
    _, reference = sets(1, 200, 6)
    middle = np.tile(reference.mean(axis=0), (50, 1))
    assert vars(precision_recall(middle, reference)) == {"precision": 1, "recall": 0}


def test_distant_samples_have_neither():
    samples, reference = sets(50, 60, 6)
    found = precision_recall(samples + 1000, reference)
    assert vars(found) == {"precision": 0, "recall": 0}
    assert vars(density_coverage(samples + 1000, reference)) == {"density": 0, "coverage": 0}


def test_progress_is_told_to_the_end():
    told = []
    x, y = sets(30, 40, 2)
    precision_recall(x, y, watch=lambda *at: told.append(at))
    assert told.count((30, 30)) == 2
    assert told.count((40, 40)) == 2
