"""Shuffling without a table: the i-th row of an epoch is computed from its number.

A sort of 50 000 keys per epoch would have to be kept between chunks and saved with a checkpoint; a keyed bijection on
``0 .. n - 1`` needs neither, costs a few integer operations a row, and gives the same rows wherever a run is resumed.
"""

import jax
import jax.numpy as jnp

ROUNDS = 8


def _mix(x: jax.Array) -> jax.Array:
    """Scramble uint32 values: the finaliser of MurmurHash3 (Appleby 2008)."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def permute(positions: jax.Array, epochs: jax.Array, key: jax.Array, size: int) -> jax.Array:
    """Return where each position of its epoch's random permutation of ``0 .. size - 1`` points.

    A Feistel network on the smallest even number of bits that holds ``size``, walked on until the value falls below
    ``size`` again ("cycle walking", Black and Rogaway 2002): a bijection for every key and epoch.

    Args:
        positions: int32 ``[B]`` in [0, size).
        epochs: int32 ``[B]``; each has a permutation of its own.
        key: a random key.
        size: number of rows, 1 to 2^30.

    Returns:
        int32 ``[B]`` in [0, size).
    """
    half_bits = max(((size - 1).bit_length() + 1) // 2, 1)
    mask = jnp.uint32((1 << half_bits) - 1)
    round_keys = jax.random.bits(key, (ROUNDS,), jnp.uint32)
    epoch_hash = _mix(epochs.astype(jnp.uint32) * jnp.uint32(0x9E3779B9))

    def encrypt(x: jax.Array) -> jax.Array:
        left, right = x >> half_bits, x & mask
        for index in range(ROUNDS):
            left, right = right, left ^ (_mix(right ^ _mix(epoch_hash + round_keys[index])) & mask)
        return (left << half_bits) | right

    def walk(x: jax.Array) -> jax.Array:
        return jnp.where(x < size, x, encrypt(x))

    first = encrypt(positions.astype(jnp.uint32))
    return jax.lax.while_loop(lambda x: jnp.any(x >= size), walk, first).astype(jnp.int32)
