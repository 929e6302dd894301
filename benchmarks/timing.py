"""Interleaved repetitions and their medians: what a comparison on a noisy machine needs."""

import os
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable


def interleave(contenders: dict[str, Callable[[], object]], repetitions: int) -> dict[str, list[float]]:
    """Run every contender once for each repetition, in turn, and return the seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repetitions):
        for name, run in contenders.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def print_table(seconds: dict[str, list[float]], reference: str, unit: str, per: int = 1) -> None:
    """Print each contender's median in milliseconds per ``unit``, its range, and the median ratio to ``reference``.

    The ratio is taken within each repetition, so that a machine that slows down slows both.
    """
    print(f"{'':34} {'ms/' + unit:>12} {'min':>9} {'max':>9} {'/ ' + reference:>24}")
    for name, times in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(times, seconds[reference], strict=True))
        values = [1000 * value / per for value in (statistics.median(times), min(times), max(times))]
        print(f"{name:34} {values[0]:12.2f} {values[1]:9.2f} {values[2]:9.2f} {ratio:24.2f}")


def print_machine() -> None:
    """Print what the numbers were taken on: the processor, and NVIDIA's cards where there are some."""
    model = platform.processor() or "unknown"
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    print(f"{model}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    if asks := shutil.which("nvidia-smi"):
        command = [asks, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            print(found.stdout.strip())
