"""Generators that match statistics of the data instead of fooling somebody."""

import jax
import jax.numpy as jnp

from gancli.compute.mesh import whole

BANDWIDTHS = (4.0, 1.0, 1 / 4, 1 / 16, 1 / 64)  # of the kernels, as multiples of the median squared distance
SMALLEST = 1e-12  # median that data all alike count as
BLOCK = 256  # rows whose kernels are in memory at a time


def feature_matching_generator_loss(real_features: jax.Array, fake_features: jax.Array) -> jax.Array:
    """Return ``||E f(x) - E f(G(z))||²`` for features ``[B, F]`` of D (Salimans et al. 2016, §3.1)."""
    return jnp.sum((jnp.mean(real_features, axis=0) - jnp.mean(fake_features, axis=0)) ** 2)


def perceptual_generator_loss(real_features: jax.Array, fake_features: jax.Array) -> jax.Array:
    """Return ``||E f(x) - E f(G(z))||²`` for features ``[B, F]`` of another network, which does not move."""
    return feature_matching_generator_loss(real_features, fake_features)


def mmd_generator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return the unbiased MMD² of two batches, no discriminator (Li, Swersky, Zemel 2015; Dziugaite et al. 2015).

    A mean of Gaussian kernels ``exp(-d² / (b m))``, m the median squared distance of data, b in ``BANDWIDTHS``; zero in
    the mean for equal distributions, so of either sign. Examples ``[B, ...]``, at least two of each.
    """
    real, fake = whole([x.reshape(len(x), -1) for x in (real, fake)])  # there are loops over rows ahead
    scale = median_squared_distance(real)
    own = [(_kernel_sum(x, x, scale) - len(x)) / (len(x) * (len(x) - 1)) for x in (real, fake)]
    return own[0] + own[1] - 2.0 * _kernel_sum(real, fake, scale) / (len(real) * len(fake))


def median_squared_distance(x: jax.Array) -> jax.Array:
    """Return the median squared distance of rows ``[B, D]``, over B // 2 pairs that share no row."""
    half = len(x) // 2
    return jnp.median(jnp.sum((x[:half] - x[half : 2 * half]) ** 2, axis=1))


def _kernel_sum(x: jax.Array, y: jax.Array, scale: jax.Array) -> jax.Array:
    """Return the sum over all pairs of the mean kernel, some rows of ``x`` at a time, forwards and backwards."""
    squared_y = jnp.sum(y**2, axis=1)

    @jax.checkpoint
    def row(one: jax.Array) -> jax.Array:
        squared = jnp.maximum(jnp.sum(one**2) + squared_y - 2.0 * y @ one, 0.0)
        kernel = jnp.exp(-squared / (BANDWIDTHS[0] * jnp.maximum(scale, SMALLEST)))
        total = jnp.sum(kernel)
        for _ in BANDWIDTHS[1:]:  # each is a quarter of the one before: its kernel is the fourth power
            kernel = jnp.square(jnp.square(kernel))
            total = total + jnp.sum(kernel)
        return total / len(BANDWIDTHS)

    return jnp.sum(jax.lax.map(row, x, batch_size=min(BLOCK, len(x))))
