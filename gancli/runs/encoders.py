"""The encoder that was trained for a run's generator: ``encoder/encoder.safetensors`` in the folder of the run.

One file, which is there whole or not at all. Its metadata have how the encoder was trained, and the SHA-256 of the
generator's weights that it was trained for: of other ones it knows nothing.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gancli.data.load import digest_of
from gancli.files import write_atomically
from gancli.games.inversion import Fit
from gancli.runs.exported import leaf_names
from gancli.runs.folder import ENCODER
from gancli.training.state import Params

WEIGHTS = "encoder.safetensors"
FORMAT = "1"


def digest_of_weights(params: Params) -> str:
    """Return the SHA-256 of a network's weights, by their places in it."""
    parts = zip(leaf_names(params), jax.tree.leaves(params), strict=True)
    lines = [f"{name} {digest_of(np.atleast_1d(np.asarray(leaf)))}" for name, leaf in parts]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_encoder(run_folder: Path, encoder: Params, fit: Fit, generator: Params) -> Path:
    """Keep an encoder, in the place of one that was there, and return its file.

    Raises:
        GancliError: it cannot be written.
    """
    path = run_folder / ENCODER / WEIGHTS
    arrays = dict(zip(leaf_names(encoder), map(np.asarray, jax.tree.leaves(encoder)), strict=True))
    write_atomically(path, save(arrays, _about(fit, generator)))
    return path


def read_encoder(run_folder: Path, like: Params, fit: Fit, generator: Params) -> Params | None:
    """Return the encoder that was kept; None: there is none of this generator and these settings, or it is damaged.

    Args:
        run_folder: where it is kept.
        like: weights of the same network, whatever their values.
        fit: how it must have been trained.
        generator: the weights that it must have been trained for.
    """
    try:
        with safe_open(run_folder / ENCODER / WEIGHTS, "numpy") as file:
            if dict(file.metadata() or {}) != _about(fit, generator):
                return None
            leaves = [file.get_tensor(name) for name in leaf_names(like)]
    except (OSError, SafetensorError):
        return None
    wanted = [leaf.shape for leaf in jax.tree.leaves(like)]
    return jax.tree.unflatten(jax.tree.structure(like), leaves) if [one.shape for one in leaves] == wanted else None


def kept_fit(run_folder: Path, generator: Params) -> Fit | None:
    """Return how the encoder was trained that is kept for a generator with these weights; None: there is none."""
    try:
        with safe_open(run_folder / ENCODER / WEIGHTS, "numpy") as file:
            about = dict(file.metadata() or {})
        settings = json.loads(about["settings"])
        fit = Fit(**settings | {"widths": tuple(settings["widths"])})
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None
    return fit if about == _about(fit, generator) else None


def _about(fit: Fit, generator: Params) -> dict[str, str]:
    settings = json.dumps(dataclasses.asdict(fit), sort_keys=True)
    return {"format": FORMAT, "settings": settings, "generator": digest_of_weights(generator)}
