"""A history of samples, so that a discriminator does not forget what it has seen (Shrivastava et al. 2017, §2.3)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class History(NamedTuple):
    """Up to N earlier samples."""

    samples: jax.Array  # [N, *shape]
    filled: jax.Array  # int32 [], how many there are

    @classmethod
    def empty(cls, size: int, shape: tuple[int, ...]) -> "History":
        """Return a history with room for ``size`` samples."""
        return cls(jnp.zeros((size, *shape)), jnp.int32(0))


def exchanged(history: History, samples: jax.Array, key: jax.Array) -> tuple[jax.Array, History]:
    """Return what a discriminator sees in the place of new samples ``[B, *shape]``, and the history after it.

    Until the history is full, a new sample is kept and seen. Then, with probability 1/2, an earlier one is seen, chosen
    uniformly, and the new one takes its place; else the new one is seen and not kept (Zhu et al. 2017, the authors'
    code). One sample after the other; a history without room changes nothing.
    """
    size = len(history.samples)
    if size == 0:
        return samples, history

    def exchange(history: History, inputs: tuple[jax.Array, jax.Array]) -> tuple[History, jax.Array]:
        new, number = inputs
        place_key, coin_key = jax.random.split(jax.random.fold_in(key, number))
        full = history.filled >= size
        place = jnp.where(full, jax.random.randint(place_key, (), 0, size), history.filled)
        earlier = history.samples[place]
        swaps = full & jax.random.bernoulli(coin_key)
        kept = history.samples.at[place].set(jnp.where(swaps | ~full, new, earlier))
        filled = jnp.minimum(history.filled + 1, size)
        return History(kept, filled), jnp.where(swaps, earlier, new)

    history, seen = jax.lax.scan(exchange, history, (samples, jnp.arange(len(samples))))
    return seen, history
