"""Energy-based GANs (Zhao, Mathieu and LeCun 2017): the discriminator is an autoencoder, its error is the energy.

Scores ``[B]`` are minus the energy ``d(x) = ||Dec(Enc(x)) - x||²``, real first.
"""

import jax
import jax.numpy as jnp
from jax.nn import relu

from gancli.losses.adversarial import critic_generator_loss


def energy_discriminator_loss(real_scores: jax.Array, fake_scores: jax.Array, margin: float) -> jax.Array:
    """Return ``E d(x) + E max(0, margin - d(G(z)))`` (equation 1): samples are pushed up to the margin, no further."""
    return -jnp.mean(real_scores) + jnp.mean(relu(margin + fake_scores))


def energy_generator_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Return ``E d(G(z))`` (Zhao et al. 2017, equation 2): samples that the autoencoder of the data can draw."""
    return critic_generator_loss(real_scores, fake_scores)


def pulling_away(codes: jax.Array) -> jax.Array:
    """Return the mean squared cosine between different rows of ``codes`` [B, F], in [0, 1] (equation 6).

    Codes that all point the same way are those of a collapsed generator. A code of zeros is at right angles to all.
    """
    lengths = jnp.sum(codes**2, axis=1, keepdims=True)
    unit = codes * jnp.where(lengths > 0, 1.0 / jnp.sqrt(jnp.where(lengths > 0, lengths, 1.0)), 0.0)
    count = len(codes)
    # The sum over all pairs of squared cosines is that over the entries of the Gram matrix of either side.
    gram = unit.T @ unit if codes.shape[1] < count else unit @ unit.T
    return (jnp.sum(gram**2) - jnp.sum(jnp.sum(unit**2, axis=1) ** 2)) / (count * (count - 1))
