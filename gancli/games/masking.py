"""Masks: which part of an example is observed. Each is ``(key, sides)`` to bool ``[*sides]``, True where it is.

Sides are ``(H, W)`` of an image, and ``(D,)`` of a point, whose coordinates lie side by side as a row of pixels does.
"""

import jax
import jax.numpy as jnp

from gancli.games.masks import MASKS

Sides = tuple[int, ...]

LEAST_BLOCK, MOST_BLOCK = 1 / 4, 3 / 4  # of a side
NOTHING = 0.05  # of all questions nothing is observed: they ask for samples


def _places(sides: Sides, axis: int) -> jax.Array:
    """Return the place of every pixel along an axis, int32 ``[*sides]``."""
    return jax.lax.broadcasted_iota(jnp.int32, sides, axis % len(sides))


def _half(sides: Sides, axis: int, hidden_end: int) -> jax.Array:
    """Return which pixels are observed where one half, 0 or 1, along an axis is hidden; a middle is hidden, too."""
    places, side = _places(sides, axis), sides[axis]
    return places >= (side + 1) // 2 if hidden_end == 0 else places < side // 2


def left(key: jax.Array, sides: Sides) -> jax.Array:
    """Hide the left half; of points the first half of the coordinates."""
    del key
    return _half(sides, -1, 0)


def right(key: jax.Array, sides: Sides) -> jax.Array:
    """Hide the right half; of points the second half of the coordinates."""
    del key
    return _half(sides, -1, 1)


def top(key: jax.Array, sides: Sides) -> jax.Array:
    """Hide the upper half; of points the first half of the coordinates."""
    del key
    return _half(sides, 0, 0)


def bottom(key: jax.Array, sides: Sides) -> jax.Array:
    """Hide the lower half; of points the second half of the coordinates."""
    del key
    return _half(sides, 0, 1)


def center(key: jax.Array, sides: Sides) -> jax.Array:
    """Hide the middle half of every side."""
    del key
    hidden = jnp.ones(sides, bool)
    for axis, side in enumerate(sides):
        places = _places(sides, axis)
        hidden &= (places >= side // 4) & (places < side - side // 4)
    return ~hidden


def half(key: jax.Array, sides: Sides) -> jax.Array:
    """Hide one of the halves along any axis, each as often."""
    halves = jnp.stack([_half(sides, axis, end) for axis in range(len(sides)) for end in (0, 1)])
    return halves[jax.random.randint(key, (), 0, len(halves))]


def block(key: jax.Array, sides: Sides) -> jax.Array:
    """Hide a rectangle: sizes and place are uniform (Pathak et al. 2016; Li et al. 2019, MisGAN)."""
    hidden = jnp.ones(sides, bool)
    for axis, side in enumerate(sides):
        size_key, place_key = jax.random.split(jax.random.fold_in(key, axis))
        least = max(round(side * LEAST_BLOCK), 1)
        size = jax.random.randint(size_key, (), least, max(round(side * MOST_BLOCK), least) + 1)
        start = jax.random.randint(place_key, (), 0, side - size + 1)
        places = _places(sides, axis)
        hidden &= (places >= start) & (places < start + size)
    return ~hidden


def pixels(key: jax.Array, sides: Sides) -> jax.Array:
    """Observe pixels independently, with a probability uniform on [0, 1) (Li et al. 2019; Yoon et al. 2018)."""
    rate_key, own = jax.random.split(key)
    return jax.random.uniform(own, sides) < jax.random.uniform(rate_key)


def draw_masks(names: tuple[str, ...], key: jax.Array, count: int, sides: Sides, nothing: float = NOTHING) -> jax.Array:
    """Draw masks, bool ``[count, *sides]``: of each example one of those named, or one that hides everything.

    Args:
        names: of ``MASKS``, each as likely.
        key: of these examples.
        count: of them.
        sides: of one.
        nothing: share of the examples of which nothing is observed.
    """

    def one(key: jax.Array) -> jax.Array:
        kind_key, nothing_key, own = jax.random.split(key, 3)
        drawn = jnp.stack([MASKS[name](own, sides) for name in names])
        chosen = drawn[jax.random.randint(kind_key, (), 0, len(names))]
        return chosen & (jax.random.uniform(nothing_key) >= nothing)

    return jax.vmap(one)(jax.random.split(key, count))
