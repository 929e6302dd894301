"""The paths between two draws of z: start, end and a position in [0, 1] to latents."""

import jax
import jax.numpy as jnp


def lerp(start: jax.Array, end: jax.Array, t: jax.Array | float) -> jax.Array:
    """Interpolate along the straight line from ``start`` to ``end``: ``(1 - t) start + t end``.

    Args:
        start, end: latents ``[..., Z]``.
        t: position on the path, 0 at ``start`` and 1 at ``end``; anything that broadcasts against ``[..., 1]``.

    Returns:
        Latents ``[..., Z]``.
    """
    return (1.0 - t) * start + t * end


def slerp(start: jax.Array, end: jax.Array, t: jax.Array | float) -> jax.Array:
    """Interpolate along the great circle from ``start`` to ``end``.

    A straight line between two draws of a high-dimensional prior passes through points shorter than any the
    generator has seen in training; the arc does not (White 2016, arXiv:1609.04468). Lengths are interpolated linearly.

    Args:
        start, end: latents ``[..., Z]``, not zero; their norms may differ.
        t: position on the path, 0 at ``start`` and 1 at ``end``; anything that broadcasts against ``[..., 1]``.

    Returns:
        Latents ``[..., Z]``. Where the two directions are equal or opposite (to 1e-3 rad), the straight line.
    """
    start_norm = jnp.linalg.norm(start, axis=-1, keepdims=True)
    end_norm = jnp.linalg.norm(end, axis=-1, keepdims=True)
    u, v = start / start_norm, end / end_norm
    # 2 atan2(|u - v|, |u + v|) keeps its precision where arccos(u . v) loses half the digits.
    angle = 2.0 * jnp.arctan2(
        jnp.linalg.norm(u - v, axis=-1, keepdims=True), jnp.linalg.norm(u + v, axis=-1, keepdims=True)
    )
    degenerate = (angle < 1e-3) | (angle > jnp.pi - 1e-3)
    safe = jnp.where(degenerate, 1.0, angle)
    direction = (jnp.sin((1.0 - t) * safe) * u + jnp.sin(t * safe) * v) / jnp.sin(safe)
    arc = direction * lerp(start_norm, end_norm, t)
    return jnp.where(degenerate, lerp(start, end, t), arc)
