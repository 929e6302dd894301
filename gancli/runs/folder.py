"""A run folder: ``config.json``, ``metrics.jsonl``, ``samples/`` and ``checkpoints/<step>/`` (Orbax).

A checkpoint holds one item for each thing that somebody reads alone (``generator``, ``ema``, ``discriminator``), one
for all else that moves (``training``), one that says how these are laid out (``layout``), and ``SHA256SUMS`` of all
their files (``sha256sum -c`` reads it, too). Orbax makes a step visible only when it is complete; the sums tell what
happened to it afterwards, which Orbax itself does not notice.
"""

import contextlib
import hashlib
import json
import logging
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import PreservationPolicy

from gancli.config import TrainConfig
from gancli.errors import GancliError
from gancli.files import write_atomically, writing
from gancli.games.pair import GAN, GANState, Params
from gancli.imaging.contrast import Contrast
from gancli.metrics.catalog import METRICS as KNOWN_METRICS
from gancli.metrics.catalog import json_name
from gancli.recipes.resolve import toml_of
from gancli.runs.exported import is_export, read_weights

CONFIG, METRICS, SAMPLES, CHECKPOINTS, DAMAGED = "config.json", "metrics.jsonl", "samples", "checkpoints", "damaged"
SUMS = "SHA256SUMS"
NETWORKS = ("generator", "ema", "discriminator")
ITEMS = (*NETWORKS, "training")


@dataclass(frozen=True)
class RunRecord:
    """What ``config.json`` holds: the configuration, the data it met, and the machine it began on."""

    gancli: str  # version
    config: TrainConfig
    # shape, is_images, num_examples, sha256, contrast (of its normalization, or None); of a class-conditional run also
    # classes (training examples by name) and labels_sha256
    data: dict[str, Any]
    machine: dict[str, Any]

    def gan(self) -> GAN:
        """Lay out the run's networks."""
        data = self.data
        contrast = Contrast(**data["contrast"]) if data["contrast"] else None
        counts = tuple((data.get("classes") or {}).values())
        return GAN.build(self.config, tuple(data["shape"]), data["is_images"], data["num_examples"], contrast, counts)

    def to_json(self) -> str:
        """Return the text of ``config.json``."""
        values = {"gancli": self.gancli, "config": self.config.to_dict(), "data": self.data, "machine": self.machine}
        return json.dumps(values, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the text of ``config.json``; anything else is a ValueError, KeyError, TypeError or GancliError."""
        values = json.loads(text)
        return cls(values["gancli"], TrainConfig.from_dict(values["config"]), values["data"], values["machine"])


@dataclass(frozen=True)
class Run:
    """A run folder that exists."""

    folder: Path
    record: RunRecord

    @classmethod
    def create(cls, folder: Path, record: RunRecord, *, overwrite: bool = False) -> Self:
        """Begin a run in a folder that is absent or empty; with ``overwrite``, in place of the run that is there.

        Raises:
            GancliError: the folder holds a run or something else, or cannot be written.
        """
        cls.check_free(folder, overwrite=overwrite)
        with writing(folder):
            for part in (METRICS, SAMPLES, CHECKPOINTS, DAMAGED):
                _remove(folder / part)
            run = cls(folder, record)
            run.write_record()  # first of all: whatever stops the run now, its folder can be resumed or overwritten
            (folder / SAMPLES).mkdir()
        return run

    @staticmethod
    def check_free(folder: Path, *, overwrite: bool) -> None:
        """Raise a GancliError unless a run may begin in ``folder``."""
        if (folder / CONFIG).exists():
            if not overwrite:
                raise GancliError(
                    f"'{folder}' already holds a run. Continue it with --resume, replace it with --overwrite, "
                    f"or choose another --outdir."
                )
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise GancliError(f"'{folder}' exists and is not a run. Choose another --outdir.")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an existing run.

        Raises:
            GancliError: there is none; the message says what is missing.
        """
        hint = f"Train one with `gancli train DATASET --outdir {folder}`."
        if not folder.is_dir():
            raise GancliError(f"no run at '{folder}': there is no such folder. {hint}")
        if not (folder / CONFIG).is_file():
            raise GancliError(f"no run at '{folder}': it holds no {CONFIG}. {hint}")
        try:
            return cls(folder, RunRecord.from_json((folder / CONFIG).read_text()))
        except (OSError, ValueError, KeyError, TypeError, GancliError) as error:
            raise GancliError(f"cannot read {folder / CONFIG}: {error}.".replace("..", ".")) from None

    def write_record(self) -> None:
        """Write ``config.json``, and ``config.toml`` for people and ``train --config``."""
        write_atomically(self.folder / CONFIG, self.record.to_json())
        write_atomically(self.folder / "config.toml", toml_of(self.record.config))

    def append_metrics(self, values: Mapping[str, Any]) -> None:
        """Add a line to ``metrics.jsonl``."""
        path = self.folder / METRICS
        with writing(path), path.open("a") as file:
            file.write(json.dumps(values, allow_nan=False) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """Return the lines of ``metrics.jsonl``; one cut short by a crash is left out."""
        path = self.folder / METRICS
        lines = path.read_text().splitlines() if path.exists() else []
        entries = []
        for line in lines:
            with contextlib.suppress(ValueError):
                entries.append(json.loads(line))
        return entries

    def scores(self) -> dict[int, float]:
        """Return what the first of the run's metrics was, by the steps at which it could be evaluated."""
        metric = self.record.config.metrics[0]
        entry, name = KNOWN_METRICS[metric], json_name(metric)
        return {line["step"]: line[name][entry.key] for line in self.metrics() if line.get(name)}

    def best_step(self, steps: Iterable[int]) -> int:
        """Return the one of some steps with the best score, the first of equals.

        Raises:
            GancliError: none of them was evaluated.
        """
        scores = self.scores()
        known = sorted(step for step in steps if step in scores)
        if not known:
            raise GancliError(
                f"run '{self.folder}' has no checkpoint that was evaluated while training. "
                f"Use --step latest, or train with --evaluate-every."
            )
        sign = 1 if KNOWN_METRICS[self.record.config.metrics[0]].lower_is_better else -1
        return min(known, key=lambda step: sign * scores[step])

    def forget_after(self, step: int) -> None:
        """Take back what was logged after ``step``, before a resumed run logs it again."""
        kept = [json.dumps(entry) + "\n" for entry in self.metrics() if entry["step"] <= step]
        write_atomically(self.folder / METRICS, "".join(kept))

    def write_samples(self, step: int, png: bytes) -> None:
        """Keep the picture of the fixed latents at ``step``."""
        write_atomically(self.folder / SAMPLES / f"fakes{step:06d}.png", png)

    def checkpoints(self, *, writable: bool = False) -> "Checkpoints":
        """Return the run's checkpoints; writable ones keep the newest few and the best one."""
        policy = _NewestAndBest(self.record.config.keep, self.best_step) if writable else None
        return Checkpoints(self.folder, policy)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160].rstrip(". ")


def _on_first_device(abstract: Any) -> Any:
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
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


def layout(tree: Any) -> str:
    """Return a digest of the paths, shapes and types of a tree of arrays, whatever their values."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    lines = [f"{jax.tree_util.keystr(path)} {leaf.shape} {leaf.dtype}" for path, leaf in leaves]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def split_state(state: GANState) -> dict[str, Any]:
    """Return the state as the items of a checkpoint; the typed key as plain integers."""
    training = state._asdict()
    networks = {name: training.pop(name) for name in NETWORKS}
    return networks | {"training": training | {"key": jax.random.key_data(state.key)}}


def join_state(items: dict[str, Any]) -> GANState:
    """Undo :func:`split_state`."""
    networks = {name: items[name] for name in NETWORKS}
    training = items["training"]
    return GANState(**networks, **training | {"key": jax.random.wrap_key_data(training["key"])})


class _NewestAndBest(PreservationPolicy):
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
        self._manager = ocp.CheckpointManager(
            self._folder.absolute(),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=policy,
                create=policy is not None,
                cleanup_tmp_directories=policy is not None,
                async_options=ocp.AsyncOptions(post_finalization_callback=self._seal),
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

    def save(self, state: GANState) -> None:
        """Start writing a checkpoint; returns once the state is copied, so that its buffers may be reused.

        Raises:
            GancliError: this save cannot begin, or the one before it failed.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        # np.array copies: on a CPU, a view would change under the writer when the next chunk reuses the buffers.
        items = jax.tree.map(np.array, split_state(state))
        # Orbax does not write what has no arrays: the discriminator of a game without one.
        saves = {name: ocp.args.StandardSave(items[name]) for name in ITEMS if jax.tree.leaves(items[name])}
        layouts = ocp.args.JsonSave({name: layout(items[name]) for name in ITEMS})
        with self._reporting_failure():
            self._manager.save(step, args=ocp.args.Composite(**saves, layout=layouts))

    def _seal(self) -> None:
        """Write ``SHA256SUMS`` into the checkpoint that is about to become visible."""
        for unfinished in self._folder.glob("*.orbax-checkpoint-tmp"):
            files = sorted(path for path in unfinished.glob("*/**/*") if path.is_file())
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
            reason = re.search(r"([^:]+) \[os_error_code", str(error))  # what the operating system said
            detail = reason[1].strip() if reason else _first_line(error)
            steps = self.steps()
            kept = f"the newest complete one is step {steps[-1]}" if steps else "there is none yet"
            raise GancliError(f"cannot write a checkpoint in '{self.run_folder}': {detail}; {kept}.") from None

    def restore(self, gan: GAN, names: tuple[str, ...], step: int) -> dict[str, Any]:
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
        abstract = jax.eval_shape(lambda: split_state(gan.init(np.zeros(gan.data_shape))))
        written = [name for name in names if jax.tree.leaves(abstract[name])]
        wanted = {name: ocp.args.StandardRestore(_on_first_device(abstract[name])) for name in written}
        try:
            layouts = self._manager.restore(step, args=ocp.args.Composite(layout=ocp.args.JsonRestore()))["layout"]
            if any(layouts[name] != layout(abstract[name]) for name in names):
                raise GancliError(f"{where} is of another configuration than the run's {CONFIG}.")
            items = self._manager.restore(step, args=ocp.args.Composite(**wanted))
        except GancliError:
            raise
        except Exception as error:  # orbax raises nearly everything
            raise GancliError(f"{where} cannot be read: {_first_line(error)}.") from None
        return {name: items[name] if name in written else abstract[name] for name in names}

    @staticmethod
    def _verify(where: str, folder: Path, names: tuple[str, ...]) -> None:
        """Compare the files of some items with ``SHA256SUMS``, before orbax meets what it cannot read."""
        if not (folder / SUMS).is_file():
            raise GancliError(f"{where} is not gancli's, or damaged: it has no {SUMS}.")
        for line in (folder / SUMS).read_text().splitlines():
            expected, _, name = line.partition("  ")
            if name.split("/")[0] not in names:
                continue
            if not (folder / name).is_file():
                raise GancliError(f"{where} is damaged: {name} is missing.")
            if _sha256(folder / name) != expected:
                raise GancliError(f"{where} is damaged: {name} is not what was saved.")

    def newest(self, gan: GAN, names: tuple[str, ...]) -> tuple[int, dict[str, Any], list[str]]:
        """Read the newest checkpoint that is whole.

        Returns:
            Its step, its items, and a line for each newer one that had to be passed over.

        Raises:
            GancliError: none is whole.
        """
        skipped: list[str] = []
        for step in reversed(self.steps()):
            try:
                return step, self.restore(gan, names, step), skipped
            except GancliError as error:
                skipped.append(str(error))
        if skipped:
            raise GancliError(skipped[0])
        raise GancliError(f"run '{self.run_folder}' has no complete checkpoint yet.")

    def set_aside_after(self, step: int) -> None:
        """Move checkpoints newer than ``step`` (found damaged) into ``damaged/``, out of the way of new ones."""
        for newer in [other for other in self.steps() if other > step]:
            target = self.run_folder / DAMAGED / str(newer)
            _remove(target)
            target.parent.mkdir(exist_ok=True)
            (self.run_folder / CHECKPOINTS / str(newer)).rename(target)
        self._manager.reload()


def generator_weights(run: Run, gan: GAN, *, step: int | str, ema: bool) -> tuple[int, Params, Params, list[str]]:
    """Read what sampling needs: the step, G's weights (averaged or raw), D's weights, and notes on what was skipped.

    An exported generator has no D.

    Args:
        run: the run.
        gan: its layout.
        step: a number, ``latest`` (the newest whole checkpoint) or ``best`` (by the first of the run's metrics).
        ema: averaged weights rather than raw ones.

    Raises:
        GancliError: there is no such checkpoint, or it is damaged.
        UsageError: an exported generator is of another step or has other weights.
    """
    if is_export(run.folder):
        return *read_weights(run.folder, gan, step=step, ema=ema and gan.config.ema_decay > 0), None, []
    names = ("ema" if ema else "generator", "discriminator")
    notes: list[str] = []
    with run.checkpoints() as checkpoints:
        if step == "latest":
            step, items, notes = checkpoints.newest(gan, names)
        else:
            if step == "best":
                step = run.best_step(checkpoints.steps())
            items = checkpoints.restore(gan, names, int(step))
    return int(step), items[names[0]], items["discriminator"], notes
