"""Rows of any number through one program, block by block, on every device in turn.

All blocks are of one size, and each is computed by one device. So no number depends on how many rows there are, and
none on how many devices.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute import devices

Program = Callable[..., Any]  # what all blocks share, and a block's arrays, to a tree of arrays
Block = tuple[Any, ...]  # arrays of NumPy or JAX


def in_turn(program: Program, shared: Any, blocks: Iterable[Block]) -> Iterator[Any]:
    """Yield ``program(shared, *block)`` of each block, in order: arrays on the device that computed them.

    A block goes to the next device, or stays where its first array lies. As many blocks are computed at a time as
    there are devices.

    Args:
        program: compiled once for each device.
        shared: a tree of arrays; each device gets a copy.
        blocks: of one size.
    """
    places = devices.in_turn()
    if len(places) == 1:
        for block in blocks:
            yield program(shared, *map(jnp.asarray, block))
        return
    copies = {place: jax.device_put(shared, place) for place in places}
    waiting: deque[Any] = deque()
    for number, block in enumerate(blocks):
        (place,) = block[0].devices() if isinstance(block[0], jax.Array) else (places[number % len(places)],)
        waiting.append(program(copies[place], *jax.device_put(block, place)))
        if len(waiting) == len(places):
            yield waiting.popleft()
    yield from waiting


def in_blocks(
    program: Program, shared: Any, count: int, size: int, read: Callable[[np.ndarray], Block]
) -> Iterator[Any]:
    """Yield ``program(shared, *block)`` for ``count`` rows, ``size`` at a time and in order; the last may be fewer.

    Args:
        program: see :func:`in_turn`; every array that it returns has as many rows as a block.
        shared: see :func:`in_turn`.
        count: of rows.
        size: of a block.
        read: returns a block of rows by their numbers ``[size]``; after the last row come copies of it.
    """
    starts = range(0, count, size)
    blocks = (read(np.minimum(np.arange(start, start + size), count - 1)) for start in starts)
    for start, found in zip(starts, in_turn(program, shared, blocks), strict=True):
        left = count - start
        yield found if left >= size else jax.tree.map(lambda leaf, left=left: leaf[:left], found)


def together(parts: Iterable[Any]) -> Any:
    """Return blocks as one tree of arrays in host memory."""
    found = [jax.tree.map(np.asarray, part) for part in parts]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *found)
