"""Random changes of what the discriminator sees, data and samples alike, through which gradients pass.

Differentiable augmentation (Zhao et al. 2020, DiffAugment): a discriminator that never sees an image twice the same way
cannot memorize a small data set. Data are changed as samples are, so the generator does not learn the changes.
Images ``[B, H, W, C]`` in [0, 1], or centered around zero with about unit deviation; each gets changes of its own.
"""

import jax
import jax.numpy as jnp

from gancli.games.augmentations import AUGMENTATIONS

SHIFT = 1 / 8  # of a side: the furthest that an image is moved
CUT = 1 / 2  # of a side: the square that is cut out


def color(x: jax.Array, key: jax.Array, bounded: bool) -> jax.Array:
    """Change brightness by up to a quarter of the range, saturation up to twofold, contrast by half (appendix)."""
    bright, saturated, contrasted = (jax.random.uniform(part, (len(x), 1, 1, 1)) for part in jax.random.split(key, 3))
    x = x + (bright - 0.5) * (0.5 if bounded else 1.0)
    gray = x.mean(axis=-1, keepdims=True)
    x = gray + (x - gray) * 2.0 * saturated
    level = x.mean(axis=(1, 2, 3), keepdims=True)
    return level + (x - level) * (0.5 + contrasted)


def translation(x: jax.Array, key: jax.Array, bounded: bool) -> jax.Array:
    """Move an image by up to an eighth of its sides; what comes in is gray."""
    _, height, width, _ = x.shape
    most = tuple(int(side * SHIFT + 0.5) for side in (height, width))
    shifts = jax.random.randint(key, (len(x), 2), 0, 2 * jnp.array([most]) + 1)
    around = [(0, 0), *((margin, margin) for margin in most), (0, 0)]
    padded = jnp.pad(x, around, constant_values=_gray(bounded))
    return jax.vmap(lambda image, at: jax.lax.dynamic_slice(image, (at[0], at[1], 0), x.shape[1:]))(padded, shifts)


def cutout(x: jax.Array, key: jax.Array, bounded: bool) -> jax.Array:
    """Make a square of half the sides gray, around any pixel (DeVries and Taylor 2017)."""
    _, height, width, _ = x.shape
    centers = jax.random.randint(key, (len(x), 2), 0, jnp.array([[height, width]]))

    def hidden(center: jax.Array, side: int) -> jax.Array:
        start = center[:, None] - int(side * CUT + 0.5) // 2
        place = jnp.arange(side)[None]
        return (place >= start) & (place < start + int(side * CUT + 0.5))

    gone = hidden(centers[:, 0], height)[:, :, None] & hidden(centers[:, 1], width)[:, None, :]
    return jnp.where(gone[..., None], _gray(bounded), x)


def _gray(bounded: bool) -> float:
    return 0.5 if bounded else 0.0


def augmented(x: jax.Array, names: tuple[str, ...], key: jax.Array, *, bounded: bool) -> jax.Array:
    """Change images ``[B, H, W, C]`` in each of the named ways, one after the other.

    Args:
        x: images.
        names: of ``AUGMENTATIONS``.
        key: of this batch.
        bounded: whether images lie in [0, 1]; what is gray depends on it.
    """
    for place, name in enumerate(names):
        x = AUGMENTATIONS[name](x, jax.random.fold_in(key, place), bounded)
    return x
