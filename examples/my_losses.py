"""Two losses of your own: ``gancli train ring --loss examples/my_losses.py:one_sided``."""

import jax
import jax.numpy as jnp
from jax.nn import softplus

from gancli.losses.objective import Interpretation, Objective


def smooth_discriminator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Cross-entropy whose real labels are 0.9 (Salimans et al. 2016, one-sided label smoothing)."""
    return jnp.mean(0.9 * softplus(-real) + 0.1 * softplus(real)) + jnp.mean(softplus(fake))


def smooth_generator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """The non-saturating loss."""
    del real
    return jnp.mean(softplus(-fake))


# A pair of functions is enough: outputs [B] of D on data and on samples, to what its player minimizes.
one_sided = (smooth_discriminator_loss, smooth_generator_loss)


def soft_critic_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """A critic's difference of means, whose scores stay small."""
    return jnp.mean(fake) - jnp.mean(real) + 0.05 * (jnp.mean(real**2) + jnp.mean(fake**2))


# An Objective also says how D's outputs are to be read, and what its loss means.
soft_critic = Objective(
    soft_critic_loss,
    lambda real, fake: -jnp.mean(fake),
    Interpretation("Le Cam divergence", "le_cam_bound", scale=0.2, offset=0.0, most=2.0),  # minus a fifth of the loss
    belief=None,
    threshold=None,
)
