"""Commands that are hit by signals at a chosen moment, in processes that are forked after all imports."""

import contextlib
import importlib
import multiprocessing
import os
import random
import select
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from tests.child import end_with_parent

# What a command may be doing: the function that does it, as module and name.
MOMENTS = {
    "starting": ("gancli.recipes.request", "Request.read"),
    "preparing images": ("gancli.data.images.prepare", "frame"),
    "writing the record": ("gancli.runs.folder", "Run.write_record"),
    "reading a checkpoint": ("gancli.runs.checkpoints", "Checkpoints.restore"),
    "rewriting the log": ("gancli.runs.folder", "Run.forget_after"),
    "training": ("gancli.training.loop", "run_steps"),
    "logging": ("gancli.runs.folder", "Run.append_metrics"),
    "evaluating": ("gancli.monitoring.metrics", "Monitor.measure"),
    "drawing": ("gancli.monitoring.recorder", "Recorder.picture"),
    "drawing curves": ("gancli.monitoring.recorder", "Recorder._draw_curves"),
    "saving": ("gancli.runs.checkpoints", "Checkpoints.save"),
    "sealing": ("gancli.runs.checkpoints", "Checkpoints._seal"),
}
REPEATED = ("training", "logging", "saving", "sealing", "preparing images")
LONGEST = 240  # seconds that anything may take
DELAYS = (0.0, 0.001, 0.01, 0.05)  # seconds at most between a moment and its hit
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)
COUNTS: Counter[tuple[str, str]] = Counter()  # of hits, by moment and signal; tests report and clear them

# Processes are forked from one that has imported everything and computed nothing: it has one thread.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.storm.preloaded"])


def _work(arguments: list[str], pipes: tuple[Connection, Connection, Connection], environment: dict[str, str]) -> None:
    """Run a command; write what it says, and what it is about to do, into pipes."""
    end_with_parent()
    os.environ |= environment
    out, err, moments = pipes
    for descriptor, pipe in ((1, out), (2, err)):
        os.dup2(pipe.fileno(), descriptor)
    for name, place in MOMENTS.items():
        _announce(name, *place, moments.fileno())
    from gancli.cli.app import entry_point

    entry_point(arguments)


def _announce(name: str, module: str, place: str, descriptor: int) -> None:
    """Let a function write its name into a pipe before it begins."""
    *owners, last = place.split(".")
    owner = importlib.import_module(module)
    for one in owners:
        owner = getattr(owner, one)
    kept = vars(owner)[last]
    plain = kept.__func__ if isinstance(kept, staticmethod | classmethod) else kept

    def announcing(*arguments: Any, **options: Any) -> Any:
        with contextlib.suppress(OSError):  # nobody listens any more
            os.write(descriptor, f"{name}\n".encode())
        return plain(*arguments, **options)

    setattr(owner, last, type(kept)(announcing) if isinstance(kept, staticmethod | classmethod) else announcing)


@dataclass
class Command:
    """A command in a process of its own."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)  # added to that of the tests
    pending: bytes = field(default=b"", init=False)

    def __post_init__(self) -> None:
        ours, theirs = zip(*(_context.Pipe(duplex=False) for _ in range(3)), strict=True)
        self._out, self._err, self._moments = ours
        self.process = _context.Process(target=_work, args=(self.arguments, theirs, self.environment))
        self.process.start()
        for pipe in theirs:
            pipe.close()

    @property
    def pid(self) -> int:
        """Return its number."""
        assert self.process.pid is not None
        return self.process.pid

    def wait_for(self, moment: str, times: int = 1) -> bool:
        """Wait until it does something for a number of times; False: it ended before."""
        deadline = time.monotonic() + LONGEST
        while True:
            while b"\n" in self.pending:
                line, self.pending = self.pending.split(b"\n", 1)
                times -= line.decode() == moment
                if times == 0:
                    return True
            assert time.monotonic() < deadline, f"no {moment} in {self.arguments}"
            if select.select([self._moments], [], [], 1)[0]:
                with contextlib.suppress(OSError):
                    if heard := os.read(self._moments.fileno(), 65536):
                        self.pending += heard
                        continue
                return False

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; False: the command has ended."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def end(self) -> tuple[int, str, str]:
        """Wait for its end; return the exit code, output and errors."""
        self._moments.close()
        self.process.join(LONGEST)
        code = self.process.exitcode
        assert code is not None, f"{self.arguments} hangs"
        self.process.close()
        said = [_read(pipe) for pipe in (self._out, self._err)]
        return code, said[0], said[1]


def _read(pipe: Connection) -> str:
    with pipe, open(pipe.fileno(), "rb", closefd=False) as file:
        return file.read().decode()


def times(rng: random.Random, moment: str) -> int:
    """Return how often a moment is to come before a hit: only some come more than once in most commands."""
    return rng.choice((1, 1, 2, 3)) if moment in REPEATED else 1


def hit(
    command: Command, rng: random.Random, moments: Sequence[str], before: Callable[[], None]
) -> signal.Signals | None:
    """Send random signals at random instants, each soon after a random moment, until one of them ends the command.

    ``before`` is called just before each of them. A stopped process goes on a moment later.

    Returns:
        What ended it; None where it was faster.
    """
    while True:
        moment = rng.choice(moments)
        if not command.wait_for(moment, times(rng, moment)):
            return None
        time.sleep(rng.uniform(0, rng.choice(DELAYS)))
        number = rng.choice(SIGNALS)
        before()
        if not command.send(number):
            return None
        COUNTS[moment, number.name] += 1
        if number != signal.SIGSTOP:
            return number
        time.sleep(rng.uniform(0, 0.05))
        command.send(signal.SIGCONT)
        moments = [one for one in moments if one in REPEATED]
