"""Learning from the best samples of a batch alone (Sinha et al. 2020, top-k training)."""

import jax
import jax.numpy as jnp


def best(outputs: jax.Array, share: jax.Array | float) -> jax.Array:
    """Return outputs ``[B]`` as they are, through which a gradient reaches the highest ``share`` of them alone.

    There it is larger by the number of all over the number of those. So the gradient of a mean over all outputs is that
    of the mean over the best (Sinha et al. 2020, Algorithm 1).

    Args:
        outputs: of D on samples, of which higher means more real.
        share: above 0 and at most 1; at least one output counts. Of equal outputs the first ones do.
    """
    count = len(outputs)
    kept = jnp.maximum(jnp.rint(share * count), 1)
    ranks = jnp.argsort(jnp.argsort(-outputs))
    weights = jnp.where(ranks < kept, count / kept, 0.0)
    fixed = jax.lax.stop_gradient(outputs)
    return fixed + weights * (outputs - fixed)
