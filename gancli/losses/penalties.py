"""Penalties on a discriminator's gradients, for any loss they make sense for.

A penalty maps ``(norms, real, fake, key)`` to a scalar: ``norms`` maps examples ``[B, ...]`` to the squared lengths
``||∇a(x)||²`` ``[B]`` of the discriminator's gradient at each, see :func:`squared_gradient_norms`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gancli.losses.catalog import PENALTIES as PENALTIES

Critic = Callable[[jax.Array], jax.Array]
GradientNorms = Callable[[jax.Array], jax.Array]


def weight_by_size(shape: tuple[int, ...]) -> float:
    """Return the weight of R1 and R2 for images ``[H, W, C]``: 0.05 up to 32 pixels, and times 16 for twice the side.

    That is 0.8 at 64 pixels and 204.8 at 256, near the weights of Huang et al. 2024 (R3GAN): 0.05 at 32 pixels, 1 or 2
    at 64, 150 at 256. Weights above 64 pixels are not measured here.
    """
    return 0.05 * max(1.0, max(shape[:2]) / 32) ** 4


def squared_gradient_norms(critic: Critic, x: jax.Array) -> jax.Array:
    """Return ``||∇a(x)||²`` of every example, ``[B]``.

    Each output depends only on its own example, so one gradient of the sum gives all of them.
    """
    gradients = jax.grad(lambda x: jnp.sum(critic(x)))(x)
    return jnp.sum(gradients.reshape(len(x), -1) ** 2, axis=1)


def r1(norms: GradientNorms, real: jax.Array, fake: jax.Array, key: jax.Array) -> jax.Array:
    """Return ``½ E ||∇a(x)||²`` on data (Mescheder, Geiger and Nowozin 2018, equation 9)."""
    del fake, key
    return 0.5 * jnp.mean(norms(real))


def r2(norms: GradientNorms, real: jax.Array, fake: jax.Array, key: jax.Array) -> jax.Array:
    """Return ``½ E ||∇a(G(z))||²`` on samples (Mescheder, Geiger and Nowozin 2018, equation 10)."""
    del real, key
    return 0.5 * jnp.mean(norms(fake))


def gradient_penalty(norms: GradientNorms, real: jax.Array, fake: jax.Array, key: jax.Array) -> jax.Array:
    """Return ``E (||∇a(u)|| - 1)²``, u anywhere between an example and a sample (Gulrajani et al. 2017, equation 3)."""
    share = jax.random.uniform(key, (len(real),) + (1,) * (real.ndim - 1))
    squared = norms(real + share * (fake - real))
    lengths = jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)  # no infinite slope of √ at 0
    return jnp.mean((lengths - 1.0) ** 2)
