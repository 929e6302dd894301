"""Rematerialization: activations inside a layer are computed again in the backward pass instead of being kept.

``jax.checkpoint`` says what is recomputed but, on a CPU, not when: XLA drops its barriers there, recomputes first and
keeps the result after all. So here a computation waits for a number: zero, made of what must have come before.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

_WANTED: ContextVar[bool] = ContextVar("rematerializing", default=False)


@contextlib.contextmanager
def rematerializing(wanted: bool) -> Iterator[None]:
    """Decide for the networks traced inside the block whether :func:`rematerialized` layers recompute."""
    token = _WANTED.set(wanted)
    try:
        yield
    finally:
        _WANTED.reset(token)


def is_rematerializing() -> bool:
    """Return what the innermost :func:`rematerializing` decided; False outside of one."""
    return _WANTED.get()


def zero_after(tree: Any) -> jax.Array:
    """Return 0.0, float32 ``[]``, known no sooner than every array in ``tree`` (of finite numbers)."""
    return 0.0 * sum((jnp.sum(leaf.ravel()[:1], dtype=jnp.float32) for leaf in jax.tree.leaves(tree)), jnp.zeros(()))


def ordered(tree: Any, zero: jax.Array) -> Any:
    """Return arrays as they are, none of them known before ``zero`` is."""
    return jax.tree.map(lambda leaf: leaf + zero.astype(leaf.dtype), tree)


def rematerialized(layer: Callable[..., Any], module: Any, x: Any, *constants: Any) -> Any:
    """Return ``layer(module, x, *constants)``; when rematerializing, keep nothing inside for the backward pass.

    Args:
        layer: a function without state of its own.
        module: modules or a tuple of them; gradients reach their parameters.
        x: the input, an array or a tree of them; gradients reach it, too.
        constants: whatever else ``layer`` needs; no gradient reaches them.
    """
    if not is_rematerializing():
        return layer(module, x, *constants)
    graph, params = nnx.split(module)

    def run(params: Any, x: Any, constants: Any) -> Any:
        return layer(nnx.merge(graph, params), x, *constants)

    def back(kept: Any, cotangents: Any) -> Any:
        params, x, constants = kept
        x = ordered(x, zero_after(cotangents))
        _, pull = jax.vjp(lambda params, x: run(params, x, constants), params, x)
        return *pull(cotangents), None

    recomputed = jax.custom_vjp(run)
    recomputed.defvjp(lambda *kept: (run(*kept), kept), back)
    return recomputed(params, x, constants)
