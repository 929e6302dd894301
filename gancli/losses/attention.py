"""The loss of attention (Kim et al. 2020, §3.2, CAM loss): a translator tells its images from those of the target."""

import jax
import jax.numpy as jnp
import optax


def told_apart(sources: jax.Array, targets: jax.Array) -> jax.Array:
    """Return how badly logits tell images of the source from those of the target, in nats, ``[]``.

    ``-E log σ(l(a)) - E log(1 - σ(l(b)))``: the cross-entropy of both, each a mean over images and logits.

    Args:
        sources: logits of images of the source, of any shape; high means the source.
        targets: of images of the target.
    """
    losses = optax.sigmoid_binary_cross_entropy
    return jnp.mean(losses(sources, jnp.ones_like(sources))) + jnp.mean(losses(targets, jnp.zeros_like(targets)))
