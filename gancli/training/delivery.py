"""How training data reaches the device: as a whole, or streamed where it would take most of the memory."""

import contextlib
from collections.abc import Iterator

import jax

from gancli.compute import devices
from gancli.compute.mesh import DeviceMesh
from gancli.games.adversarial import Batch
from gancli.games.pair import GAN
from gancli.training.streaming import Stream

SHARE = 0.5  # of the free memory that data may take; the step's temporary memory and evaluations need the rest


def why_streamed(gan: GAN, size: int) -> str | None:
    """Return why data of ``size`` bytes is streamed, by ``--stream`` or by the free memory; None where it is not."""
    stream = gan.config.stream
    if stream == "always":
        return "--stream always"
    free = devices.free_memory() if stream == "auto" else None
    size *= gan.num_devices if jax.default_backend() == "cpu" else 1  # a copy each, and there in one memory
    if free is None or size <= SHARE * free:
        return None
    return f"{size / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free on the device"


@contextlib.contextmanager
def delivered(gan: GAN, key: jax.Array, data: Batch, start: int, end: int, *, stream: bool) -> Iterator[Batch | Stream]:
    """Give the steps from ``start`` to ``end`` of the run with this key their data, all at once or as a stream."""
    if not stream:
        yield jax.device_put(data, DeviceMesh(gan.num_devices).each())
        return
    with contextlib.closing(Stream(gan, key, data, start, end)) as streamed:
        yield streamed
