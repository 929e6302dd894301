"""The objectives of games whose discriminator gives every sample a number, as they stand in the papers.

Notation: ``a(x)`` is the discriminator's output and, where the game reads it as a logit, ``D(x) = sigmoid(a(x))`` the
probability that x is real. Every function takes ``(real_logits, fake_logits)``, each ``[B]``, real first, and returns
the scalar to be minimized, in nats where it is a cross-entropy. The identities used, ``-log D = softplus(-a)`` and
``-log(1 - D) = softplus(a)``, never take the logarithm of a rounded zero.
"""

import math

import jax
import jax.numpy as jnp
from jax.nn import relu, sigmoid, softplus

# From where on exponentials go on as tangents: GENTLE where they are a player's gradient, since a single one of
# thousands keeps Adam's steps small for as long as its second moments remember it.
STEEPEST, GENTLE = 10.0, 3.0


def bounded_exp(x: jax.Array, steepest: float = STEEPEST) -> jax.Array:
    """Return ``exp(x)``, beyond ``steepest`` its tangent there: finite, with its gradient, for every x."""
    tangent = math.exp(steepest) * (1.0 + x - steepest)
    return jnp.where(x < steepest, jnp.exp(jnp.minimum(x, steepest)), tangent)


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


def maximum_likelihood_generator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``-E exp(a(G(z)))`` (Goodfellow 2016, §3.2.3): at the optimal D its gradient is that of KL(p_data || p_g).

    Most of it comes from the few samples that look most real, so it varies much. Beyond logits of ``GENTLE`` the
    exponential goes on as its tangent: no sample weighs more than 20 times one that D is undecided about.
    """
    del real_logits
    return -jnp.mean(bounded_exp(fake_logits, GENTLE))


def absolute_discriminator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``½ (E[1 - D(x)] + E[D(G(z))])``, in [0, 1]: the absolute error of D where every other example is real.

    The least possible is ½ (1 - TV): the best D is the indicator of p_data > p_g.
    """
    return 0.5 * (jnp.mean(sigmoid(-real_logits)) + jnp.mean(sigmoid(fake_logits)))


def absolute_generator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return minus D's absolute error, in [-1, 0]: a zero-sum game, flat where D is sure."""
    return -absolute_discriminator_loss(real_logits, fake_logits)


def least_squares_discriminator_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Return ``½ E (a(x) - 1)² + ½ E a(G(z))²`` (Mao et al. 2017, equation 9)."""
    return 0.5 * (jnp.mean((real_scores - 1.0) ** 2) + jnp.mean(fake_scores**2))


def least_squares_generator_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Return ``½ E (a(G(z)) - 1)²`` (Mao et al. 2017, equation 9): steep where a sample is far from real."""
    del real_scores
    return 0.5 * jnp.mean((fake_scores - 1.0) ** 2)


def hinge_discriminator_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Return ``E max(0, 1 - a(x)) + E max(0, 1 + a(G(z)))`` (Lim and Ye 2017; Tran et al. 2017)."""
    return jnp.mean(relu(1.0 - real_scores)) + jnp.mean(relu(1.0 + fake_scores))


def critic_generator_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Return ``-E a(G(z))``: raise the score of the samples (Lim and Ye 2017; Arjovsky et al. 2017)."""
    del real_scores
    return -jnp.mean(fake_scores)


def wasserstein_discriminator_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Return ``E a(G(z)) - E a(x)`` (Arjovsky et al. 2017, equation 2): minus the distance, if a is 1-Lipschitz."""
    return jnp.mean(fake_scores) - jnp.mean(real_scores)


def wasserstein_generator_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Return ``-E a(G(z))`` (Arjovsky et al. 2017, Algorithm 1): the gradient of the earth mover's distance."""
    return critic_generator_loss(real_scores, fake_scores)


def relativistic_discriminator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``-E log sigmoid(a(x) - a(G(z)))`` over pairs (Jolicoeur-Martineau 2019; Huang et al. 2024), in nats."""
    return jnp.mean(softplus(fake_logits - real_logits))


def relativistic_generator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Return ``-E log sigmoid(a(G(z)) - a(x))`` over pairs (Huang et al. 2024): be more real than a real example."""
    return jnp.mean(softplus(real_logits - fake_logits))
