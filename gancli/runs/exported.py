"""An exported generator: ``config.json``, ``generator.safetensors`` and whatever is made of them for other programs.

The weights of one step of a run, averaged or raw, by their place in the network (``layers.0.kernel``); statistics of
batch normalization as ``standing.0`` and so on, means over variances. The step is in the file's metadata.
"""

from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gancli.errors import GancliError, UsageError
from gancli.files import write_atomically
from gancli.games.pair import GENERATOR, NormStatistics
from gancli.training.game import Game, layout
from gancli.training.state import Params

WEIGHTS = "generator.safetensors"


def is_export(folder: Path) -> bool:
    """Return whether a folder holds an exported generator rather than a run."""
    return (folder / WEIGHTS).is_file()


def leaf_names(params: Params) -> list[str]:
    """Return the places of a network's weights in it, in order: ``layers.0.kernel``."""
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    return [".".join(str(getattr(part, "key", getattr(part, "idx", part))) for part in path) for path in paths]


def write_weights(path: Path, generator: Params, standing: NormStatistics, step: int, *, ema: bool) -> None:
    """Write a generator's weights.

    Raises:
        GancliError: they cannot be written.
    """
    arrays = dict(zip(leaf_names(generator), map(np.asarray, jax.tree.leaves(generator)), strict=True))
    arrays |= {f"standing.{place}": np.asarray(part) for place, part in enumerate(standing or [])}
    about = {"format": "flax", "step": str(step), "weights": "averaged" if ema else "raw"}
    write_atomically(path, save(arrays, about))


def read_weights(folder: Path, game: Game, *, step: int | str, ema: bool) -> tuple[int, Params]:
    """Read an exported generator: its step and its weights.

    Raises:
        UsageError: another step or kind of weights is asked for than it holds.
        GancliError: the file is damaged, or of other networks than ``config.json`` describes.
    """
    path = folder / WEIGHTS
    try:
        with safe_open(path, "numpy") as file:
            about = dict(file.metadata() or {})
            arrays: dict[str, Any] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found = int(about["step"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        raise GancliError(f"'{path}' is damaged, or not gancli's.") from None
    if step not in ("latest", found):
        raise UsageError(f"--step {step}: '{folder}' was exported, and holds step {found} alone.")
    if about.get("weights") != ("averaged" if ema else "raw"):
        raise UsageError(f"'{folder}' was exported with {about.get('weights')} weights; it has no others.")
    wanted = layout(game).params[GENERATOR]
    names, leaves = leaf_names(wanted), jax.tree.leaves(wanted)
    if any(name not in arrays or arrays[name].shape != leaf.shape for name, leaf in zip(names, leaves, strict=True)):
        raise GancliError(f"'{path}' is of other networks than config.json describes.")
    for name, leaf in zip(names, leaves, strict=True):
        if arrays[name].dtype != leaf.dtype:
            raise GancliError(f"'{path}' holds {name} as {arrays[name].dtype}. Convert its weights to {leaf.dtype}.")
    return found, jax.tree.unflatten(jax.tree.structure(wanted), [arrays[name] for name in names])
