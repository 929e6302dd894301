"""An exported generator, or translators: ``config.json``, weights, and whatever is made of them for other programs.

The weights of one step of a run, averaged or raw, by their place in the network (``layers.0.kernel``); statistics of
batch normalization as ``standing.0`` and so on, means over variances. The step is in the file's metadata.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gancli.errors import GancliError, UsageError
from gancli.files import write_atomically
from gancli.games.pair import GENERATOR, NormStatistics
from gancli.games.translates import ways_of
from gancli.training.game import Game, layout
from gancli.training.state import Params

WEIGHTS, TRANSLATORS = "generator.safetensors", "translators.safetensors"


def is_export(folder: Path) -> bool:
    """Return whether a folder holds an exported generator or translators rather than a run."""
    return any((folder / name).is_file() for name in (WEIGHTS, TRANSLATORS))


def leaf_names(params: Params) -> list[str]:
    """Return the places of a network's weights in it, in order: ``layers.0.kernel``."""
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    return [".".join(str(getattr(part, "key", getattr(part, "idx", part))) for part in path) for path in paths]


def write_weights(path: Path, generator: Params, standing: NormStatistics, step: int, *, ema: bool) -> None:
    """Write a generator's weights.

    Raises:
        GancliError: they cannot be written.
    """
    arrays = _by_name(generator) | {f"standing.{place}": np.asarray(part) for place, part in enumerate(standing or [])}
    _write(path, arrays, step, ema=ema)


def write_translators(path: Path, weights: Mapping[str, Params], step: int, *, ema: bool) -> None:
    """Write the weights of translators by the names of their players: ``generator_ab.first.kernel``.

    Raises:
        GancliError: they cannot be written.
    """
    arrays = {f"{name}.{leaf}": array for name, own in weights.items() for leaf, array in _by_name(own).items()}
    _write(path, arrays, step, ema=ema)


def _by_name(params: Params) -> dict[str, np.ndarray]:
    return dict(zip(leaf_names(params), map(np.asarray, jax.tree.leaves(params)), strict=True))


def _write(path: Path, arrays: dict[str, np.ndarray], step: int, *, ema: bool) -> None:
    about = {"format": "flax", "step": str(step), "weights": "averaged" if ema else "raw"}
    write_atomically(path, save(arrays, about))


def read_weights(folder: Path, game: Game, *, step: int | str, ema: bool) -> tuple[int, dict[str, Params]]:
    """Read an exported generator or translators: the step, and weights by player.

    Raises:
        UsageError: another step or kind of weights is asked for than it holds.
        GancliError: the file is damaged, or of other networks than ``config.json`` describes.
    """
    ways = ways_of(game)
    path = folder / (TRANSLATORS if ways else WEIGHTS)
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
    players = {way.player.name: f"{way.player.name}." for way in ways} if ways else {GENERATOR: ""}
    params = layout(game).params
    return found, {name: _from(arrays, params[name], prefix, path) for name, prefix in players.items()}


def _from(arrays: dict[str, Any], wanted: Params, prefix: str, path: Path) -> Params:
    """Return the weights of a network like ``wanted``, whose names begin with ``prefix``."""
    names, leaves = [f"{prefix}{name}" for name in leaf_names(wanted)], jax.tree.leaves(wanted)
    if any(name not in arrays or arrays[name].shape != leaf.shape for name, leaf in zip(names, leaves, strict=True)):
        raise GancliError(f"'{path}' is of other networks than config.json describes.")
    for name, leaf in zip(names, leaves, strict=True):
        if arrays[name].dtype != leaf.dtype:
            raise GancliError(f"'{path}' holds {name} as {arrays[name].dtype}. Convert its weights to {leaf.dtype}.")
    return jax.tree.unflatten(jax.tree.structure(wanted), [arrays[name] for name in names])
