"""Nearest neighbors by Euclidean distance: those of float64, ties included, block by block, in bounded memory.

``|x|² + |y|² - 2 x·y`` of centered rows is fast, and its rounding has a known bound. For nearly all pairs it tells
whether they are near enough. SciPy tells it of the others from their differences, so equal rows are at distance 0 and
equal distances are equal.
"""

import hashlib
import itertools
from collections.abc import Iterator

import numpy as np
import scipy

from gancli.reporting import Watch

QUERIES_PER_BLOCK = 1000
REFERENCES_PER_BLOCK = 5000


def nearest(
    queries: np.ndarray, references: np.ndarray, k: int = 1, *, same: bool = False, watch: Watch | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k nearest references of each query.

    Args:
        queries: ``[n, d]``.
        references: ``[m, d]``, m at least k, or k + 1 if ``same``.
        k: how many.
        same: queries and references are the same rows; a row is then no neighbor of its own.
        watch: receives progress.

    Returns:
        Distances float64 ``[n, k]``, rising, and rows ``[n, k]``. Of equally near ones the first row comes first.
    """
    kept = _first_copies(references, k + same)  # later ones are as near and come after
    references = references[kept]
    center = references.mean(axis=0, dtype=np.float64)
    farthest = _farthest(references, center)
    distances, rows = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
    for start, x, norms in _blocks(queries, center, QUERIES_PER_BLOCK):
        numbers = np.arange(start, start + len(x))
        own = np.where(np.isin(numbers, kept), np.searchsorted(kept, numbers), -1) if same else np.full(len(x), -1)
        query, place = _candidates(x, norms, references, center, farthest, own, k)
        exact = _distances(queries[numbers], references, query, place)
        order = np.lexsort((place, exact, query))
        chosen = order[np.searchsorted(query, np.arange(len(x)))[:, None] + np.arange(k)]
        distances[numbers], rows[numbers] = exact[chosen], kept[place[chosen]]
        if watch:
            watch(start + len(x), len(queries))
    return distances, rows


def _candidates(
    x: np.ndarray,
    norms: np.ndarray,
    references: np.ndarray,
    center: np.ndarray,
    farthest: float,
    own: np.ndarray,
    k: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of a query (rising) and a reference, among them the k nearest of each query.

    ``own`` ``[Q]`` is the place that a query may not find (itself), or -1.
    """
    slack = _slack(norms, farthest, x.shape[1])
    best = np.full((len(x), k), np.inf)  # the smallest upper bounds
    found: list[tuple[np.ndarray, ...]] = []
    for first, y, others in _blocks(references, center, REFERENCES_PER_BLOCK):
        upper = _upper(x, norms, y, others, slack)
        hidden = np.flatnonzero((own >= first) & (own < first + len(y)))
        upper[hidden, own[hidden] - first] = np.inf
        least = np.partition(upper, min(k, len(y)) - 1, axis=1)[:, :k]
        best = np.sort(np.concatenate([best, least], axis=1), axis=1)[:, :k]
        query, place = np.nonzero(upper <= (best[:, -1] + slack)[:, None])
        found.append((query, first + place, upper[query, place]))
    query, place, bound = (np.concatenate(parts) for parts in zip(*found, strict=True))
    likely = np.flatnonzero(bound <= (best[:, -1] + slack)[query])
    likely = likely[np.argsort(query[likely], kind="stable")]
    return query[likely], place[likely]


def count_within(
    queries: np.ndarray, references: np.ndarray, radii: np.ndarray, *, watch: Watch | None = None
) -> np.ndarray:
    """Return for each query ``[n]`` in how many of the closed balls around the references ``[m, d]`` it lies.

    Args:
        queries: ``[n, d]``.
        references: ``[m, d]``, the centers.
        radii: ``[m]``, at least 0.
        watch: receives progress.
    """
    _, firsts, copy_of = np.unique(_contents(queries), return_index=True, return_inverse=True)
    center = references.mean(axis=0, dtype=np.float64)
    farthest = _farthest(references, center)
    radii = radii.astype(np.float64)
    counts = np.zeros(len(firsts), np.int64)
    for start, x, norms in _blocks(queries[firsts], center, QUERIES_PER_BLOCK):
        slack = _slack(norms, farthest, x.shape[1])
        for first, y, others in _blocks(references, center, REFERENCES_PER_BLOCK):
            upper = _upper(x, norms, y, others, slack)
            limits = radii[first : first + len(y)] ** 2
            inside = upper <= limits
            query, place = np.nonzero(~inside & (upper - slack[:, None] <= limits))
            exact = _distances(queries[firsts[start : start + len(x)]], references, query, first + place)
            query = query[exact <= radii[first + place]]
            counts[start : start + len(x)] += inside.sum(axis=1) + np.bincount(query, minlength=len(x))
        if watch:
            watch(start + len(x), len(firsts))
    return counts[copy_of]


def _blocks(rows: np.ndarray, center: np.ndarray, size: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield where a block of rows begins, the block minus the center in float64, and its squared norms."""
    for start in range(0, len(rows), size):
        block = rows[start : start + size] - center
        yield start, block, np.einsum("id,id->i", block, block)


def _farthest(rows: np.ndarray, center: np.ndarray) -> float:
    """Return the largest squared norm."""
    return max(float(norms.max()) for _, _, norms in _blocks(rows, center, REFERENCES_PER_BLOCK))


def _slack(norms: np.ndarray, farthest: float, dimensions: int) -> np.ndarray:
    """Return for each query how far a squared distance may be from its upper bound.

    A sum of d products is off by at most about d ε times that of their sizes, whatever its order (Higham 2002, §3.1);
    four times as much also covers centering, and the rounding of SciPy's own distance and of a squared radius.
    """
    return 16 * (dimensions + 8) * np.finfo(np.float64).eps * (norms + farthest)


def _upper(x: np.ndarray, norms: np.ndarray, y: np.ndarray, others: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """Return upper bounds ``[Q, R]`` of the squared distances; they are at least those minus the slack."""
    upper = (-2 * x) @ y.T
    upper += others
    upper += (norms + slack / 2)[:, None]
    return upper


def _distances(queries: np.ndarray, references: np.ndarray, query: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return the distances ``[P]`` of pairs, float64, from their differences; ``query`` must rise."""
    starts = np.flatnonzero(np.diff(query, prepend=-1))
    exact = np.empty(len(query))
    for first, last in itertools.pairwise([*starts, len(query)]):
        exact[first:last] = scipy.spatial.distance.cdist(queries[query[first], None], references[place[first:last]])[0]
    return exact


def _contents(rows: np.ndarray) -> np.ndarray:
    """Return a number for each row, the same for equal ones; in the order in which they first appear."""
    seen: dict[bytes, int] = {}
    digests = (hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(rows))
    return np.array([seen.setdefault(digest, len(seen)) for digest in digests])


def _first_copies(rows: np.ndarray, most: int) -> np.ndarray:
    """Return the places of rows that have fewer than ``most`` equal ones before them."""
    contents = _contents(rows)
    order = np.argsort(contents, kind="stable")
    ordered = contents[order]
    earlier = np.arange(len(rows)) - np.searchsorted(ordered, ordered)
    return np.sort(order[earlier < most])
