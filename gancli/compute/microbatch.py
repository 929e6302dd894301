"""Micro-batches: gradients of a whole batch, computed for some rows of it at a time."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from gancli.compute.remat import ordered, zero_after


def microbatched(run: Callable[[Any, Any, Any], Any], params: Any, x: Any, key: jax.Array | None, rows: int) -> Any:
    """Return ``run(params, x, key)``, computed for ``rows`` rows of ``x`` at a time.

    Of a part only the result is kept; the backward pass computes the rest again. So whatever is made of the results of
    all parts, gradients add up part by part, and are those of the whole batch.

    Args:
        run: each row of whose results, arrays of as many rows, is made of that row of ``x`` alone.
        params: gradients reach them.
        x: a tree of arrays ``[B, ...]``; gradients reach them, too.
        key: for what is random, or None; each part gets one of its own.
        rows: a divisor of B; 0: all at once, with ``key`` as it is.
    """
    total_rows = len(jax.tree.leaves(x)[0])
    if rows in (0, total_rows):
        return run(params, x, key)
    count = total_rows // rows
    keys = None if key is None else jax.vmap(lambda place: jax.random.fold_in(key, place))(jnp.arange(count))

    def all_parts(params: Any, parts: Any, keys: Any) -> Any:
        def append(zero: jax.Array, part: Any) -> tuple[jax.Array, Any]:
            x, key = part
            found = run(params, ordered(x, zero), key)
            return zero_after(found), found

        return jax.lax.scan(append, jnp.zeros(()), (parts, keys))[1]

    def back(kept: Any, cotangents: Any) -> Any:
        params, parts, keys = kept

        def add(total: Any, part: Any) -> tuple[Any, Any]:
            x, key, cotangent = part
            x, cotangent = ordered((x, cotangent), zero_after(total))
            _, pull = jax.vjp(lambda params, x: run(params, x, key), params, x)
            gradient, x_gradient = pull(cotangent)
            return jax.tree.map(jnp.add, total, gradient), x_gradient

        nothing = jax.tree.map(jnp.zeros_like, params)
        gradient, x_gradients = jax.lax.scan(add, nothing, (parts, keys, cotangents))
        return gradient, x_gradients, None

    accumulating = jax.custom_vjp(all_parts)
    accumulating.defvjp(lambda *kept: (all_parts(*kept), kept), back)
    parts = jax.tree.map(lambda part: part.reshape(count, rows, *part.shape[1:]), x)
    found = accumulating(params, parts, keys)
    return jax.tree.map(lambda part: part.reshape(total_rows, *part.shape[2:]), found)
