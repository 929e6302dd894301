"""What JAX reads from the environment: where it computes is the user's choice; what moves a number is gancli's."""

import os
import re

from gancli.errors import GancliError

# Devices, what is kept of compiled programs, and what is logged. All else can change a number, or stop a command.
HEEDED = re.compile(
    r"JAX_(PLATFORMS|PLATFORM_NAME|NUM_CPU_DEVICES|\w+_VISIBLE_DEVICES|FORCE_TPU_INIT"
    r"|ENABLE_COMPILATION_CACHE|(COMPILATION|PERSISTENT)_CACHE_\w+|RAISE_PERSISTENT_CACHE_ERRORS|EXPLAIN_CACHE_MISSES"
    r"|LOG_COMPILES|LOGGING_LEVEL|DEBUG_LOG_MODULES|COMPILER_DETAILED_LOGGING_MIN_OPS|TRACEBACK_FILTERING|DUMP_IR_\w+)"
)
# JAX's, too; and those by which oneDNN, a library of XLA's, computes float32 as bfloat16 where a processor can.
WITHOUT_PREFIX = ("EAGER_CONSTANT_FOLDING", "CHECK_VMA", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")
# What the compilers read, which move numbers by other rounding: a run records them.
RECORDED = ("XLA_FLAGS", "LIBTPU_INIT_ARGS", "NVIDIA_TF32_OVERRIDE", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")

MOST_CPU_DEVICES = 1024


def settle() -> list[str]:
    """Prepare the environment for JAX, before anything imports it; returns the variables that were taken out of it.

    Every core may be a device of its own; how many are used is up to ``--devices``.

    Raises:
        GancliError: a number of devices is none.
    """
    passed_over = sorted(
        name
        for name in os.environ
        if (name.startswith("JAX_") and not HEEDED.fullmatch(name)) or name in WITHOUT_PREFIX
    )
    for name in passed_over:
        del os.environ[name]
    if "host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):  # JAX refuses both
        return passed_over
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(cores or 1))
    if not re.fullmatch(r"\d{1,4}", wanted.strip(), re.ASCII) or not 1 <= int(wanted) <= MOST_CPU_DEVICES:
        raise GancliError(
            f"JAX_NUM_CPU_DEVICES must be a number from 1 to {MOST_CPU_DEVICES}, got '{wanted}'. Set one, or unset it."
        )
    return passed_over


def recorded() -> dict[str, str]:
    """Return those of the variables that move numbers by other rounding that are set."""
    return {name: os.environ[name] for name in RECORDED if name in os.environ}


def blamed(error: Exception) -> str | None:
    """Return what to say of an error that JAX raises because of a variable's value; None: it is of another kind."""
    for name in re.findall(r"jax_\w+", str(error), re.IGNORECASE):
        if isinstance(error, ValueError) and (value := os.environ.get(name.upper())) is not None:
            return f"JAX cannot use {name.upper()}='{value}'. Set another value, or unset it."
    return None
