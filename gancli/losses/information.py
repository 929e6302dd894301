"""Lower bounds of the mutual information of samples and their codes (Chen et al. 2016, §4, equation 5)."""

import math

import jax
import jax.numpy as jnp


def category_information(logits: jax.Array, categories: jax.Array) -> jax.Array:
    """Return ``log K + E log Q(c | x)`` in nats ``[]``, of logits ``[B, K]`` and categories ``[B, K]``, one-hot.

    It is at most ``log K``, the entropy of a category whose values are equally likely.
    """
    log_likelihood = jnp.sum(categories * jax.nn.log_softmax(logits), axis=1)
    return math.log(logits.shape[1]) + jnp.mean(log_likelihood)


def code_log_likelihood(means: jax.Array, codes: jax.Array) -> jax.Array:
    """Return ``E log N(c; mean, 1)`` ``[]`` of continuous codes ``[B]``: of what Q learns them by.

    The variance is fixed at 1, as in the authors' code: learned, it could shrink without end.
    """
    return -0.5 * jnp.mean((codes - means) ** 2) - 0.5 * math.log(2 * math.pi)


def code_information(means: jax.Array, codes: jax.Array) -> jax.Array:
    """Return ``log 2 + E log N(c; mean, σ²)`` in nats ``[]``, with the best σ for codes ``[B]`` uniform on [-1, 1)."""
    error = jnp.maximum(jnp.mean((codes - means) ** 2), jnp.finfo(jnp.float32).tiny)
    return math.log(2) - 0.5 * (jnp.log(2 * math.pi * error) + 1)
