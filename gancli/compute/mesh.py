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
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from gancli.compute import hosts
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


def rows_of(tree: Any, rows: jax.Array) -> Any:
    """Return rows ``[B]`` of arrays ``[M, ...]`` that are divided among the devices: whole on each.

    Every device adds those that it has, and zeros elsewhere. So values stay as they are, but for the sign of a zero.
    """

    def own(parts: Any, rows: jax.Array) -> Any:
        def some(part: jax.Array) -> jax.Array:
            places = rows - jax.lax.axis_index(AXIS) * len(part)
            inside = (places >= 0) & (places < len(part))
            found = part[jnp.where(inside, places, 0)]
            return jax.lax.psum(jnp.where(inside.reshape(-1, *[1] * (part.ndim - 1)), found, 0), AXIS)

        return jax.tree.map(some, parts)

    here = jax.shard_map(
        own, in_specs=(PartitionSpec(AXIS), PartitionSpec()), out_specs=PartitionSpec(), check_vma=False
    )
    return here(tree, rows)


class DeviceMesh:
    """The first ``count`` devices, as many of each process, which share the work.

    One alone leaves arrays where they are.

    Raises:
        UsageError: there are fewer, or they cannot be divided among the processes.
    """

    def __init__(self, count: int):
        devices, processes = jax.devices(), hosts.count()
        if count > len(devices):
            where = "this machine" if processes == 1 else f"the {processes} processes"
            raise UsageError(f"--devices must be at most the {len(devices)} of {where}, got {count}.")
        if count % processes:
            raise UsageError(f"--devices must be a multiple of the {processes} processes, got {count}.")
        used = [
            device
            for process in range(processes)
            for device in [one for one in devices if one.process_index == process][: count // processes]
        ]
        if len(used) < count:
            raise UsageError(f"--devices {count}: each process needs {count // processes}, and one has fewer.")
        kinds = (AxisType.Auto,)
        self._mesh = jax.make_mesh((count,), (AXIS,), kinds, devices=used) if count > 1 else None

    def at_work(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which programs are compiled for these devices."""
        return jax.set_mesh(self._mesh) if self._mesh else contextlib.nullcontext()

    def put(self, tree: Any, where: NamedSharding | None) -> Any:
        """Return arrays of this process, equal in every process, where :meth:`each` has them."""
        if where is None or hosts.count() == 1:
            return jax.device_put(tree, where)

        def place(leaf: Any) -> jax.Array:
            if _is_key(leaf):
                return jax.random.wrap_key_data(place(jax.random.key_data(leaf)))
            values = np.asarray(leaf)
            return jax.make_array_from_callback(values.shape, where, lambda part: values[part])

        return jax.tree.map(place, tree)

    def gather(self, tree: Any, axis: int) -> Any:
        """Return arrays of which each process has its own part along an axis, see :func:`gancli.compute.hosts.share`.

        They are where :meth:`parts` has them.
        """
        where = self.parts(axis)
        if where is None or hosts.count() == 1:
            return jax.device_put(tree, where)
        return jax.tree.map(lambda own: jax.make_array_from_process_local_data(where, own), tree)

    def divide(self, tree: Any) -> Any:
        """Return arrays ``[N, ...]`` of this process, equal in every process, each device with a part of the rows.

        The last parts are filled up with zeros, so that all are as long. Only the own part is read.
        """
        where = self.parts(0)
        assert where, "one device has the whole"
        count = where.mesh.size

        def deal(array: np.ndarray) -> jax.Array:
            length = -(-len(array) // count)

            def part(index: tuple[slice, ...] | None) -> np.ndarray:
                start = index[0].start or 0 if index else 0
                rows = array[start : start + length]
                return np.pad(rows, [(0, length - len(rows))] + [(0, 0)] * (array.ndim - 1))

            return jax.make_array_from_callback((count * length, *array.shape[1:]), where, part)

        return jax.tree.map(deal, tree)

    def each(self) -> NamedSharding | None:
        """Say of arrays that every device has the whole; None is one device's own way."""
        return NamedSharding(self._mesh, PartitionSpec()) if self._mesh else None

    def parts(self, axis: int) -> NamedSharding | None:
        """Say of arrays that every device has a part along this axis; None is one device's own way."""
        return NamedSharding(self._mesh, PartitionSpec(*[None] * axis, AXIS)) if self._mesh else None

    def first(self, tree: Any) -> Any:
        """Return, of arrays that every device has, those of the first one; nothing is copied."""
        return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree) if self._mesh else tree


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
