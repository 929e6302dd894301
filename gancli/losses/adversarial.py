"""The objectives of the adversarial game, as they stand in the papers.

Notation: ``a(x)`` is the discriminator's logit and ``D(x) = sigmoid(a(x))`` the probability that x is real. Every
function takes ``(real_logits, fake_logits)``, each ``[B]``, real first, and returns the scalar to be minimised, in
nats. The identities used, ``-log D = softplus(-a)`` and ``-log(1 - D) = softplus(a)``, never take the logarithm of a
rounded zero.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import softplus

from gancli.registry import Registry

Criterion = Callable[[jax.Array, jax.Array], jax.Array]


class AdversarialLoss(NamedTuple):
    """Both halves of a game; each maps ``(real_logits [B], fake_logits [B])`` to a scalar to be minimised."""

    discriminator: Criterion
    generator: Criterion


def cross_entropy_discriminator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``-V(G, D) = -E log D(x) - E log(1 - D(G(z)))`` (Goodfellow et al. 2014, equation 1), in nats."""
    return jnp.mean(softplus(-real_logits)) + jnp.mean(softplus(fake_logits))


def minimax_generator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``E log(1 - D(G(z)))`` (Goodfellow et al. 2014, equation 1), in nats; never positive.

    Its gradient with respect to a logit is ``-D(G(z)) / B``: it vanishes where D is sure that a sample is fake (§3).
    """
    del real_logits
    return -jnp.mean(softplus(fake_logits))


def non_saturating_generator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``-E log D(G(z))`` (Goodfellow et al. 2014, §3), in nats.

    The same fixed point as the minimax game, with gradients that stay where D is sure that a sample is fake.
    """
    del real_logits
    return jnp.mean(softplus(-fake_logits))


STEEPEST = 10.0  # the logit from which on an exponential goes on as its tangent


def maximum_likelihood_generator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``-E exp(a(G(z)))`` (Goodfellow 2016, §3.2.3): at the optimal D its gradient is that of KL(p_data || p_g).

    Most of it comes from the few samples that look most real, so it varies much. Beyond logits of ``STEEPEST`` the
    exponential goes on as its tangent, finite for every logit.
    """
    del real_logits
    excess = jnp.maximum(fake_logits - STEEPEST, 0.0)
    return -jnp.mean(jnp.exp(jnp.minimum(fake_logits, STEEPEST)) * (1.0 + excess))


LOSSES = Registry(
    "loss",
    {
        "minimax": AdversarialLoss(cross_entropy_discriminator_loss, minimax_generator_loss),
        "non-saturating": AdversarialLoss(cross_entropy_discriminator_loss, non_saturating_generator_loss),
        "kl": AdversarialLoss(cross_entropy_discriminator_loss, maximum_likelihood_generator_loss),
    },
)
