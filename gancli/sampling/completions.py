"""What generators put into hidden parts of examples: block by block, so that no answer depends on how many are drawn.

One that was trained to complete examples draws answers. Any other one draws whole examples, of which those are looked
for that agree with what is observed (Yeh et al. 2017).
"""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np

from gancli.compute.blocks import Block, in_blocks, together
from gancli.games.inversion import refine
from gancli.games.masking import draw_masks
from gancli.games.pair import Draws, Pair
from gancli.games.prediction import predict
from gancli.games.questions import Questions
from gancli.imaging.pixels import to_unit
from gancli.reporting import Watch
from gancli.salts import QUESTIONS
from gancli.sampling.draws import BLOCK, draw_latents, generate
from gancli.training.domain import Domain
from gancli.training.state import Params

STARTS, DESCENT = 4, 300  # latents from which an answer is looked for, and steps from each of them
TOGETHER = 100  # latents that descend at a time


@partial(jax.jit, static_argnames=("draws",))
def _complete(draws: Draws, generator: Params, latents: jax.Array, x: jax.Array, observed: jax.Array) -> jax.Array:
    asked = draws.asked(latents, draws.domain.to_model(x), observed)
    assert draws.questions is not None
    return draws.questions.fill(x, observed, draws.domain.show(draws.generate(generator, asked)))


def complete(pair: Pair, examples: np.ndarray, observed: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return answers float32 ``[N, count, *shape]``, images in [0, 1], not rounded, observed parts as they are given.

    Args:
        pair: of a run of the game of completion.
        examples: ``[N, *shape]``, uint8 or as people see them.
        observed: masks ``[N, *sites]``, see :class:`gancli.games.questions.Questions`.
        count: of answers to each question.
        seed: of the latents.
    """
    x = to_unit(examples).astype(np.float32)
    latents = draw_latents(pair.draws, len(x) * count, seed)[:, : pair.draws.player.config.latent_size]

    def asked(rows: np.ndarray) -> Block:
        return latents[rows], x[rows // count], observed[rows // count]

    answers = together(in_blocks(partial(_complete, pair.draws), pair.generator, len(latents), BLOCK, asked))
    return answers.reshape(len(x), count, *x.shape[1:])


def project(
    pair: Pair, examples: np.ndarray, observed: np.ndarray, count: int, seed: int, *, watch: Watch | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Look for answers among the samples of a generator: by gradient descent on the squared error of what is observed.

    Of each answer there are ``STARTS``, draws of the prior, of which the one that comes nearest counts.

    Args:
        pair: a generator of images.
        examples: uint8 ``[N, H, W, C]``.
        observed: masks ``[N, H, W, 1]``.
        count: of answers to each question.
        seed: of the latents.
        watch: receives progress.

    Returns:
        Answers float32 ``[N, count, H, W, C]`` in [0, 1], observed parts as they are given, and how far each is from
        them before, Euclidean, ``[N, count]``.
    """
    x, tries = to_unit(examples).astype(np.float32), count * STARTS
    draws, shared = pair.draws, (pair.generator, pair.draws.standing(pair.generator))
    latents = draw_latents(draws, len(x) * tries, seed)

    def read(rows: np.ndarray) -> Block:
        return latents[rows], x[rows // tries], observed[rows // tries]

    def descend(shared: Any, z: jax.Array, seen: jax.Array, weights: jax.Array) -> jax.Array:
        generator, standing = shared
        own = replace(pair, generator=generator)
        return refine(own, z, draws.domain.to_model(seen), DESCENT, standing, weights)

    found, done = np.empty_like(latents), 0
    for part in in_blocks(descend, shared, len(latents), TOGETHER, read):
        found[done : done + len(part)] = part
        done += len(part)
        if watch:
            watch(done, len(latents))
    drawn = generate(pair, found).clip(0, 1).reshape(len(x), count, STARTS, *x.shape[1:])
    given, mask = x[:, None, None], observed[:, None, None]
    apart = np.sqrt((((drawn - given) * mask) ** 2).sum(axis=(3, 4, 5)))
    best = apart.argmin(axis=2)[:, :, None]
    chosen = np.take_along_axis(drawn, best[..., None, None, None], axis=2)[:, :, 0]
    answers = np.where(mask[:, 0] > 0, given[:, 0], chosen)
    return answers, np.take_along_axis(apart, best, axis=2)[:, :, 0]


@partial(jax.jit, static_argnames=("draws",))
def _predicted(draws: Draws, predictor: Params, x: jax.Array, observed: jax.Array) -> jax.Array:
    return draws.domain.show(predict(draws, predictor, draws.domain.to_model(x), observed))


def predicted(draws: Draws, predictor: Params, x: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return what a network of :mod:`gancli.games.prediction` predicts, ``[N, *shape]``, block by block.

    Args:
        draws: whose network it is.
        predictor: its weights.
        x: examples ``[N, *shape]``, images in [0, 1].
        observed: their masks ``[N, *sites]``.
    """
    blocks = in_blocks(partial(_predicted, draws), predictor, len(x), BLOCK, lambda rows: (x[rows], observed[rows]))
    return together(blocks)


def draw_mask(name: str, domain: Domain, count: int, seed: int) -> np.ndarray:
    """Draw masks of one kind for images of a domain, float32 ``[count, H, W, 1]``, 0 where an image is hidden."""
    key = jax.random.fold_in(jax.random.key(seed), QUESTIONS)
    masks = draw_masks((name,), key, count, domain.shape[:2], nothing=0.0)
    return np.asarray(masks, np.float32)[..., None]


def draw_questions(questions: Questions, count: int, seed: int) -> np.ndarray:
    """Draw masks, float32 ``[count, *sites]``, of the kinds that a run learns."""
    return np.asarray(questions.draw(jax.random.fold_in(jax.random.key(seed), QUESTIONS), count))
