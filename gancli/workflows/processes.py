"""Work in a process of its own, which hears of Ctrl-C from its parent alone."""

import contextlib
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from gancli.compute.cache import cache_folder
from gancli.compute.garbage import collect_seldom
from gancli.errors import GancliError, Interrupted


def start(work: Callable[..., Any], *arguments: Any) -> tuple[Connection, BaseProcess]:
    """Start ``work(connection, *arguments)`` in a process of its own; it reports through the connection.

    Its last message is ``("result", what it returned)``, or ``stopped`` or ``failed`` with a message and an exit code;
    a process that was killed sends none of these. Nobody may be there any more to hear it.
    """
    _ = cache_folder()  # where it is a temporary one, this process's
    context = multiprocessing.get_context("spawn")  # a forked process would share the parent's XLA threads, and hang
    ours: Any  # of another type on Windows
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, pickle.dumps((work, arguments))))
    resource_tracker.ensure_running()  # which unblocks signals when it starts
    # A new process begins with what its parent blocks: a Ctrl-C while it still imports would print its traceback.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return ours, process


def _work(connection: Connection, pickled: bytes) -> None:
    collect_seldom()  # before the work is read, and with it imported what it needs
    os.setpgrp()  # a terminal's Ctrl-C goes to the parent alone: a second signal would stop this run before it saves
    try:
        work, arguments = pickle.loads(pickled)
        last = ("result", work(connection, *arguments))
    except Interrupted as stop:
        last = ("stopped", (str(stop), stop.exit_code))
    except GancliError as error:
        last = ("failed", (str(error), error.exit_code))
    with contextlib.suppress(BrokenPipeError):
        connection.send(last)
