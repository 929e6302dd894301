"""How a batch passes through a network while gradients are taken: in what precision, and how much of it is in memory.

Where nothing is trained, networks compute in float32 and keep nothing, see :class:`Draws` and :class:`Scores`.
"""

from typing import Any

import jax
import jax.numpy as jnp

from gancli.compute.microbatch import microbatched
from gancli.compute.remat import rematerializing
from gancli.config import TrainConfig
from gancli.data.catalog import CLASSIFIED
from gancli.features.extractor import classifier
from gancli.games.pair import Draws, Scores
from gancli.games.translates import Translates
from gancli.losses.catalog import PENALTIES
from gancli.losses.penalties import squared_gradient_norms
from gancli.models.layers.attention import Attended
from gancli.models.layers.parts import DiscriminatorOutput, outputs_of
from gancli.registry import Registry
from gancli.salts import PENALTY
from gancli.training.domain import Classes, Domain
from gancli.training.schedules import moved
from gancli.training.state import Params

PRECISIONS: Registry[Any] = Registry("precision", {"float32": jnp.float32, "bf16": jnp.bfloat16})


def generated(draws: Draws, generator: Params, latents: jax.Array) -> jax.Array:
    """Return the samples ``[B, *shape]`` of latents; see :meth:`Draws.generate`.

    Batch normalization takes the statistics of the whole batch, which then is in memory at once.
    """
    config = draws.player.config
    dtype = PRECISIONS[config.precision]

    def run(generator: Params, latents: jax.Array, key: jax.Array | None) -> jax.Array:
        del key
        with rematerializing(config.remat):
            return draws.generate(generator, latents, dtype=dtype)

    normalizes = bool(jax.eval_shape(draws.standing, generator))
    rows = 0 if normalizes else config.microbatch
    return microbatched(run, generator, latents, None, rows)


def translated(
    translates: Translates, translator: Params, x: jax.Array, key: jax.Array | None = None, classes: Classes = None
) -> jax.Array:
    """Return the translations of examples ``[B, *shape]``; see :meth:`Translates.translate`."""
    config = translates.player.config
    dtype = PRECISIONS[config.precision]

    def run(translator: Params, inputs: tuple[jax.Array, Classes], key: jax.Array | None) -> jax.Array:
        x, classes = inputs
        with rematerializing(config.remat):
            return translates.translate(translator, x, dtype, key, classes)

    return microbatched(run, translator, (x, classes), key, config.microbatch)


def encoded(translates: Translates, translator: Params, x: jax.Array) -> tuple[jax.Array, ...]:
    """Return the maps of a translator's layers for examples ``[B, *shape]``; see :meth:`Translates.encode`."""
    config = translates.player.config
    dtype = PRECISIONS[config.precision]

    def run(translator: Params, x: jax.Array, key: None) -> tuple[jax.Array, ...]:
        del key
        with rematerializing(config.remat):
            return translates.encode(translator, x, dtype)

    return microbatched(run, translator, x, None, config.microbatch)


def attended(translates: Translates, translator: Params, x: jax.Array) -> Attended:
    """Return the translations of examples ``[B, *shape]`` with their attention; see :meth:`Translates.attend`."""
    config = translates.player.config
    dtype = PRECISIONS[config.precision]

    def run(translator: Params, x: jax.Array, key: None) -> Attended:
        del key
        with rematerializing(config.remat):
            return translates.attend(translator, x, dtype)

    return microbatched(run, translator, x, None, config.microbatch)


def scored(
    scores: Scores, discriminator: Params, packs: jax.Array, key: jax.Array, classes: Classes = None
) -> DiscriminatorOutput:
    """Return what D finds in packs ``[B, ...]`` with dropout; see :meth:`Scores.score`."""
    config = scores.player.config
    dtype = PRECISIONS[config.precision]

    def run(discriminator: Params, inputs: tuple[jax.Array, Classes], key: jax.Array | None) -> DiscriminatorOutput:
        packs, classes = inputs
        with rematerializing(config.remat):
            return scores.score(discriminator, packs, key, classes, dtype)

    return microbatched(run, discriminator, (packs, classes), key, config.microbatch // config.packing)


def scored_pair(
    scores: Scores, discriminator: Params, real: jax.Array, fake: jax.Array, key: jax.Array, classes: Classes = None
) -> tuple[jax.Array, jax.Array]:
    """Return D's outputs ``[B]`` on real and fake packs, see :func:`scored_twice`."""
    real_found, fake_found = scored_twice(scores, discriminator, real, fake, key, classes)
    return real_found.outputs, fake_found.outputs


def scored_twice(
    scores: Scores, discriminator: Params, real: jax.Array, fake: jax.Array, key: jax.Array, classes: Classes = None
) -> tuple[Any, Any]:
    """Return what D finds in real and in fake packs ``[B, ...]`` of the same classes, with dropout.

    Dense layers take both in one product of 2B rows: twice the work for each weight that is read from memory.
    Convolutions have few weights and large maps, of which fewer at a time stay closer to the processor.
    """
    if scores.convolves:
        keys = jax.random.split(key)
        real_found, fake_found = (
            scored(scores, discriminator, *pair, classes) for pair in zip((real, fake), keys, strict=True)
        )
        return real_found, fake_found
    twice = None if classes is None else jnp.concatenate([classes, classes])
    found = scored(scores, discriminator, jnp.concatenate([real, fake]), key, twice)
    count = len(real)
    return jax.tree.map(lambda leaf: leaf[:count], found), jax.tree.map(lambda leaf: leaf[count:], found)


def gradient_norms(
    scores: Scores, discriminator: Params, packs: jax.Array, key: jax.Array, classes: Classes = None
) -> jax.Array:
    """Return ``||∇a(x)||²`` of D's output at every one of packs ``[B, ...]``, with dropout, float32 ``[B]``.

    Of a D of patches a(x) is the mean of its outputs, of one that is several the sum of these means.
    """
    config = scores.player.config
    dtype = PRECISIONS[config.precision]

    def run(discriminator: Params, inputs: tuple[jax.Array, Classes], key: jax.Array | None) -> jax.Array:
        packs, classes = inputs

        def output(x: jax.Array) -> jax.Array:
            first, *others = outputs_of(scores.score(discriminator, x, key, classes, dtype))
            first = first if first.ndim == 1 else first.mean(axis=1)
            return sum((one.mean(axis=1) for one in others), first)

        with rematerializing(config.remat):
            return squared_gradient_norms(output, packs)

    return microbatched(run, discriminator, (packs, classes), key, config.microbatch // config.packing)


def penalized(
    scores: Scores,
    discriminator: Params,
    real: jax.Array,
    fake: jax.Array,
    key: jax.Array,
    classes: Classes = None,
    step: jax.Array | int = 0,
) -> jax.Array:
    """Return the sum of D's penalties at packs of both kinds ``[B, ...]``, of the same classes, float32 ``[]``.

    It has the weight of that step.
    """
    config = scores.player.config
    critic_key, key = jax.random.split(jax.random.fold_in(key, PENALTY))

    def norms(packs: jax.Array) -> jax.Array:
        return gradient_norms(scores, discriminator, packs, critic_key, classes)

    functions = [function for name in config.penalty if (function := PENALTIES[name].function) is not None]
    assert config.penalty_weight is not None, "it was settled when the game was built"
    weight = config.penalty_weight * moved(1.0, config.final_penalty, step, config.moving_steps, config)
    return weight * sum((function(norms, real, fake, key) for function in functions), jnp.zeros(()))


def classified(config: TrainConfig, domain: Domain, x: jax.Array) -> jax.Array:
    """Return the features ``[B, F]`` of ``x``, in the model's range, by the data set's built-in classifier."""
    network = classifier(*CLASSIFIED[config.dataset])

    def features(nothing: None, x: jax.Array, key: None) -> jax.Array:
        del nothing, key
        return network.apply(network.params, domain.show(x)).features

    return microbatched(features, None, x, None, config.microbatch)
