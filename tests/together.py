"""Several processes that train one run on this machine."""

import os
import socket
import subprocess
from collections.abc import Callable, Sequence

Each = tuple[tuple[object, ...], ...]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return one.getsockname()[1]


def begin(
    start: Callable[..., subprocess.Popen], command: Sequence[object], *, each: Each = ((), ()), slurm: bool = False
) -> list[subprocess.Popen]:
    """Start a command in two processes of one device each, by hand or as srun does; ``each`` has options of its own."""
    begun = []
    port = free_port()
    for number, own in enumerate(each):
        place: list[object] = ["--coordinator", f"localhost:{port}", "--processes", 2, "--process", number]
        environment = {"JAX_NUM_CPU_DEVICES": "1"}
        if slurm:
            place = []
            environment |= {"SLURM_JOB_ID": str(port), "SLURM_STEP_NODELIST": "localhost"}
            environment |= {"SLURM_STEP_NUM_NODES": "1", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}
            environment |= {"SLURM_PROCID": str(number), "SLURM_LOCALID": str(number)}
        begun.append(start(*command, *place, *own, env=os.environ | environment))
    return begun


def ends(processes: Sequence[subprocess.Popen]) -> list[tuple[int, str, str]]:
    """Wait for processes; return exit code, output and errors of each."""
    said = [one.communicate(timeout=240) for one in processes]
    return [(one.returncode, *texts) for one, texts in zip(processes, said, strict=True)]


def child_of(process: subprocess.Popen) -> int:
    """Return the number of the process that does the work of one that waits for its end."""
    (child,) = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    return int(child)
