"""One of several processes that do one command together: how it was started, and how its end is said.

JAX ends a process that has lost the others by aborting it, with pages of its own. So the work runs in a child process
whose raw streams nobody sees, and its end becomes one line and an exit code here.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import typer

from gancli.cli.streams import outlet
from gancli.errors import GancliError, Interrupted, UsageError
from gancli.files import keeping_nothing
from gancli.training.interrupts import StopRequest

if TYPE_CHECKING:
    from gancli.compute.hosts import Launch

VOICES = "GANCLI_STREAMS"  # set in a child: the descriptors of its parent's standard output and error
ADDRESS = re.compile(r"[\w.\-]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5}", re.ASCII)
# Variables of launchers: how many processes, and which one this is. Slurm's are those of a step, that is of srun.
LAUNCHERS = (("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"), ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"))
MOST_PROCESSES = 100_000
PATIENCE = 0.2  # seconds between two looks at the child
COLLECTIVES = ("Gloo", "NCCL", "coordination")  # who complains of a process that is gone


def launch(
    coordinator: str | None, processes: int | None, process: int | None, environment: Mapping[str, str]
) -> "Launch | None":
    """Return how this process was started together with others; None: it is alone.

    Args:
        coordinator: ``HOST:PORT`` that the user gave; all three or none.
        processes: how many there are; 1 alone: whatever a launcher has set.
        process: which one this is.
        environment: where launchers leave the same.

    Raises:
        UsageError: the options make no sense.
    """
    if (processes, coordinator, process) == (1, None, None):
        return None
    if coordinator is not None and processes is not None and process is not None:
        return _by_hand(coordinator, processes, process)
    if any(one is not None for one in (coordinator, processes, process)):
        raise UsageError("--coordinator, --processes and --process go together. Give all three, or none.")
    for number, place in LAUNCHERS:
        found = [environment.get(name, "") for name in (number, place)]
        if all(text.isdecimal() for text in found) and int(found[0]) > 1:
            return _launch(None, int(found[0]), int(found[1]))
    return None


def _by_hand(coordinator: str, processes: int, process: int) -> "Launch | None":
    if not ADDRESS.fullmatch(coordinator) or not 0 < int(coordinator.rpartition(":")[2]) < 2**16:
        raise UsageError(f"--coordinator must be HOST:PORT, as in node1:1234, got '{coordinator}'.")
    if not 1 <= processes <= MOST_PROCESSES:
        raise UsageError(f"--processes must be from 1 to {MOST_PROCESSES:,}, got {processes}.")
    if not 0 <= process < processes:
        raise UsageError(f"--process must be from 0 to {processes - 1}, below --processes, got {process}.")
    return _launch(coordinator, processes, process) if processes > 1 else None


def _launch(coordinator: str | None, processes: int, process: int) -> "Launch":
    from gancli.compute.hosts import Launch

    return Launch(coordinator, processes, process)


def met(coordinator: str | None, processes: int | None, process: int | None) -> "Launch | None":
    """Return how this process was started together with others, as :func:`launch` does.

    Where there are others, it returns in a child alone, and this process ends as the child does.
    """
    this = launch(coordinator, processes, process, os.environ)
    if this and not is_child():
        raise typer.Exit(supervise(this))
    return this


@contextlib.contextmanager
def dividing(this: "Launch | None", *, all_keep: bool = False) -> Iterator[bool]:
    """Divide the work of a command among the processes during the block; yields whether this one says what came out.

    Args:
        this: this process; None: it is alone.
        all_keep: whether each keeps the files that it writes, and not the first one alone.

    Raises:
        GancliError: see :func:`joined`.
    """
    with joined(this) as leads:
        if this is None:
            yield True
            return
        from gancli.compute.hosts import sharing

        with sharing(), contextlib.nullcontext() if leads or all_keep else keeping_nothing():
            yield leads


@contextlib.contextmanager
def joined(this: "Launch | None") -> Iterator[bool]:
    """Work together with the other processes during the block; yields whether this one leads.

    Raises:
        GancliError: the processes cannot meet, or another one was lost.
    """
    if this is None:
        yield True
        return
    from gancli.compute import hosts

    hosts.join(this, _give_up)
    try:
        yield hosts.leads()
    except Interrupted:
        hosts.leave()
        raise
    except GancliError as error:
        hosts.fail(str(error))
        raise
    except (RuntimeError, ValueError) as error:
        if any(name in str(error) for name in COLLECTIVES):
            raise GancliError(_lost(this)) from None
        raise
    hosts.leave()


def _lost(this: "Launch") -> str:
    return (
        f"{this} ended because it lost another one: that one was stopped, or cannot be reached. What was saved stays. "
        f"Start all again, a training with --resume auto."
    )


def _give_up(message: str) -> None:
    """Say a line and end this process at once, from any thread."""
    print(f"error: {message}", file=sys.stderr, flush=True)
    os._exit(1)


@contextlib.contextmanager
def speaking() -> Iterator[None]:
    """In a child, print where the parent prints, and not into the streams that libraries fill.

    A child that failed says why, and ends when the others have heard it: they cannot meet it any more, and JAX would
    wait for them.
    """
    if not is_child():
        yield
        return
    before = sys.stdout, sys.stderr
    out, err = map(int, os.environ[VOICES].split(","))
    sys.stdout, sys.stderr = outlet(out, before[0], results=True), outlet(err, before[1], results=False)
    try:
        yield
    except SystemExit as end:
        if end.code:
            sys.stdout.flush()
            sys.stderr.flush()
            try:
                _linger()
            finally:
                os._exit(int(end.code))
        raise
    except BaseException:  # a bug
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    finally:
        sys.stdout.flush()
        sys.stdout, sys.stderr = before


def _linger() -> None:
    if "jax" in sys.modules:  # else it has met nobody
        from gancli.compute import hosts

        hosts.linger()


def is_child() -> bool:
    """Return whether this process does the work of one that waits for its end."""
    return VOICES in os.environ


def supervise(this: "Launch") -> int:
    """Run the same command in a child, pass on what stops it, and return its exit code.

    Raises:
        GancliError: it was killed, or JAX ended it because it lost the other processes.
    """
    sys.stdout.flush()
    voices = os.dup(sys.stdout.fileno()), os.dup(sys.stderr.fileno())
    with tempfile.TemporaryFile() as noise, StopRequest() as stop:
        child = subprocess.Popen(
            [sys.executable, *sys.orig_argv[1:]],
            stdout=noise,
            stderr=noise,
            pass_fds=voices,
            env=os.environ | {VOICES: ",".join(map(str, voices))},
            process_group=0,  # a Ctrl-C of the terminal goes to this process alone, which passes it on
        )
        for voice in voices:
            os.close(voice)
        told = None
        try:
            while child.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(PATIENCE)
                if stop.signal_number is not None and told is None:
                    told = stop.signal_number
                    child.send_signal(told)
        finally:
            if child.poll() is None:  # a second Ctrl-C
                child.kill()
                child.wait()
        code = child.returncode
        noise.seek(0)
        lines = noise.read().decode(errors="replace").splitlines()
    if code >= 0:
        return code
    if -code == signal.SIGABRT:
        raise GancliError(_lost(this))
    why = f": {lines[-1]}" if lines and -code != signal.SIGKILL else ""
    raise GancliError(f"{this} was killed by {signal.Signals(-code).name}{why}.")
