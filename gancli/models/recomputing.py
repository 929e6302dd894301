"""Networks whose activations are computed again on the way back instead of being kept: a layer, or a part of a batch.

``jax.checkpoint`` says what is recomputed but, on a CPU, not when: XLA drops its barriers there, recomputes first and
keeps the result after all. So here a computation waits for a number: zero, made of what must have come before.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.parts import Ledger


def nought(tree: Any) -> jax.Array:
    """Return 0.0, float32 ``[]``, known no sooner than every array in ``tree`` (of finite numbers)."""
    return 0.0 * sum((jnp.sum(leaf.ravel()[:1], dtype=jnp.float32) for leaf in jax.tree.leaves(tree)), jnp.zeros(()))


def plus(tree: Any, zero: jax.Array) -> Any:
    """Return arrays as they are, none of them known before ``zero`` is."""
    return jax.tree.map(lambda leaf: leaf + zero.astype(leaf.dtype), tree)


def through(layer: Callable[..., Any], module: Any, x: jax.Array, *constants: Any, remat: bool) -> Any:
    """Return ``layer(module, x, *constants)``; with ``remat`` nothing inside of it is kept for the way back.

    Args:
        layer: a function without state of its own.
        module: modules or a tuple of them; gradients reach their parameters.
        x: what goes in; gradients reach it, too.
        constants: whatever else ``layer`` needs; no gradient reaches them.
        remat: whether to compute everything inside a second time, on the way back.
    """
    if not remat:
        return layer(module, x, *constants)
    graph, params = nnx.split(module)

    def run(params: Any, x: jax.Array, constants: Any) -> Any:
        return layer(nnx.merge(graph, params), x, *constants)

    def back(kept: Any, cotangents: Any) -> Any:
        params, x, constants = kept
        x = plus(x, nought(cotangents))
        _, pull = jax.vjp(lambda params, x: run(params, x, constants), params, x)
        return *pull(cotangents), None

    recomputed = jax.custom_vjp(run)
    recomputed.defvjp(lambda *kept: (run(*kept), kept), back)
    return recomputed(params, x, constants)


def through_normalised(
    layer: Callable[[Any, jax.Array, Ledger], jax.Array], module: Any, x: jax.Array, ledger: Ledger, *, remat: bool
) -> jax.Array:
    """Return ``layer(module, x, ledger)``, as :func:`through` does; where the ledger gives, nothing is trained."""
    if not remat or ledger.gives:
        return layer(module, x, ledger)

    def run(module: Any, x: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
        own = Ledger()
        return layer(module, x, own), own.used

    found, used = through(run, module, x, remat=True)
    ledger.used += used
    return found


def in_parts(run: Callable[[Any, Any, Any], Any], params: Any, x: Any, key: jax.Array | None, rows: int) -> Any:
    """Return ``run(params, x, key)``, computed for ``rows`` rows of ``x`` at a time.

    Of a part nothing is kept but what comes out: on the way back it is computed again. So whatever is made of the
    results of all parts, gradients add up part by part, and are those of the whole.

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
            found = run(params, plus(x, zero), key)
            return nought(found), found

        return jax.lax.scan(append, jnp.zeros(()), (parts, keys))[1]

    def back(kept: Any, cotangents: Any) -> Any:
        params, parts, keys = kept

        def add(total: Any, part: Any) -> tuple[Any, Any]:
            x, key, cotangent = part
            x, cotangent = plus((x, cotangent), nought(total))
            _, pull = jax.vjp(lambda params, x: run(params, x, key), params, x)
            slope, x_slope = pull(cotangent)
            return jax.tree.map(jnp.add, total, slope), x_slope

        nothing = jax.tree.map(jnp.zeros_like, params)
        slope, x_slopes = jax.lax.scan(add, nothing, (parts, keys, cotangents))
        return slope, x_slopes, None

    accumulating = jax.custom_vjp(all_parts)
    accumulating.defvjp(lambda *kept: (all_parts(*kept), kept), back)
    parts = jax.tree.map(lambda part: part.reshape(count, rows, *part.shape[1:]), x)
    found = accumulating(params, parts, keys)
    return jax.tree.map(lambda part: part.reshape(total_rows, *part.shape[2:]), found)
