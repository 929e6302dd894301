"""The loss of patches (Park et al. 2020, §3.2, PatchNCE): what stands at one place belongs together."""

import jax
import jax.numpy as jnp


def patch_nce(queries: jax.Array, keys: jax.Array, temperature: float) -> jax.Array:
    """Return how badly queries find the key of their own place among those of all places of one image, in nats.

    ``-E log softmax(q_s · k / τ)_s``: the cross-entropy of places, for vectors of length 1.

    Args:
        queries: ``[B, S, F]``, of places in translations.
        keys: ``[B, S, F]``, of the same places in the images; no gradient reaches them.
        temperature: τ, above 0.
    """
    similarity = jnp.einsum("bsf,btf->bst", queries, jax.lax.stop_gradient(keys)) / temperature
    own = jnp.diagonal(similarity, axis1=1, axis2=2)
    return jnp.mean(jax.nn.logsumexp(similarity, axis=2) - own)
