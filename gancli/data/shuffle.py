"""Shuffling without a table: the i-th row of an epoch is computed from its number.

A sort of 50 000 keys per epoch would have to be kept between chunks and saved with a checkpoint; a keyed bijection on
``0 .. n - 1`` needs neither, costs a few integer operations a row, and gives the same rows wherever a run is resumed,
and on the host, which reads them from a disk, as on the device, which takes them from its memory.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

ROUNDS = 8


def _mix(x: Any) -> Any:
    """Scramble uint32 values: the finaliser of MurmurHash3 (Appleby 2008)."""
    x = (x ^ (x >> 16)) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * np.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def _encryption(epochs: Any, keys: Any, size: int) -> Callable[[Any], Any]:
    """Return a Feistel network on the smallest even number of bits that holds ``size``. NumPy or JAX."""
    half_bits = max(((size - 1).bit_length() + 1) // 2, 1)
    mask = np.uint32((1 << half_bits) - 1)
    epoch_hash = _mix(epochs.astype(np.uint32) * np.uint32(0x9E3779B9))
    hashes = _mix(epoch_hash[None] + keys[:, None])  # [ROUNDS, B]

    def encrypt(x: Any) -> Any:
        left, right = x >> half_bits, x & mask
        for index in range(ROUNDS):
            left, right = right, left ^ (_mix(right ^ hashes[index]) & mask)
        return (left << half_bits) | right

    return encrypt


def round_keys(key: jax.Array) -> jax.Array:
    """Return what a random key amounts to for :func:`permute_on_host`, uint32 ``[ROUNDS]``."""
    return jax.random.bits(key, (ROUNDS,), jnp.uint32)


def permute(positions: jax.Array, epochs: jax.Array, key: jax.Array, size: int) -> jax.Array:
    """Return where each position of its epoch's random permutation of ``0 .. size - 1`` points.

    A Feistel network, walked on until the value falls below ``size`` ("cycle walking", Black and Rogaway 2002): a
    bijection for every key and epoch.

    Args:
        positions: int32 ``[B]`` in [0, size).
        epochs: int32 ``[B]``; each has a permutation of its own.
        key: a random key.
        size: number of rows, 1 to 2^30.

    Returns:
        int32 ``[B]`` in [0, size).
    """
    encrypt = jax.jit(_encryption(epochs, round_keys(key), size))  # traced once for both of its uses

    def walk(x: jax.Array) -> jax.Array:
        return jnp.where(x < size, x, encrypt(x))

    first = encrypt(positions.astype(jnp.uint32))
    return jax.lax.while_loop(lambda x: jnp.any(x >= size), walk, first).astype(jnp.int32)


def permute_on_host(positions: np.ndarray, epochs: np.ndarray, keys: np.ndarray, size: int) -> np.ndarray:
    """Return the same as :func:`permute` without a device, which would be busy training; ``keys`` are its round keys.

    Arguments and result are integers of any kind, ``[B]``.
    """
    encrypt = _encryption(epochs, keys, size)
    x = encrypt(positions.astype(np.uint32))
    while (beyond := x >= size).any():
        x = np.where(beyond, encrypt(x), x)
    return x
