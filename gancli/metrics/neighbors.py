"""Nearest neighbors by Euclidean distance: exact, block by block, in bounded memory.

Distances are taken as ``|x|² + |y|² - 2 x·y`` in float32 after subtracting a common center, which leaves them as they
are and takes away most of what would cancel. At any time two blocks of rows and the distances between them are held.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from gancli.reporting import Watch

QUERIES_PER_BLOCK = 1000
REFERENCES_PER_BLOCK = 5000


def _squared_distances(queries: jax.Array, references: jax.Array) -> jax.Array:
    norms = jnp.sum(queries**2, axis=1)[:, None] + jnp.sum(references**2, axis=1)[None, :]
    products = jnp.matmul(queries, references.T, precision="highest")
    return jnp.maximum(norms - 2.0 * products, 0.0)


@partial(jax.jit, static_argnames=("k",))
def _nearest_block(
    queries: jax.Array, blocks: jax.Array, own: jax.Array, num_references: int, k: int
) -> tuple[jax.Array, jax.Array]:
    """Return squared distances and rows ``[Q, k]`` of the nearest references, near to far.

    ``blocks`` is ``[blocks, R, d]``; rows from ``num_references`` on are padding. ``own`` ``[Q]`` is the row that a
    query may not find (itself), or -1.
    """

    def visit(carry: tuple[jax.Array, jax.Array], item: tuple[jax.Array, jax.Array]) -> tuple[tuple, None]:
        best, where = carry
        block, first = item
        rows = first + jnp.arange(block.shape[0])
        squared = _squared_distances(queries, block)
        hidden = (rows >= num_references)[None, :] | (rows[None, :] == own[:, None])
        squared = jnp.where(hidden, jnp.inf, squared)
        found = []
        for _ in range(k):  # k is small: k passes are cheaper than a sort
            column = jnp.argmin(squared, axis=1)
            found.append((jnp.min(squared, axis=1), first + column))
            squared = jnp.where(jnp.arange(squared.shape[1])[None, :] == column[:, None], jnp.inf, squared)
        distances = jnp.concatenate([best, jnp.stack([d for d, _ in found], axis=1)], axis=1)
        places = jnp.concatenate([where, jnp.stack([r for _, r in found], axis=1)], axis=1)
        order = jnp.argsort(distances, axis=1, stable=True)[:, :k]
        return (jnp.take_along_axis(distances, order, axis=1), jnp.take_along_axis(places, order, axis=1)), None

    start = (jnp.full((len(queries), k), jnp.inf), jnp.full((len(queries), k), -1))
    firsts = jnp.arange(blocks.shape[0]) * blocks.shape[1]
    (squared, rows), _ = jax.lax.scan(visit, start, (blocks, firsts))
    return squared, rows


@jax.jit
def _count_block(queries: jax.Array, blocks: jax.Array, squared_radii: jax.Array) -> jax.Array:
    """Return for each query ``[Q]`` how many references ``[blocks, R, d]`` hold it within their radius."""

    def visit(counts: jax.Array, item: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        block, radii = item
        inside = _squared_distances(queries, block) <= radii[None, :]
        return counts + jnp.sum(inside, axis=1, dtype=jnp.int32), None

    counts, _ = jax.lax.scan(visit, jnp.zeros(len(queries), jnp.int32), (blocks, squared_radii))
    return counts


def _blocks(rows: np.ndarray, size: int, fill: float = 0.0) -> jax.Array:
    """Cut ``[n, ...]`` into ``[blocks, size, ...]``, the last one filled up."""
    padding = [(0, -len(rows) % size), *[(0, 0)] * (rows.ndim - 1)]
    return jnp.asarray(np.pad(rows, padding, constant_values=fill).reshape(-1, size, *rows.shape[1:]))


def _centered(rows: np.ndarray, center: np.ndarray) -> np.ndarray:
    return (rows - center).astype(np.float32)


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
        Distances float32 ``[n, k]``, rising, and rows ``[n, k]``. Of equally near ones the first row comes first.
    """
    center = references.mean(axis=0, dtype=np.float64)
    size = min(REFERENCES_PER_BLOCK, len(references))
    blocks = _blocks(_centered(references, center), size)
    distances, rows = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
    size = min(QUERIES_PER_BLOCK, len(queries))
    for start in range(0, len(queries), size):
        part = _centered(queries[start : start + size], center)
        own = np.arange(start, start + size) if same else np.full(size, -1)
        squared, found = _nearest_block(_blocks(part, size)[0], blocks, jnp.asarray(own), len(references), k)
        distances[start : start + size] = np.sqrt(np.asarray(squared))[: len(part)]
        rows[start : start + size] = np.asarray(found)[: len(part)]
        if watch:
            watch(start + len(part), len(queries))
    return distances, rows


def count_within(
    queries: np.ndarray, references: np.ndarray, radii: np.ndarray, *, watch: Watch | None = None
) -> np.ndarray:
    """Return for each query ``[n]`` in how many of the closed balls around the references ``[m, d]`` it lies.

    Args:
        queries: ``[n, d]``.
        references: ``[m, d]``, the centers.
        radii: ``[m]``.
        watch: receives progress.
    """
    center = references.mean(axis=0, dtype=np.float64)
    size = min(REFERENCES_PER_BLOCK, len(references))
    blocks = _blocks(_centered(references, center), size)
    squared_radii = _blocks(radii.astype(np.float32) ** 2, size, fill=-1.0)  # padding holds nothing
    counts = np.empty(len(queries), np.int64)
    size = min(QUERIES_PER_BLOCK, len(queries))
    for start in range(0, len(queries), size):
        part = _centered(queries[start : start + size], center)
        found = _count_block(_blocks(part, size)[0], blocks, squared_radii)
        counts[start : start + size] = np.asarray(found)[: len(part)]
        if watch:
            watch(start + len(part), len(queries))
    return counts
