"""The machine: its devices, and where compiled programs are kept between runs."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import jax

LIBRARIES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def cache_folder() -> Path:
    """Return gancli's folder for what can be made again: ``XDG_CACHE_HOME/gancli``, by default ``~/.cache/gancli``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gancli"


def keep_compiled_programs() -> None:
    """Let XLA keep what it compiles on disk, unless ``JAX_COMPILATION_CACHE_DIR`` already says where.

    The second run of a command then starts in a fraction of the time. An unwritable folder costs only that.
    """
    if not os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def describe() -> dict[str, object]:
    """Return what a run's numbers depend on besides its configuration: versions and devices."""
    devices = jax.devices()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "devices": [f"{device.platform}:{device.id} {device.device_kind}" for device in devices],
        "versions": {name: version(name) for name in LIBRARIES},
    }
