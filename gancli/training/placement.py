"""Where the training data lies: a copy on every device, a part on each, or on the host, which sends blocks of it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import jax

from gancli.compute import devices, hosts
from gancli.compute.mesh import DeviceMesh
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.training.domain import Batch
from gancli.training.feed import Data, Parts
from gancli.training.game import Game
from gancli.training.streaming import Stream

COPIED, DIVIDED, STREAMED = "copied", "divided", "streamed"
BY_MEMORY = (COPIED, DIVIDED, STREAMED)  # from that which takes most of a device's
SHARE = 0.5  # of the free memory that data may take; the step's temporary memory and evaluations need the rest


@dataclass(frozen=True)
class Placement:
    """Where the data of a run lies, and why it is not copied."""

    where: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}" if self.reason else "on the device, whole"

    def frugal(self, others: list[str]) -> "Placement":
        """Return the placement, or one of those that other processes found if it takes less memory."""
        least = max(others, key=BY_MEMORY.index, default=self.where)
        if BY_MEMORY.index(least) <= BY_MEMORY.index(self.where):
            return self
        return Placement(least, "another process has less memory")


def place(config: TrainConfig, size: int) -> Placement:
    """Decide where data of ``size`` bytes lies: by ``--stream`` and ``--data-placement``, or by the free memory.

    Raises:
        UsageError: one device is to divide it.
    """
    if config.devices <= 1 and config.data_placement == DIVIDED:
        raise UsageError("--data-placement divided needs several devices, and this run has one. Take auto.")
    if config.stream == "always":
        return Placement(STREAMED, "--stream always")
    if config.devices <= 1:
        ways, reason = [COPIED], ""
    elif config.data_placement == "auto":
        ways, reason = [COPIED, DIVIDED], ""
    else:
        ways = [config.data_placement]
        reason = "--data-placement divided" if ways == [DIVIDED] else ""
    if config.stream == "auto":
        ways.append(STREAMED)
    free = devices.free_memory() if len(ways) > 1 else None
    if free is None:
        return Placement(ways[0], reason)
    for way in ways[:-1]:
        needed = _needed(way, config, size)
        if needed <= SHARE * free:
            return Placement(way, reason)
        reason = f"{needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free on the device"
    return Placement(ways[-1], reason)


def _needed(way: str, config: TrainConfig, size: int) -> int:
    """Return how many bytes of one memory the data takes: of a device, or of a CPU, which its devices share."""
    count = max(config.devices, 1)
    share = size if way == COPIED else -(-size // count)
    return share * (count // hosts.count()) if jax.default_backend() == "cpu" else share


@contextlib.contextmanager
def training_data(
    game: Game, key: jax.Array, data: dict[str, Batch], start: int, end: int, placement: Placement
) -> Iterator[Data | Stream]:
    """Yield the training data of steps ``start`` to ``end`` where it is placed."""
    mesh = DeviceMesh(game.config.devices)
    if placement.where == COPIED:
        yield mesh.put(data, mesh.each())
    elif placement.where == DIVIDED:
        yield {name: Parts(mesh.divide(batch)) for name, batch in data.items()}
    else:
        with contextlib.closing(Stream(game, key, data, start, end)) as streamed:
            yield streamed
