"""The machine and its devices."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import psutil

from gancli.compute import hosts
from gancli.compute.environment import recorded

LIBRARIES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def choose(wanted: int, *, even: bool, convolves: bool) -> int:
    """Return how many devices share a batch: as many as wanted, or for 0 as many as are worth it.

    One accelerator, or one "device" for all cores of a CPU; of convolutions, though, XLA divides few among cores, so
    that two devices of a core or more each are faster (docs/lab/performance.md). Several processes use all of their
    accelerators.

    Args:
        wanted: by the user; 0: choose.
        even: whether batches can be halved.
        convolves: whether the networks are made of convolutions.
    """
    if wanted:
        return wanted
    here = len(jax.local_devices())
    if jax.default_backend() != "cpu":
        return here * hosts.count() if hosts.count() > 1 else 1
    return min(here, 2 if even and convolves else 1) * hosts.count()


def in_turn() -> list[Any]:
    """Return the devices of this process that compute samples and features in turn.

    All accelerators; of a CPU one: to compile for a second one costs more than it saves (docs/lab/performance.md).
    """
    here = jax.local_devices()
    return here[:1] if jax.default_backend() == "cpu" else here


def why_none() -> str | None:
    """Return why JAX has no device to compute on, and the cure; None where it has one."""
    try:
        _ = jax.devices()
    except (RuntimeError, AssertionError) as error:  # the latter of an absent GPU, and without a word
        said = str(error).partition(" (set JAX_PLATFORMS")[0].splitlines()
        reason = f" ({said[0].rstrip('.')})" if said else ""
        name = "JAX_PLATFORM_NAME" if "Unknown backend" in reason else "JAX_PLATFORMS"
        if not (value := os.environ.get(name)):
            return f"JAX finds no device to compute on{reason}."
        return (
            f"{name}='{value}' names what JAX does not find on this machine{reason}. Unset it, set it to cpu, "
            f"or install what JAX needs for that device (pip install '.[cuda]' or '.[tpu]')."
        )
    return None


def free_memory() -> int | None:
    """Return how many bytes are free on the device that computes; None where it does not tell."""
    device = jax.local_devices()[0]
    if device.platform == "cpu":
        return free_host_memory()
    stats = device.memory_stats()
    return stats["bytes_limit"] - stats["bytes_in_use"] if stats and "bytes_limit" in stats else None


def free_host_memory() -> int:
    """Return how many bytes are free in the machine's memory, or in what a container's limit leaves of it."""
    left = _left_in_container()
    available = psutil.virtual_memory().available
    return available if left is None else min(available, left)


def _left_in_container(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return how many bytes Linux's control group (version 2) still grants; None where it sets no limit."""
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        counters = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    if limit == "max":
        return None
    reclaimable = int(counters["inactive_file"])  # of cached files, which make room
    return max(0, int(limit) - int(used) + reclaimable)


def peak_memory() -> int | None:
    """Return the most bytes in use so far: of an accelerator's memory, or on a CPU of this process's.

    None where the system does not tell.
    """
    statistics = jax.local_devices()[0].memory_stats() or {}
    if "peak_bytes_in_use" in statistics:
        return statistics["peak_bytes_in_use"]
    # Where there is one, not getrusage: its peak is also that of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 2**10
    if sys.platform == "darwin":
        import resource  # which Windows has not

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None


def describe() -> dict[str, object]:
    """Return what a run's numbers depend on besides its configuration: versions and devices."""
    devices = jax.devices()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "devices": [f"{device.platform}:{device.id} {device.device_kind}" for device in devices],
        "versions": {name: version(name) for name in LIBRARIES},
        "environment": recorded(),
    }
