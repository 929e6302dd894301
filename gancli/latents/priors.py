"""The priors that z is drawn from: a key and a shape ``[B, Z]`` to latents of mean 0 and variance 1."""

import jax
import jax.numpy as jnp


def uniform(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draw ``[B, Z]`` with independent components on [-√3, √3): variance 1 (Goodfellow et al. 2014, their code)."""
    return jax.random.uniform(key, shape, minval=-(3.0**0.5), maxval=3.0**0.5)


def truncated_uniform(key: jax.Array, shape: tuple[int, int], limit: float) -> jax.Array:
    """Draw ``[B, Z]`` as :func:`uniform` does, with components on [-limit, limit) where that is narrower."""
    reach = min(limit, 3.0**0.5)
    return jax.random.uniform(key, shape, minval=-reach, maxval=reach)


def gaussian(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draw ``[B, Z]`` from the standard normal distribution."""
    return jax.random.normal(key, shape)


def truncated_gaussian(key: jax.Array, shape: tuple[int, int], limit: float) -> jax.Array:
    """Draw ``[B, Z]`` from the standard normal distribution, given that no component is beyond ±limit.

    As if every component beyond it were drawn again until it is not (Brock et al. 2019, §3.1: truncation trick).
    """
    return jax.random.truncated_normal(key, -limit, limit, shape)


def spherical(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draw ``[B, Z]`` uniformly on the sphere of radius √Z, so that each component has variance 1 (White 2016)."""
    z = jax.random.normal(key, shape)
    return z * (shape[1] ** 0.5 / jnp.linalg.norm(z, axis=1, keepdims=True))
