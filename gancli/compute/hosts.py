"""Several processes that train one run together, on one machine or on many, by ``jax.distributed``.

Every process computes its part of each batch, and all keep the same weights. The first one, the leader, also keeps the
run: record, metrics, pictures, checkpoints. What the processes must agree on, they tell each other here: before the
first step through the key-value store of the coordinator, and between chunks of steps by collectives.

Processes that draw, describe or translate together divide that work, see :func:`sharing`.
"""

import contextlib
import functools
import hashlib
import itertools
import json
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from gancli.errors import GancliError

T = TypeVar("T")

LONGEST_MEETING = 55.0  # seconds, until all processes have met; then each says so and ends
HEARTBEAT_TIMEOUT = 60  # seconds without a sign of a process, until JAX takes it for dead
SHUTDOWN_TIMEOUT = 10  # seconds that a process which ends waits for the others
LONGEST_PREPARATION = 3600.0  # seconds that processes may differ in loading the data
SAID = "gancli"  # what keys of the store begin with
LAST_WORDS = 60  # seconds that a process which failed waits for those that hear of it: they may still load their data
GLANCE = 1000  # milliseconds between two looks at what others said
FAILED, OVER, GOES_ON = "failed", "over", "goes on"  # what the leader tells after its part of a chunk
HEARD = 2  # answers ago: all processes have that one, since they computed the chunks after it with the leader
_answers = itertools.count()  # of the leader, in the order of its parts
_meetings = itertools.count()  # of processes that share work, in their order
_sharing = False
_failed = False  # whether this process has said so


@dataclass(frozen=True)
class Launch:
    """This process among those that were started together."""

    coordinator: str | None  # HOST:PORT of the first process; None: JAX finds it as the launcher has it
    processes: int
    process: int

    def __str__(self) -> str:
        return f"process {self.process} of {self.processes}"


def join(launch: Launch, give_up: Callable[[str], None]) -> None:
    """Meet the other processes, before JAX computes anything.

    Args:
        launch: this process.
        give_up: called with a message, in a thread, when they have not met within a minute; it ends the process. (JAX
            would end it with a stack trace.)

    Raises:
        GancliError: they cannot meet.
    """
    where = f" at {launch.coordinator}" if launch.coordinator else ""
    message = (
        f"{launch}: not all of them met{where} within a minute. Start all {launch.processes}, with the same "
        f"coordinator, and check that its port can be reached."
    )
    timer = threading.Timer(LONGEST_MEETING, give_up, (message,))
    timer.daemon = True
    timer.start()
    try:
        numbers = (launch.processes, launch.process) if launch.coordinator else (None, None)
        jax.distributed.initialize(
            launch.coordinator,
            *numbers,
            initialization_timeout=int(10 * LONGEST_MEETING),
            heartbeat_timeout_seconds=HEARTBEAT_TIMEOUT,
            shutdown_timeout_seconds=SHUTDOWN_TIMEOUT,
        )
    except (RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise GancliError(f"{launch}: cannot meet the others{where}: {reason}.") from None
    finally:
        timer.cancel()


def leave() -> None:
    """Take leave of the other processes at the end, when all are done."""
    with contextlib.suppress(RuntimeError):  # one was faster, and is gone
        jax.distributed.shutdown()


def names() -> list[str]:
    """Return the names of the hosts of all processes; all must call it together."""
    client = _client()
    if client is None:
        return [socket.gethostname()]
    client.key_value_set(f"{SAID}/host/{index()}", socket.gethostname())
    return [client.blocking_key_value_get(f"{SAID}/host/{one}", 1000 * HEARTBEAT_TIMEOUT) for one in range(count())]


def count() -> int:
    """Return how many processes train together; 1 where there is no other."""
    return jax.process_count() if _client() else 1


def index() -> int:
    """Return which of them this one is, from 0."""
    return jax.process_index() if _client() else 0


def leads() -> bool:
    """Return whether this process keeps the run: the first one, or the only one."""
    return index() == 0


def fail(message: str) -> None:
    """Tell the other processes that this one ends, which :func:`linger` then does."""
    global _failed
    client = _client()
    if client is not None:
        with contextlib.suppress(RuntimeError):  # the one that keeps what is said is gone
            client.key_value_set(f"{SAID}/failed/{index()}", message)
            _failed = True


def linger() -> None:
    """Take leave of the others when they have heard that this process failed, after a minute at most.

    One that has not said so leaves at once.
    """
    client = _client()
    if client is None or not _failed:
        return
    with contextlib.suppress(RuntimeError):  # some are gone, or do not listen
        client.wait_at_barrier(f"{SAID}/end", 1000 * LAST_WORDS)
        jax.distributed.shutdown()  # else the first one out aborts the others before they say why they end


def compare(parts: Mapping[str, str], own: str) -> list[str]:
    """Wait until every process has its parts, make sure that they are the same, and return what each has of its own.

    Args:
        parts: digests by what they are of: ``configuration``, ``data``.
        own: what may differ.

    Raises:
        GancliError: a part differs between processes, or one of them failed; the message says which.
    """
    client = _client()
    if client is None:
        return [own]
    client.key_value_set(f"{SAID}/parts/{index()}", json.dumps([dict(parts), own]))
    found = []
    deadline = time.monotonic() + LONGEST_PREPARATION
    for other in range(count()):
        while (said := _heard(client, f"{SAID}/parts/{other}")) is None:
            for failed, message in client.key_value_dir_get(f"{SAID}/failed/"):
                number = failed.rpartition("/")[2]
                raise GancliError(f"process {number} of {count()} failed, so all end: {message}")
            if time.monotonic() > deadline:
                raise GancliError(f"process {other} of {count()} did not get ready within an hour.")
        theirs, other_own = json.loads(said)
        found.append(other_own)
        if different := [name for name in parts if theirs.get(name) != parts[name]]:
            raise GancliError(
                f"process {index()} and process {other} of {count()} differ in their {', '.join(different)}. Start all "
                f"with the same command and versions, on the same data."
            )
    return found


def most(value: int) -> int:
    """Return the largest of the processes' values; all must call it together."""
    return max(_gathered(value))


def share(rows: int) -> slice:
    """Return which of a step's rows this process computes: a part as large as every other."""
    own = rows // count()
    return slice(index() * own, (index() + 1) * own)


@contextlib.contextmanager
def sharing(wanted: bool = True) -> Iterator[None]:
    """Let the processes divide among them what they all ask for during the block, in which all must do the same.

    Args:
        wanted: False: within such a block, let this process work for itself again.
    """
    global _sharing
    before, _sharing = _sharing, wanted
    try:
        yield
    finally:
        _sharing = before


def shares() -> bool:
    """Return whether work is divided among several processes now."""
    return _sharing and count() > 1


def gathered(tree: Any) -> Any:
    """Return the arrays of all processes, ``[processes, ...]`` of NumPy; all must call it together, within an hour."""
    from jax.experimental import multihost_utils

    # Collectives would not wait for more than half a minute.
    _client().wait_at_barrier(f"{SAID}/shared/{next(_meetings)}", int(1000 * LONGEST_PREPARATION))
    return multihost_utils.process_allgather(tree)


def everybodys(value: T) -> list[T]:
    """Return what each process has, in their order; all must call it together, within an hour."""
    said = np.frombuffer(pickle.dumps(value), np.uint8)
    lengths = gathered(np.int32(len(said)))
    found = gathered(np.pad(said, (0, int(lengths.max()) - len(said))))
    return [pickle.loads(one[:length].tobytes()) for one, length in zip(found, lengths.tolist(), strict=True)]


def from_leader(tree: Any) -> Any:
    """Return the leader's arrays in every process; all must call it together.

    Processes on unlike machines may have rounded a first state differently.
    """
    client = _client()
    if client is None:
        return tree
    client.wait_at_barrier(f"{SAID}/begin", int(1000 * LONGEST_PREPARATION))  # compiling takes some longer than others
    from jax.experimental import multihost_utils

    keys = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)]
    plain = jax.tree.map(lambda leaf: np.asarray(jax.random.key_data(leaf) if _any_is(leaf, keys) else leaf), tree)
    same = multihost_utils.broadcast_one_to_all(plain)
    return jax.tree.map(lambda leaf, one: jax.random.wrap_key_data(one) if _any_is(leaf, keys) else one, tree, same)


def _any_is(leaf: Any, others: list[Any]) -> bool:
    return any(leaf is other for other in others)


def by_leader(work: Callable[[], bool]) -> bool:
    """Let the leader do its part while the others wait, and return its answer in every process.

    However long it takes: collectives would not wait for more than half a minute.

    Raises:
        GancliError: it failed; in the leader, what it raised.
    """
    client = _client()
    if client is None:
        return work()
    number = next(_answers)
    key = f"{SAID}/answer/{number}"
    if not leads():
        while (answer := _heard(client, key)) is None:
            pass
        if answer == FAILED:
            raise GancliError("process 0 failed, so all end. Its own message says why.")
        return answer == OVER
    try:
        over = work()
    except BaseException:
        client.key_value_set(key, FAILED)
        raise
    client.key_value_set(key, OVER if over else GOES_ON)
    if number >= HEARD:
        client.key_value_delete(f"{SAID}/answer/{number - HEARD}")
    return over


@functools.cache
def code_digest() -> str:
    """Return a digest of gancli's own code."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def digest_of(value: Any) -> str:
    """Return a digest of what JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _gathered(value: int) -> list[int]:
    if count() == 1:
        return [value]
    from jax.experimental import multihost_utils

    return [int(one) for one in np.ravel(multihost_utils.process_allgather(np.int32(value)))]


def _heard(client: Any, key: str) -> str | None:
    try:
        return client.blocking_key_value_get(key, GLANCE)
    except Exception as error:  # XlaRuntimeError, of a status that only its text tells
        if "DEADLINE_EXCEEDED" in str(error):
            return None
        raise GancliError(f"the coordinator of the run cannot be reached any more: {str(error)[:160]}.") from None


def _client() -> Any:
    """Return the client of the key-value store, to which JAX has no public way; None in a process that is alone."""
    from jax._src import distributed

    return distributed.global_state.client
