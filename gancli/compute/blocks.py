"""Rows of any number through one program, block by block, on every device in turn.

All blocks are of one size, and each is computed by one device. So no number depends on how many rows there are, and
none on how many devices. Processes that share work (:mod:`gancli.compute.hosts`) compute a part of the blocks each.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute import devices, hosts

Program = Callable[..., Any]  # what all blocks share, and a block's arrays, to a tree of arrays
Block = tuple[Any, ...]  # arrays of NumPy or JAX
T = TypeVar("T")


def in_turn(program: Program, shared: Any, blocks: Iterable[Block]) -> Iterator[Any]:
    """Yield ``program(shared, *block)`` of each block, in order: arrays on the device that computed them.

    A block goes to the next device, or stays where its first array lies. As many blocks are computed at a time as
    there are devices.

    Args:
        program: compiled once for each device.
        shared: a tree of arrays; each device gets a copy.
        blocks: of one size.
    """
    if hosts.shares():
        yield from _by_all_processes(program, shared, blocks)
        return
    yield from _here(program, shared, blocks)


def _here(program: Program, shared: Any, blocks: Iterable[Block]) -> Iterator[Any]:
    """Do the same by this process alone."""
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


def _by_all_processes(program: Program, shared: Any, blocks: Iterable[Block]) -> Iterator[Any]:
    """Do the same by all processes, of which each has a block for each of its devices at a time."""
    own = len(devices.in_turn())
    left = iter(blocks)
    while group := list(itertools.islice(left, own * hosts.count())):
        first = own * hosts.index()
        part = [group[min(place, len(group) - 1)] for place in range(first, first + own)]  # all have as many
        found = [jax.tree.map(np.asarray, one) for one in _here(program, shared, part)]
        of_all = hosts.gathered(jax.tree.map(lambda *leaves: np.stack(leaves), *found))
        for place in range(len(group)):
            where = divmod(place, own)
            yield jax.tree.map(lambda leaf, where=where: jnp.asarray(leaf[where]), of_all)


def each(work: Callable[[int], T], count: int) -> list[T]:
    """Return ``work(number)`` for each number below ``count``, in order, where each takes a computation of its own.

    Devices take the next number in turn, each in a thread of its own. Processes that share work take a part each, and
    begin when all are there; all return the same.
    """
    numbers = range(count)
    if not hosts.shares():
        return _each_here(work, numbers)
    _ = hosts.everybodys(None)
    with hosts.sharing(False):
        found = _each_here(work, numbers[hosts.index() :: hosts.count()])
    of_all = hosts.everybodys(found)
    return [of_all[number % len(of_all)][number // len(of_all)] for number in numbers]


def _each_here(work: Callable[[int], T], numbers: Iterable[int]) -> list[T]:
    places = devices.in_turn()
    if len(places) == 1:
        return [work(number) for number in numbers]

    def on_next_device(turn: int, number: int) -> T:
        with jax.default_device(places[turn % len(places)]):
            return work(number)

    with ThreadPoolExecutor(len(places)) as threads:
        return list(threads.map(on_next_device, itertools.count(), numbers))


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
