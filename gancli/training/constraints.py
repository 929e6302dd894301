"""Bounds that a network's weights are held to, as functions of its tree of parameters."""

from typing import Any

import jax
import jax.numpy as jnp

Params = Any


def limit_columns(params: Params, largest: float) -> Params:
    """Shorten the incoming weights of every unit that are longer than ``largest`` (Srivastava et al. 2014, §5.1).

    A column of a dense kernel ``[inputs, units]``, all but the last axis of a convolution's; biases stay.
    """

    def shorten(path: tuple[Any, ...], leaf: jax.Array) -> jax.Array:
        if path[-1].key != "kernel":
            return leaf
        lengths = jnp.sqrt(jnp.sum(leaf**2, axis=tuple(range(leaf.ndim - 1)), keepdims=True))
        return leaf * (largest / jnp.maximum(lengths, largest))

    return jax.tree_util.tree_map_with_path(shorten, params)


def clip(params: Params, largest: float) -> Params:
    """Cut every weight and bias to ±``largest`` (Arjovsky et al. 2017, Algorithm 1)."""
    return jax.tree.map(lambda leaf: jnp.clip(leaf, -largest, largest), params)


def limit_rho(params: Params) -> Params:
    """Cut every ``rho``, which is a share, to [0, 1] (Kim et al. 2020, §3.1.1)."""

    def limit(path: tuple[Any, ...], leaf: jax.Array) -> jax.Array:
        return jnp.clip(leaf, 0.0, 1.0) if path[-1].key == "rho" else leaf

    return jax.tree_util.tree_map_with_path(limit, params)


FIRST_TURNS = 20  # of the power iteration, before the first step


def with_directions(params: Params) -> Params:
    """Give every kernel a ``direction`` [outputs], a guess of its steepest one, for :func:`spectrally_normalized`.

    It stands beside the kernel, so that a checkpoint holds it and a resumed run goes on from it.
    """
    if not isinstance(params, dict):
        return params
    params = {name: with_directions(part) for name, part in params.items()}
    if "kernel" not in params:
        return params
    params |= {"direction": jnp.ones(params["kernel"].shape[-1:])}
    for _ in range(FIRST_TURNS):
        params = _turned(params)
    return params


def turned(params: Params) -> Params:
    """Turn every ``direction`` by one step of the power iteration (Miyato et al. 2018, Algorithm 1)."""
    return _each_layer(params, _turned)


def spectrally_normalized(params: Params) -> Params:
    """Divide every kernel by its largest singular value, as its ``direction`` tells it (Miyato et al. 2018, §2.1).

    A convolution's kernel counts as the matrix ``[all but outputs, outputs]``. Gradients pass through the division,
    the direction counts as constant, and the result is without directions.
    """

    def divide(layer: Params) -> Params:
        matrix = layer["kernel"].reshape(-1, layer["kernel"].shape[-1])
        right = jax.lax.stop_gradient(layer["direction"])
        left = jax.lax.stop_gradient(_unit(matrix @ right))
        rest = {name: part for name, part in layer.items() if name != "direction"}
        return rest | {"kernel": layer["kernel"] / jnp.maximum(left @ matrix @ right, 1e-12)}

    return _each_layer(params, divide)


def _turned(layer: Params) -> Params:
    matrix = layer["kernel"].reshape(-1, layer["kernel"].shape[-1])
    return layer | {"direction": jax.lax.stop_gradient(_unit(matrix.T @ _unit(matrix @ layer["direction"])))}


def _unit(vector: jax.Array) -> jax.Array:
    return vector / jnp.maximum(jnp.linalg.norm(vector), 1e-12)


def _each_layer(params: Params, change: Any) -> Params:
    """Apply ``change`` to every layer that has a ``direction``."""
    if not isinstance(params, dict):
        return params
    params = {name: _each_layer(part, change) for name, part in params.items()}
    return change(params) if "direction" in params else params
