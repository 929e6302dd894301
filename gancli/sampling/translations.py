"""Translations by a trained run, block by block, and the picture of them that is kept while it trains."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from gancli.games.translates import Translates, Translators
from gancli.imaging.pixels import to_uint8, to_unit
from gancli.imaging.sheets import Heading, grid
from gancli.training.state import Params

BLOCK = 10  # images that go through a network at a time
SHOWN = 8  # images of each domain in a picture


@partial(jax.jit, static_argnames=("translates",))
def _translate(translates: Translates, translator: Params, x: jax.Array) -> jax.Array:
    return translates.target.show(translates.translate(translator, translates.source.to_model(x)))


def translate(translates: Translates, translator: Params, images: np.ndarray, block: int = BLOCK) -> np.ndarray:
    """Return the translations of images ``[N, H, W, C]``, uint8 or in [0, 1]: float32 in [0, 1], not rounded.

    All blocks go through one program, so that no image depends on how many there are.
    """
    parts = []
    for start in range(0, len(images), block):
        part = np.asarray(images[start : start + block])
        full = np.pad(part, [(0, block - len(part)), (0, 0), (0, 0), (0, 0)], mode="edge")
        parts.append(np.asarray(_translate(translates, translator, jnp.asarray(full)))[: len(part)])
    return np.concatenate(parts)


def picture(translators: Translators, images: Sequence[np.ndarray], names: Sequence[str]) -> np.ndarray:
    """Draw images of both domains, each with its translation and what comes back from there.

    Args:
        translators: both, with weights.
        images: of A and of B, uint8 ``[n, H, W, C]`` each; the first few are drawn.
        names: what the domains are called.
    """
    count = min(SHOWN, *map(len, images))
    there, back = translators.ways, translators.ways[::-1]
    columns, headings = [], []
    for place, (name, other) in enumerate(zip(names, names[::-1], strict=True)):
        own = to_unit(np.asarray(images[place][:count]))
        found = translate(there[place], translators.weights[place], own)
        columns += [own, found, translate(back[place], translators.weights[1 - place], found)]
        headings.append([Heading(name), Heading(f"{name} to {other}"), Heading(f"{name} to {other} to {name}")])
    tiles = np.stack(columns, axis=1)
    return grid(to_uint8(tiles.reshape(-1, *tiles.shape[2:])), len(columns), headings=headings)
