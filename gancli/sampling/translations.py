"""Translations by a trained run, block by block, and the picture of them that is kept while it trains."""

from collections.abc import Sequence
from functools import partial

import jax
import numpy as np

from gancli.compute.blocks import Block, in_blocks, together
from gancli.data.two_domains import PAIRED
from gancli.games.translates import Translates, Translators
from gancli.imaging.pixels import to_uint8, to_unit
from gancli.imaging.sheets import Heading, grid
from gancli.training.state import Params

BLOCK = 10  # images that go through a network at a time
SHOWN = 8  # images of each domain in a picture
PROBE = 256  # pixels of the sides of an image of which the memory is known
SHOWN_CLASSES = 10  # classes that images are translated to in a picture


@partial(jax.jit, static_argnames=("translates",))
def _translate(
    translates: Translates, translator: Params, x: jax.Array, key: jax.Array, labels: jax.Array | None = None
) -> jax.Array:
    x = translates.source.to_model(x)
    classes = None if labels is None else translates.target.one_hot(labels)
    return translates.target.show(translates.translate(translator, x, key=key, classes=classes))


def translate(
    translates: Translates,
    translator: Params,
    images: np.ndarray,
    block: int = BLOCK,
    seed: int = 0,
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """Return the translations of images ``[N, H, W, C]``, uint8 or in [0, 1]: float32 in [0, 1], not rounded.

    All blocks go through one program, so that no image depends on how many there are. Of a translator with noise the
    seed and the place of an image decide which of its answers is returned. One to classes needs the ``labels`` ``[N]``
    of those asked for.
    """
    key = jax.random.key(seed)

    def read(rows: np.ndarray) -> Block:
        asked = () if labels is None else (labels[rows],)
        return images[rows], jax.random.fold_in(key, rows[0] // block), *asked

    return together(in_blocks(partial(_translate, translates), translator, len(images), block, read))


@partial(jax.jit, static_argnames=("translates",))
def _heat(translates: Translates, translator: Params, x: jax.Array) -> jax.Array:
    heat = translates.attend(translator, translates.source.to_model(x)).heat[..., None]
    return jax.image.resize(heat, (*x.shape[:-1], 1), "linear")


def attention(translates: Translates, translator: Params, images: np.ndarray, block: int = BLOCK) -> np.ndarray:
    """Return where a translator looks in images ``[N, H, W, C]``, uint8 or in [0, 1]: float32 ``[N, H, W, 1]``.

    On no scale; higher is more. The translator has attention.
    """
    return together(in_blocks(partial(_heat, translates), translator, len(images), block, lambda rows: (images[rows],)))


def bytes_per_pixel(translates: Translates, translator: Params) -> float:
    """Return how much temporary memory a pixel of an image takes while it is translated, as far as XLA tells.

    That of a small image is known when it is compiled.
    """
    probe = (1, PROBE, PROBE, translates.source.shape[-1])
    asked = (jax.ShapeDtypeStruct((1,), np.int32),) if translates.num_classes else ()
    arguments = jax.ShapeDtypeStruct(probe, np.uint8), jax.random.key(0), *asked
    analysis = _translate.lower(translates, translator, *arguments).compile().memory_analysis()
    return analysis.temp_size_in_bytes / PROBE**2 if analysis else 0.0


def picture(translators: Translators, images: Sequence[np.ndarray], names: Sequence[str]) -> np.ndarray:
    """Draw images of both domains, each with its translation and what comes back from there.

    Of a translator that goes one way alone only its translations are drawn, of one with noise a second answer, too.
    Where images are pairs, true translations stand beside them.

    Args:
        translators: with weights.
        images: of A and of B, uint8 ``[n, H, W, C]`` each; the first few are drawn.
        names: what the domains are called.
    """
    count = min(SHOWN, *map(len, images))
    if len(translators.ways) == 1:
        return _picture_of_one_way(translators, [to_unit(np.asarray(one[:count])) for one in images], names)
    there, back = translators.ways, translators.ways[::-1]
    columns, headings = [], []
    for place, (name, other) in enumerate(zip(names, names[::-1], strict=True)):
        own = to_unit(np.asarray(images[place][:count]))
        found = translate(there[place], translators.weights[place], own)
        columns += [own, found, translate(back[place], translators.weights[1 - place], found)]
        headings.append([Heading(name), Heading(f"{name} to {other}"), Heading(f"{name} to {other} to {name}")])
    tiles = np.stack(columns, axis=1)
    return grid(to_uint8(tiles.reshape(-1, *tiles.shape[2:])), len(columns), headings=headings)


def _picture_of_one_way(translators: Translators, images: Sequence[np.ndarray], names: Sequence[str]) -> np.ndarray:
    (way,), (weights,) = translators.ways, translators.weights
    own, others = images
    columns, headings = [own], [Heading(names[0])]
    for seed in range(2 if way.has_noise else 1):
        columns.append(translate(way, weights, own, seed=seed))
        headings.append(Heading(f"{names[0]} to {names[1]}" if not seed else "again"))
    if way.player.config.game == PAIRED:
        columns.append(others)
        headings.append(Heading(names[1]))
    tiles = np.stack(columns, axis=1)
    return grid(to_uint8(tiles.reshape(-1, *tiles.shape[2:])), len(columns), headings=[headings])


def picture_of_classes(translators: Translators, images: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Draw images, each with its translation to every class that has training images, up to ten of them.

    Args:
        translators: with weights, of which the one goes to classes.
        images: uint8 ``[n, H, W, C]``; the first few are drawn.
        names: of all classes, by label.
    """
    (way,), (weights,) = translators.ways, translators.weights
    own = to_unit(np.asarray(images[:SHOWN]))
    labels = way.target.learned_classes[:SHOWN_CLASSES]
    found = [translate(way, weights, own, labels=np.full(len(own), label, np.int32)) for label in labels]
    tiles = np.stack([own, *found], axis=1)
    headings = [[Heading("image")], [Heading(names[label]) for label in labels]]
    return grid(to_uint8(tiles.reshape(-1, *tiles.shape[2:])), 1 + len(labels), headings=headings)
