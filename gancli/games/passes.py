"""How a batch passes through a network while gradients are taken: in what precision, and how much of it is in memory.

Where nothing is trained, networks compute in float32 and keep nothing, see :meth:`GAN.generate` and :meth:`GAN.judge`.
"""

from typing import Any

import jax
import jax.numpy as jnp

from gancli.compute.microbatch import microbatched
from gancli.compute.remat import rematerializing
from gancli.games.pair import GAN, Classes, Params
from gancli.losses.penalties import squared_gradient_norms
from gancli.models import MODELS
from gancli.models.layers.parts import DiscriminatorOutput
from gancli.registry import Registry

PRECISIONS: Registry[Any] = Registry("precision", {"float32": jnp.float32, "bf16": jnp.bfloat16})


def generated(gan: GAN, generator: Params, latents: jax.Array) -> jax.Array:
    """Return the samples ``[B, *data_shape]`` of latents; see :meth:`GAN.generate`.

    Batch normalization takes the statistics of the whole batch, which then is in memory at once.
    """
    dtype = PRECISIONS[gan.config.precision]

    def run(generator: Params, latents: jax.Array, key: jax.Array | None) -> jax.Array:
        del key
        with rematerializing(gan.config.remat):
            return gan.generate(generator, latents, dtype=dtype)

    normalizes = bool(jax.eval_shape(gan.standing, generator))
    rows = 0 if normalizes else gan.config.microbatch
    return microbatched(run, generator, latents, None, rows)


def judged(
    gan: GAN, discriminator: Params, packs: jax.Array, key: jax.Array, classes: Classes = None
) -> DiscriminatorOutput:
    """Return what D finds in packs ``[B, ...]`` with dropout; see :meth:`GAN.judge`."""
    dtype = PRECISIONS[gan.config.precision]

    def run(discriminator: Params, inputs: tuple[jax.Array, Classes], key: jax.Array | None) -> DiscriminatorOutput:
        packs, classes = inputs
        with rematerializing(gan.config.remat):
            return gan.judge(discriminator, packs, key, classes, dtype)

    rows = gan.config.microbatch // gan.config.packing
    return microbatched(run, discriminator, (packs, classes), key, rows)


def scored_pair(
    gan: GAN, discriminator: Params, real: jax.Array, fake: jax.Array, key: jax.Array, classes: Classes = None
) -> tuple[jax.Array, jax.Array]:
    """Return D's outputs on real and fake packs ``[B, ...]`` of the same classes, with dropout.

    Dense layers take both in one product of 2B rows: twice the work for each weight that is read from memory.
    Convolutions have few weights and large maps, of which fewer at a time stay closer to the processor.
    """
    if MODELS[gan.config.model].convolves:
        keys = jax.random.split(key)
        found = (judged(gan, discriminator, *pair, classes) for pair in zip((real, fake), keys, strict=True))
        real_outputs, fake_outputs = (judgment.outputs for judgment in found)
        return real_outputs, fake_outputs
    twice = None if classes is None else jnp.concatenate([classes, classes])
    outputs = judged(gan, discriminator, jnp.concatenate([real, fake]), key, twice).outputs
    return outputs[: len(real)], outputs[len(real) :]


def slopes(gan: GAN, discriminator: Params, packs: jax.Array, key: jax.Array, classes: Classes = None) -> jax.Array:
    """Return ``||∇a(x)||²`` of D's output at every one of packs ``[B, ...]``, with dropout, float32 ``[B]``."""
    dtype = PRECISIONS[gan.config.precision]

    def run(discriminator: Params, inputs: tuple[jax.Array, Classes], key: jax.Array | None) -> jax.Array:
        packs, classes = inputs
        with rematerializing(gan.config.remat):
            return squared_gradient_norms(lambda x: gan.judge(discriminator, x, key, classes, dtype).outputs, packs)

    rows = gan.config.microbatch // gan.config.packing
    return microbatched(run, discriminator, (packs, classes), key, rows)
