"""The checkpoints of a run: ``checkpoints/<step>/``, written by Orbax and sealed with checksums.

A checkpoint holds one item for each player (``generator``, ``discriminator``, ...), one for each average
(``generator.average``), one for all else that moves (``training``), one that says how these are laid out (``layout``),
and ``SHA256SUMS`` of all their files (``sha256sum -c`` reads it, too). Orbax makes a step visible only when it is
complete; the sums tell what happened to it afterwards, which Orbax itself does not notice.
"""

import contextlib
import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import PreservationPolicy

from gancli.compute import hosts
from gancli.errors import GancliError
from gancli.training.game import Game, layout
from gancli.training.state import TrainState, split_state

CHECKPOINTS, DAMAGED, SUMS = "checkpoints", "damaged", "SHA256SUMS"
# Seconds: ten years. Orbax measures by the time of day, and a clock that is set, or a machine that slept, ends no run.
LONGEST_SAVE = 10 * 365 * 24 * 3600


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path, pattern: str = "**/*") -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160].rstrip(". ")


def _on_first_device(abstract: Any) -> Any:
    device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device), abstract)


def _hush_abandoned_writes() -> None:
    """Keep tensorstore's parallel writes from printing, after one has failed, that nobody waits for them any more."""
    if getattr(sys.unraisablehook, "hushes", False):
        return
    shown = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if str(unraisable.exc_value) != "Event loop is closed":
            shown(unraisable)

    hook.hushes = True  # pyright: ignore[reportFunctionMemberAccess]
    sys.unraisablehook = hook


def digest(tree: Any) -> str:
    """Return a digest of the paths, shapes and types of a tree of arrays, whatever their values."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    lines = [f"{jax.tree_util.keystr(path)} {leaf.shape} {leaf.dtype}" for path, leaf in leaves]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class NewestAndBest(PreservationPolicy):
    """Keeps the newest checkpoints and the best one."""

    def __init__(self, keep: int, best_step: Callable[[Iterable[int]], int]):
        self._keep, self._best_step = keep, best_step

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
        steps = [checkpoint.step for checkpoint in checkpoints]
        kept = set(steps[-self._keep :])
        # The last one is only being written: until it is there, the best of the others stays, too.
        for candidates in (steps, steps[:-1]):
            with contextlib.suppress(GancliError):
                kept.add(self._best_step(candidates))
        return [step in kept for step in steps]


class Checkpoints:
    """The checkpoints of a run; use as a context manager, which waits for a save in progress."""

    def __init__(self, run_folder: Path, policy: PreservationPolicy | None = None):
        """Open them for reading, or with a policy of what to keep for writing, too."""
        self.run_folder = run_folder
        # Failed reads are reported by this class in one line; orbax and its event loop would add pages.
        for chatty in ("absl", "orbax", "asyncio"):
            logging.getLogger(chatty).setLevel(logging.CRITICAL)
        _hush_abandoned_writes()
        self._folder = run_folder / CHECKPOINTS
        alone, writable = hosts.count() == 1, policy is not None
        # Weights are the same in every process: the leader writes them, and each process reads for itself.
        processes = ocp.options.MultiprocessingOptions()
        if not alone:
            own = hosts.index()
            processes = ocp.options.MultiprocessingOptions(own, {own}, f"process{own}")
            if writable:
                self._folder.mkdir(exist_ok=True)  # which Orbax leaves to the one that writes
        self._manager = ocp.CheckpointManager(
            self._folder.absolute(),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=policy,
                create=writable and alone,
                cleanup_tmp_directories=writable,
                multiprocessing_options=processes,
                async_options=ocp.AsyncOptions(LONGEST_SAVE, post_finalization_callback=self._seal),
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()
        self._manager.close()

    def steps(self) -> list[int]:
        """Return the steps of the complete checkpoints, rising."""
        return sorted(self._manager.all_steps())

    def save(self, state: TrainState) -> None:
        """Start writing a checkpoint; returns once the state is copied, so that its buffers may be reused.

        Raises:
            GancliError: this save cannot begin, or the one before it failed.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        # np.array copies: on a CPU, a view would change under the writer when the next chunk reuses the buffers.
        items = jax.tree.map(np.array, split_state(state))
        saves = {name: ocp.args.StandardSave(item) for name, item in items.items()}
        layouts = ocp.args.JsonSave({name: digest(item) for name, item in items.items()})
        with self._reporting_failure():
            self._manager.save(step, args=ocp.args.Composite(**saves, layout=layouts))

    def _seal(self) -> None:
        """Write ``SHA256SUMS`` into the checkpoint that is about to become visible."""
        for unfinished in self._folder.glob("*.orbax-checkpoint-tmp"):
            files = _files(unfinished, "*/**/*")
            lines = [f"{_sha256(path)}  {path.relative_to(unfinished)}\n" for path in files]
            (unfinished / SUMS).write_text("".join(lines))

    def wait(self) -> None:
        """Wait until the last save is complete.

        Raises:
            GancliError: it failed; older checkpoints are untouched.
        """
        with self._reporting_failure():
            self._manager.wait_until_finished()

    @contextlib.contextmanager
    def _reporting_failure(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            number = re.search(r"\[os_error_code='(\d+)'\]", str(error))  # in a message of tensorstore
            said = os.strerror(int(number[1])) if number else getattr(error, "strerror", None)
            detail = said or _first_line(error)
            steps = self.steps()
            kept = f"the newest complete one is step {steps[-1]}" if steps else "there is none yet"
            raise GancliError(f"cannot write a checkpoint in '{self.run_folder}': {detail}; {kept}.") from None

    def restore(self, game: Game, names: tuple[str, ...], step: int) -> dict[str, Any]:
        """Read items of one checkpoint and verify them.

        Raises:
            GancliError: the checkpoint is absent, damaged, or of another run.
        """
        if step not in self.steps():
            known = ", ".join(map(str, self.steps()))
            raise GancliError(
                f"'{self.run_folder}' has no checkpoint of step {step}. Complete ones: {known or 'none'}."
            )
        where = f"checkpoint {step} of '{self.run_folder}'"
        self._verify(where, self._folder / str(step), (*names, "layout"))
        abstract = jax.eval_shape(split_state, layout(game))
        wanted = {name: ocp.args.StandardRestore(_on_first_device(abstract[name])) for name in names}
        try:
            layouts = self._manager.restore(step, args=ocp.args.Composite(layout=ocp.args.JsonRestore()))["layout"]
            if any(layouts.get(name) != digest(abstract[name]) for name in names):
                raise GancliError(f"{where} is of another configuration than the run's config.json.")
            items = self._manager.restore(step, args=ocp.args.Composite(**wanted))
        except GancliError:
            raise
        except Exception as error:  # orbax raises nearly everything
            raise GancliError(f"{where} cannot be read: {_first_line(error)}.") from None
        return {name: items[name] for name in names}

    @staticmethod
    def _verify(where: str, folder: Path, names: tuple[str, ...]) -> None:
        """Compare the files of some items with ``SHA256SUMS``, before Orbax reads them."""
        if not (folder / SUMS).is_file():
            raise GancliError(f"{where} is not gancli's, or damaged: it has no {SUMS}.")
        try:
            lines = (folder / SUMS).read_bytes().decode(errors="replace").splitlines()
            sums = {name: expected for expected, _, name in (line.partition("  ") for line in lines)}
            listed = {name.split("/")[0] for name in sums}
            if absent := [name for name in names if name not in listed]:
                raise GancliError(f"{where} is damaged: its {SUMS} does not list {absent[0]}.")
            there = (str(path.relative_to(folder)) for item in names for path in _files(folder / item))
            if unknown := [name for name in there if name not in sums]:
                raise GancliError(f"{where} is damaged: its {SUMS} does not list {unknown[0]}.")
            for name, expected in sums.items():
                if name.split("/")[0] not in names:
                    continue
                if not (folder / name).is_file():
                    raise GancliError(f"{where} is damaged: {name} is missing.")
                if _sha256(folder / name) != expected:
                    raise GancliError(f"{where} is damaged: {name} is not what was saved.")
        except OSError as error:
            raise GancliError(f"{where} cannot be read: {error.strerror}.") from None

    def newest(self, game: Game, names: tuple[str, ...]) -> tuple[int, dict[str, Any], list[str]]:
        """Read the newest checkpoint that is whole.

        Returns:
            Its step, its items, and a line for each newer one that had to be passed over.

        Raises:
            GancliError: none is whole.
        """
        skipped: list[str] = []
        for step in reversed(self.steps()):
            try:
                return step, self.restore(game, names, step), skipped
            except GancliError as error:
                skipped.append(str(error))
        if skipped:
            raise GancliError(skipped[0])
        raise GancliError(f"run '{self.run_folder}' has no complete checkpoint yet.")

    def set_aside_after(self, step: int) -> None:
        """Move checkpoints newer than ``step`` (found damaged) into ``damaged/``, out of the way of new ones."""
        for newer in [other for other in self.steps() if other > step]:
            target = self.run_folder / DAMAGED / str(newer)
            remove(target)
            target.parent.mkdir(exist_ok=True)
            (self.run_folder / CHECKPOINTS / str(newer)).rename(target)
        self._manager.reload()
