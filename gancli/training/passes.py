"""How a batch passes through a network while gradients are taken: in what precision, and how much of it is in memory.

Where nothing is trained, networks compute in float32 and keep nothing, see :meth:`GAN.generate` and :meth:`GAN.judge`.
"""

from typing import Any

import jax
import jax.numpy as jnp

from gancli.losses.penalties import squared_slopes
from gancli.models import MODELS
from gancli.models.parts import Judgement
from gancli.models.recomputing import in_parts
from gancli.registry import Registry
from gancli.training.gan import GAN, Classes, Params

PRECISIONS: Registry[Any] = Registry("precision", {"float32": jnp.float32, "bf16": jnp.bfloat16})


def generated(gan: GAN, generator: Params, latents: jax.Array) -> jax.Array:
    """Return the samples ``[B, *data_shape]`` of latents; see :meth:`GAN.generate`.

    Batch normalisation takes the statistics of the whole batch, which then is in memory at once.
    """
    dtype = PRECISIONS[gan.config.precision]

    def run(generator: Params, latents: jax.Array, key: jax.Array | None) -> jax.Array:
        del key
        return gan.generate(generator, latents, dtype=dtype)

    normalises = bool(jax.eval_shape(gan.standing, generator))
    rows = 0 if normalises else gan.config.microbatch
    return in_parts(run, generator, latents, None, rows)


def judged(gan: GAN, discriminator: Params, packs: jax.Array, key: jax.Array, classes: Classes = None) -> Judgement:
    """Return what D finds in packs ``[B, ...]`` with dropout; see :meth:`GAN.judge`."""
    dtype = PRECISIONS[gan.config.precision]

    def run(discriminator: Params, inputs: tuple[jax.Array, Classes], key: jax.Array | None) -> Judgement:
        packs, classes = inputs
        return gan.judge(discriminator, packs, key, classes, dtype)

    rows = gan.config.microbatch // gan.config.packing
    return in_parts(run, discriminator, (packs, classes), key, rows)


def judged_pair(
    gan: GAN, discriminator: Params, real: jax.Array, fake: jax.Array, key: jax.Array, classes: Classes = None
) -> tuple[jax.Array, jax.Array]:
    """Return D's outputs on real and fake packs ``[B, ...]`` of the same classes, with dropout.

    Dense layers take both in one product of 2B rows: twice the work for each weight that is read from memory.
    Convolutions have few weights and large maps, of which fewer at a time stay closer to the processor.
    """
    if MODELS[gan.config.model].convolves:
        keys = jax.random.split(key)
        found = (judged(gan, discriminator, *pair, classes) for pair in zip((real, fake), keys, strict=True))
        real_outputs, fake_outputs = (judgement.outputs for judgement in found)
        return real_outputs, fake_outputs
    twice = None if classes is None else jnp.concatenate([classes, classes])
    outputs = judged(gan, discriminator, jnp.concatenate([real, fake]), key, twice).outputs
    return outputs[: len(real)], outputs[len(real) :]


def slopes(gan: GAN, discriminator: Params, packs: jax.Array, key: jax.Array, classes: Classes = None) -> jax.Array:
    """Return ``||∇a(x)||²`` of D's output at every one of packs ``[B, ...]``, with dropout, float32 ``[B]``."""
    dtype = PRECISIONS[gan.config.precision]

    def run(discriminator: Params, inputs: tuple[jax.Array, Classes], key: jax.Array | None) -> jax.Array:
        packs, classes = inputs
        return squared_slopes(lambda x: gan.judge(discriminator, x, key, classes, dtype).outputs, packs)

    rows = gan.config.microbatch // gan.config.packing
    return in_parts(run, discriminator, (packs, classes), key, rows)
