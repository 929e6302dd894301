"""One batch on several devices: each computes a part of it, and all keep the same weights (data parallelism).

Little in a step is written for it but where a batch is divided. XLA follows that through the computation, and adds up
over the devices what is a sum over the batch: gradients, and the statistics of batch normalization. The numbers are
those of one device but for the order of such sums.

Devices must meet for their sums in the same order, or wait for one another forever. On a CPU XLA sees to that, but not
between a loop and what stands beside it. So in the loop over steps no other loop is divided, or all else waits for it.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from gancli.errors import UsageError

AXIS = "batch"


def divided(tree: Any, axis: int = 0) -> Any:
    """Return arrays as they are, divided among the devices of the mesh along this axis."""
    if jax.sharding.get_abstract_mesh().empty:
        return tree
    return jax.lax.with_sharding_constraint(tree, PartitionSpec(*[None] * axis, AXIS))


def whole(tree: Any) -> Any:
    """Return arrays as they are, whole on every device of the mesh."""
    return tree if jax.sharding.get_abstract_mesh().empty else jax.lax.with_sharding_constraint(tree, PartitionSpec())


def added_up(run: Callable[..., jax.Array], *arrays: jax.Array) -> jax.Array:
    """Return ``run(*arrays)``, a sum over their rows: each device of a mesh sums its own, and all add up.

    No gradient passes through it.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty or any(len(array) % mesh.size for array in arrays):
        return run(*arrays)
    here = jax.shard_map(
        lambda *own: jax.lax.psum(run(*own), AXIS),
        in_specs=PartitionSpec(AXIS),
        out_specs=PartitionSpec(),
        check_vma=False,
    )
    return here(*arrays)


class DeviceMesh:
    """The first ``count`` devices, which share the work. One alone leaves arrays where they are.

    Raises:
        UsageError: there are fewer.
    """

    def __init__(self, count: int):
        devices = jax.devices()
        if count > len(devices):
            raise UsageError(f"--devices must be at most the {len(devices)} of this machine, got {count}.")
        kinds = (AxisType.Auto,)
        self._mesh = jax.make_mesh((count,), (AXIS,), kinds, devices=devices[:count]) if count > 1 else None

    def at_work(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which programs are compiled for these devices."""
        return jax.set_mesh(self._mesh) if self._mesh else contextlib.nullcontext()

    def each(self) -> NamedSharding | None:
        """Say of arrays that every device has the whole; None is one device's own way."""
        return NamedSharding(self._mesh, PartitionSpec()) if self._mesh else None

    def parts(self, axis: int) -> NamedSharding | None:
        """Say of arrays that every device has a part along this axis; None is one device's own way."""
        return NamedSharding(self._mesh, PartitionSpec(*[None] * axis, AXIS)) if self._mesh else None

    def first(self, tree: Any) -> Any:
        """Return, of arrays that every device has, those of the first one; nothing is copied."""
        return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree) if self._mesh else tree
