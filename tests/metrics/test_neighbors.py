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
    np.testing.assert_array_equal(distances, np.sort(exact, axis=1)[:, :4])


@pytest.mark.usefixtures("_blocks")
def test_a_row_is_no_neighbor_of_its_own():
    x, _ = sets(30, 1, 5)
    exact = cdist(x.astype(np.float64), x.astype(np.float64))
    np.fill_diagonal(exact, np.inf)
    distances, rows = nearest(x, x, 3, same=True)
    np.testing.assert_array_equal(rows, exact.argsort(axis=1)[:, :3])
    np.testing.assert_array_equal(distances, np.sort(exact, axis=1)[:, :3])


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


def tied(kind):
    """Sets in which distances are equal or almost: what float32, and the expanded square, cannot tell apart."""
    rng = np.random.default_rng(5)
    points = rng.normal(50, 1, (20, 64)).astype(np.float32)
    if kind == "copies":
        return np.repeat(points, 6, axis=0), np.repeat(points[5:], 8, axis=0)
    if kind == "one point":
        return np.repeat(points[:1], 40, axis=0), np.repeat(points[:1], 30, axis=0)
    if kind == "lattice":
        lattice = np.stack(np.meshgrid(*3 * [np.arange(4.0)]), axis=-1).reshape(-1, 3) + 1000
        return lattice, lattice[::2]
    if kind == "one-hot":
        return np.eye(30, dtype=np.float32), np.eye(30, dtype=np.float32)[::-1]
    clusters = np.repeat(points[:3] * 100, 15, axis=0).astype(np.float64)
    return tuple(clusters + rng.normal(0, 1e-9, clusters.shape) for _ in range(2))


TIED = ["copies", "one point", "lattice", "one-hot", "tight clusters far apart"]


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("kind", TIED)
def test_ties_are_those_of_float64(kind):
    x, y = tied(kind)
    exact = cdist(x.astype(np.float64), y.astype(np.float64))
    for k in (1, 7, 12):
        order = exact.argsort(axis=1, kind="stable")[:, :k]
        distances, rows = nearest(x, y, k)
        np.testing.assert_array_equal(rows, order)
        np.testing.assert_array_equal(distances, np.take_along_axis(exact, order, axis=1))
        own = cdist(x.astype(np.float64), x.astype(np.float64))
        np.fill_diagonal(own, np.inf)
        order = own.argsort(axis=1, kind="stable")[:, :k]
        distances, rows = nearest(x, x, k, same=True)
        np.testing.assert_array_equal(rows, order)
        np.testing.assert_array_equal(distances, np.take_along_axis(own, order, axis=1))
        radii = nearest(y, y, k, same=True)[0][:, -1]
        np.testing.assert_array_equal(count_within(x, y, radii), (exact <= radii).sum(axis=1))


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("kind", TIED)
@pytest.mark.parametrize("k", [3, 5, 9])
def test_manifold_metrics_of_ties_are_their_definitions(kind, k):
    samples, reference = tied(kind)
    found = vars(precision_recall(samples, reference, k)) | vars(density_coverage(samples, reference, k))
    assert found == by_definition(samples, reference, k)


@pytest.mark.parametrize("copies", [2, 5, 20, 60])
def test_a_set_with_copies_is_perfect_against_itself(copies):
    x = np.repeat(np.random.default_rng(6).normal(3, 1, (40, 64)).astype(np.float32), copies, axis=0)
    assert vars(precision_recall(x, x)) == {"precision": 1, "recall": 1}
    assert density_coverage(x, x).coverage == 1
    assert not nearest(x[::7], x)[0].any()


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
