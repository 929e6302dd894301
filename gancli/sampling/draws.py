"""Samples from a trained generator: block by block, so that no sample depends on how many are drawn."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute.blocks import in_blocks, together
from gancli.compute.devices import free_host_memory
from gancli.errors import UsageError
from gancli.games.pair import Draws, NormStatistics, Pair, Scores
from gancli.latents.catalog import PRIORS
from gancli.salts import LATENTS
from gancli.training.state import Params

Labels = np.ndarray | int | None

BLOCK = 500  # latents that go through a network at a time
SHOWN_REACH, SHOWN_CODES = 2.0, 9  # of a continuous code along a row, beyond training's (Chen et al. 2016, figure 2)
MOST_COLUMNS = 16  # in a picture with a class a column


@dataclass(frozen=True)
class Drawing:
    """Samples float32 ``[N, *shape]``, images in [0, 1], not rounded, and the latents ``[N, Z]`` behind them.

    Latents of a class-conditional generator stand beside classes, ``[N, Z + K]``, one-hot.
    """

    samples: np.ndarray
    latents: np.ndarray
    columns: int | None = None  # of a picture of them; None: square
    headings: tuple[str, ...] = ()  # of these columns, where they are codes


def check_memory(option: str, count: int, draws: Draws) -> None:
    """Raise a UsageError where samples and their latents do not fit into this machine's free memory.

    Args:
        option: by which the user asked for them, ``-n``.
        count: of the samples.
        draws: what draws them.
    """
    free = free_host_memory()
    needed = 4 * count * (math.prod(draws.domain.shape) + draws.player.config.latent_size)
    if needed > free:
        raise UsageError(
            f"{option} {count}: so many samples take {needed / 2**30:,.1f} GiB of memory, and {free / 2**30:,.1f} GiB "
            f"are free. Take fewer; another --seed draws others."
        )


@partial(jax.jit, static_argnames=("draws",))
def _generate(draws: Draws, shared: tuple[Params, NormStatistics], latents: jax.Array) -> jax.Array:
    generator, standing = shared
    return draws.domain.show(draws.generate(generator, latents, standing))


@partial(jax.jit, static_argnames=("draws",))
def _standing(draws: Draws, generator: Params) -> NormStatistics:
    return draws.standing(generator)


@partial(jax.jit, static_argnames=("scores",))
def _outputs(scores: Scores, discriminator: Params, x: jax.Array) -> jax.Array:
    return scores.discriminate(discriminator, scores.domain.to_model(x))


def discriminator_outputs(pair: Pair, x: np.ndarray) -> np.ndarray | None:
    """Return D's outputs ``[N]`` for ``[N, *shape]``, images in [0, 1], block by block; None where there is no D."""
    if pair.scores is None:
        return None
    program = partial(_outputs, pair.scores)
    return together(in_blocks(program, pair.discriminator, len(x), BLOCK, lambda rows: (x[rows],)))


@partial(jax.jit, static_argnames=("scores",))
def _seen(scores: Scores, discriminator: Params, x: jax.Array) -> Any:
    packs = jnp.concatenate([scores.domain.to_model(x)] * scores.player.config.packing, axis=-1)
    return scores.score(discriminator, packs)


def discriminator_findings(pair: Pair, x: np.ndarray) -> Any:
    """Return all that D finds in ``[N, *shape]``, images in [0, 1] or uint8, block by block, in host memory.

    Features ``[N, F]`` and outputs ``[N]``, and of a classifier logits ``[N, K]``; packs are copies of one example.
    """
    assert pair.scores is not None, "there is a discriminator"
    program = partial(_seen, pair.scores)
    return together(in_blocks(program, pair.discriminator, len(x), BLOCK, lambda rows: (x[rows],)))


def beliefs(pair: Pair, x: np.ndarray) -> np.ndarray | None:
    """Return D(x) in [0, 1] for ``[N, *shape]``; None where there is no D.

    Of an objective without probabilities these are scores, from least to most.
    """
    if pair.scores is None:
        return None
    outputs = _outputs(pair.scores, pair.discriminator, jnp.asarray(x))
    if pair.scores.objective.belief:
        return np.asarray(pair.scores.objective.belief(outputs))
    found = np.asarray(outputs)
    return (found - found.min()) / max(np.ptp(found), np.finfo(np.float32).tiny)


def draw(pair: Pair, count: int, seed: int, labels: Labels = None, truncation: float | None = None) -> Drawing:
    """Draw ``count`` samples. The first n of them are the same for every ``count`` of at least n.

    Args:
        pair: the generator.
        count: of samples.
        seed: of the latents.
        labels: as in :func:`draw_latents`.
        truncation: of the latents, see :meth:`Draws.latents`; None: the whole prior.

    Raises:
        UsageError: ``count`` or ``seed`` is out of range, or the prior has no such truncation.
    """
    if count < 1:
        raise UsageError(f"-n must be at least 1, got {count}.")
    latents = draw_latents(pair.draws, count, seed, labels, truncation)
    return Drawing(generate(pair, latents), latents)


def draw_every_class(pair: Pair, count: int, seed: int, truncation: float | None = None) -> Drawing:
    """Draw ``count`` samples as :func:`draw` does, of each class in turn; a picture of them has a class a column.

    Classes without training examples, of which nothing is learned, are left out.
    """
    classes = np.array(pair.domain.learned_classes)
    drawing = draw(pair, count, seed, classes[np.arange(count) % len(classes)], truncation)
    return replace(drawing, columns=len(classes) if len(classes) <= MOST_COLUMNS else None)


def draw_codes(pair: Pair, count: int, seed: int, code: int = 0, truncation: float | None = None) -> Drawing:
    """Draw ``count`` samples of a generator with codes, in rows along which one code alone changes.

    Every row has latents and other codes of its own. A category takes each of its values, up to as many as a picture
    has columns; a continuous code goes from -2 to 2, twice as far as in training.

    Raises:
        UsageError: there is no such code, or as for :func:`draw`.
    """
    draws, codes = pair.draws, pair.draws.codes
    if not 0 <= code < len(codes.kinds):
        raise UsageError(f"--code must be from 1 to {len(codes.kinds)}, the number of codes, got {code + 1}.")
    if count < 1:
        raise UsageError(f"-n must be at least 1, got {count}.")
    kind, place = codes.kinds[code], codes.places[code]
    values = np.eye(kind)[:MOST_COLUMNS] if kind else np.linspace(-SHOWN_REACH, SHOWN_REACH, SHOWN_CODES)[:, None]
    names = [f"{number}" if kind else f"{value[0]:g}" for number, value in enumerate(values)]
    columns = len(values)
    rows = draw_latents(draws, -(-count // columns), seed, truncation=truncation)
    latents = np.repeat(rows, columns, axis=0)
    size = draws.player.config.latent_size
    latents[:, size + place.start : size + place.stop] = np.tile(values, (len(rows), 1))
    latents = latents[:count]
    headings = (f"code {code + 1}: {names[0]}", *names[1:])
    return Drawing(generate(pair, latents), latents, columns, headings)


def draw_latents(
    draws: Draws, count: int, seed: int, labels: Labels = None, truncation: float | None = None
) -> np.ndarray:
    """Draw latents ``[count, Z]`` from the prior, block by block, each block from a key of its own.

    For a class-conditional generator beside classes, ``[count, Z + K]``: of ``labels`` (one for all, or ``[count]``),
    else as often as each is among its data.

    Raises:
        UsageError: the seed is out of range, or the prior has no such truncation.
    """
    check_truncation(draws, truncation)
    blocks = range(-(-count // BLOCK))
    latents = np.concatenate([draw_block(draws, block, seed, truncation) for block in blocks])[:count]
    if labels is not None:
        size = draws.player.config.latent_size
        latents[:, size:] = np.arange(draws.domain.num_classes) == np.reshape(labels, (-1, 1))
    return latents


def draw_block(draws: Draws, block: int, seed: int, truncation: float | None = None) -> np.ndarray:
    """Return the latents of one block, ``[BLOCK, Z]``; see :func:`draw_latents`."""
    if not 0 <= seed < 2**32:
        raise UsageError(f"--seed must be in [0, 2^32), got {seed}.")
    key = jax.random.fold_in(jax.random.key(seed), LATENTS)
    return np.array(draws.latents(jax.random.fold_in(key, block), BLOCK, truncation=truncation))


def check_truncation(draws: Draws, truncation: float | None) -> None:
    """Raise a UsageError unless latents can be drawn with that truncation."""
    if truncation is None:
        return
    if not 0 < truncation < math.inf:
        raise UsageError(f"--truncation must be above 0, got {truncation:g}.")
    prior = draws.player.config.prior
    if PRIORS[prior].truncated is None:
        *first, last = (name for name, entry in PRIORS.items() if entry.truncated)
        raise UsageError(
            f"--truncation {truncation:g} bounds each component of a latent, and --prior {prior} has none that stand "
            f"alone. Leave it out, or take a run with --prior "
            f"{', '.join(first)} or {last}."
        )


def generate_blocks(pair: Pair, latents: np.ndarray) -> Iterator[jax.Array]:
    """Map latents ``[N, Z]`` to samples, block by block, all through one program, so that no number depends on N."""
    shared = pair.generator, _standing(pair.draws, pair.generator)
    return in_blocks(partial(_generate, pair.draws), shared, len(latents), BLOCK, lambda rows: (latents[rows],))


def generate(pair: Pair, latents: np.ndarray) -> np.ndarray:
    """Map latents ``[N, Z]`` to samples ``[N, *shape]`` in host memory."""
    return together(generate_blocks(pair, latents))
