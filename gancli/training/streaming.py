"""Data that does not fit into the device's memory: what the next steps need is read while these ones train.

The order of the data is computed, not stored (:mod:`gancli.data.shuffle`), so the host knows which rows a step will
ask for. It reads those of many steps as one block and puts them on the device; the compiled program takes the same
examples in the same order as with all the data beside it, and ends with the same weights.
"""

import time
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute import hosts
from gancli.compute.mesh import DeviceMesh
from gancli.data.mapped_rows import read_rows
from gancli.data.shuffle import permute_on_host, round_keys
from gancli.training.domain import Batch
from gancli.training.feed import Block, order_key
from gancli.training.game import Game

# In such blocks images of 64x64x3 are read fastest, small ones as fast as in others (benchmarks/streaming.py).
# Three lie on the device at a time, and five in the host's memory.
BLOCK_BYTES = 16 * 2**20
FEWEST_STEPS = 2  # of one step, XLA knows that its examples are the same all through the loop, and rounds differently
THREADS = 4  # that read, each a block
READ_AHEAD = 4  # blocks in the host's memory, read or being read


class _Blocks:
    """The blocks of examples that steps ``start`` to ``end`` take, read when asked for: grain's data source."""

    def __init__(self, game: Game, key: jax.Array, data: dict[str, Batch], start: int, end: int):
        self._data, self._start = data, start
        self._domains = {domain.name: domain for domain in game.domains}
        self._keys = {
            domain.name: np.asarray(round_keys(order_key(key, place))) for place, domain in enumerate(game.domains)
        }
        step_bytes = sum(
            domain.rows_per_step * sum(part[:1].nbytes for part in data[name]) for name, domain in self._domains.items()
        )
        self.steps = max(FEWEST_STEPS, min(game.config.log_every, BLOCK_BYTES // step_bytes))  # of a block
        self._count = -(-(end - start) // self.steps)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, Batch]:
        """Return a block's examples ``[steps, rows_per_step, ...]``, of several processes the own rows.

        The last block goes on beyond the end.
        """
        return {name: self._read(name, index) for name in self._domains}

    def _read(self, name: str, index: int) -> Batch:
        domain = self._domains[name]
        first = (self._start + index * self.steps) * domain.rows_per_step
        epochs, places = np.divmod(first + np.arange(self.steps * domain.rows_per_step), domain.num_examples)
        rows = permute_on_host(places, epochs, self._keys[name], domain.num_examples).reshape(self.steps, -1)
        rows = rows[:, hosts.share(domain.rows_per_step)]  # this process reads what its devices compute
        return Batch(
            *(read_rows(part, rows.ravel()).reshape(*rows.shape, *part.shape[1:]) for part in self._data[name])
        )

    def shape_of(self, name: str, part: np.ndarray) -> tuple[int, ...]:
        """Return the shape of a whole block of a domain's array ``[N, ...]``, of all processes."""
        return self.steps, self._domains[name].rows_per_step, *part.shape[1:]


class Stream:
    """The training data of a run, in blocks, each read and put on the device while the one before it trains."""

    def __init__(self, game: Game, key: jax.Array, data: dict[str, Batch], start: int, end: int):
        """Lay out the stream; reading begins with :meth:`parts`.

        Args:
            game: whose steps are fed.
            key: of the run; it decides the order.
            data: by domain the training examples in host memory or mapped from files, ``[N, ...]``.
            start: the step that is trained first.
            end: the step after the last one.
        """
        self._blocks = _Blocks(game, key, data, start, end)
        self._on_device = self._read()
        self._examples: Any = None  # of the block in use ...
        self._first = start  # ... and the step that it begins with
        self.steps = self._blocks.steps  # of a block
        self._mesh = DeviceMesh(game.config.devices)
        kind = partial(jax.ShapeDtypeStruct, sharding=self._mesh.parts(1))
        self.layout = {  # of a part
            name: Block(Batch(*(kind(self._blocks.shape_of(name, part), part.dtype) for part in batch)), jnp.int32(0))
            for name, batch in data.items()
        }

    def _read(self) -> Generator[Any]:
        """Yield block after block, each on the device, with the next one on its way there."""
        import grain  # as long to import as jax, and most runs do without

        options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=READ_AHEAD)
        blocks = iter(grain.MapDataset.source(self._blocks).to_iter_dataset(options))
        try:
            ahead = self._mesh.gather(next(blocks), 1)
            for block in blocks:
                now, ahead = ahead, self._mesh.gather(block, 1)
                yield now
            yield ahead
        finally:
            blocks.close()

    def parts(self, start: int, end: int) -> Iterator[tuple[dict[str, Block], int, int]]:
        """Yield what steps ``start`` to ``end`` are trained on: blocks, each with the steps that it serves.

        From call to call the steps follow one another, from the one that the stream starts with.

        Raises:
            GancliError: the data cannot be read any more.
        """
        while start < end:
            if self._examples is None or start == self._first + self.steps:
                self._examples, self._first = next(self._on_device), start
            last = min(end, self._first + self.steps)
            used = jnp.int32(start - self._first)
            yield {name: Block(batch, used) for name, batch in self._examples.items()}, start, last
            start = last

    def seconds_to_read(self) -> float:
        """Measure how long one thread reads what a step needs."""
        began = time.perf_counter()
        _ = self._blocks[0]
        return (time.perf_counter() - began) / self.steps

    def close(self) -> None:
        """Stop reading."""
        self._on_device.close()
