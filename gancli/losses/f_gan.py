"""Variational divergence minimization (Nowozin, Cseke and Tomioka 2016): f-GANs.

For every f-divergence and every function T, ``F = E T(x) - E f*(T(G(z)))`` bounds the divergence of data and samples
from below (equation 4). The discriminator's output ``v`` becomes ``T = g_f(v)``, an output activation that keeps T
where f* is finite (Table 6); the discriminator minimizes -F. The generator minimizes either its half of F,
``-E f*(T(G(z)))`` (Algorithm 1), or ``-E g_f(v(G(z)))`` (§3.2), which has the same fixed point: each divergence has the
one that trains better. Exponentials go on as tangents beyond a limit: there F stays finite, but bounds nothing.

Outputs ``[B]``, real first, in nats.
"""

import math

import jax
import jax.numpy as jnp

from gancli.losses.adversarial import (
    GENTLE,
    bounded_exp,
    critic_generator_loss,
    cross_entropy_discriminator_loss,
    non_saturating_generator_loss,
)


def reverse_kl_discriminator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return -F for KL(p_g || p_data): g_f = -exp(-v), f*(t) = -1 - log(-t)."""
    return jnp.mean(bounded_exp(-real)) + jnp.mean(fake - 1.0)


def reverse_kl_generator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return ``-E f*(T) = 1 - E v(G(z))``: at the best D the gradient of KL(p_g || p_data) (Nowozin et al. 2016)."""
    del real
    return jnp.mean(1.0 - fake)


def jensen_shannon_discriminator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return -F for twice the Jensen-Shannon divergence: g_f = log 2 - softplus(-v), f*(t) = -log(2 - exp t)."""
    return cross_entropy_discriminator_loss(real, fake) - 2.0 * math.log(2.0)


def jensen_shannon_generator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return ``-E g_f(v(G(z)))`` (Nowozin et al. 2016, §3.2): the non-saturating game, but for a constant."""
    return non_saturating_generator_loss(real, fake) - math.log(2.0)


def pearson_discriminator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return -F for Pearson's chi-squared divergence: g_f = v, f*(t) = t²/4 + t."""
    return -jnp.mean(real) + jnp.mean(fake**2 / 4.0 + fake)


def pearson_generator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return ``-E v(G(z))`` (Nowozin et al. 2016, §3.2)."""
    return critic_generator_loss(real, fake)


def squared_hellinger_discriminator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return -F for the squared Hellinger distance ∫(√p - √q)²: g_f = 1 - exp(-v), f*(t) = t / (1 - t)."""
    return jnp.mean(bounded_exp(-real, GENTLE) - 1.0) + jnp.mean(bounded_exp(fake, GENTLE) - 1.0)


def squared_hellinger_generator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return ``-E f*(T) = 1 - E exp(v(G(z)))``: at the best D the gradient of the distance (Nowozin et al. 2016)."""
    del real
    return jnp.mean(1.0 - bounded_exp(fake, GENTLE))
