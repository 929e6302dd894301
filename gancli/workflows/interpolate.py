"""``gancli interpolate``: walks through latent space (Figure 3 of Goodfellow et al. 2014)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute import devices
from gancli.errors import UsageError
from gancli.files import write_atomically
from gancli.imaging import pixels as images
from gancli.latents.catalog import PATHS
from gancli.latents.paths import lerp
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw_latents, generate
from gancli.sampling.pictures import line_picture, plane_picture


@dataclass(frozen=True)
class InterpolateResult:
    """What was drawn and where it lies."""

    output: Path
    rows: int
    frames: int
    path: str
    step: int
    ema: bool
    seed: int
    notes: tuple[str, ...]


def interpolate(
    folder: Path,
    output: Path,
    *,
    rows: int = 8,
    frames: int = 10,
    path: str = "linear",
    class_name: str | None = None,
    seed: int = 0,
    step: int | str = "latest",
    ema: bool = True,
) -> InterpolateResult:
    """Draw ``rows`` walks of ``frames`` samples, each between two independent draws of the prior.

    A class-conditional run walks between their classes, too, along the straight line; with ``class_name`` it stays in
    that class.

    A ``.png`` has a walk a row; a ``.gif`` shows all walks at once, there and back. For 1-D and 2-D data the picture
    shows where the walks lead in data space.

    Raises:
        UsageError: an option is out of range or does not fit the run.
        GancliError: the run cannot be read or the output not be written.
    """
    for name, value, least in (("rows", rows, 1), ("frames", frames, 2)):
        if value < least:
            raise UsageError(f"--{name} must be at least {least}, got {value}.")
    if output.suffix not in (".png", ".gif"):
        raise UsageError(f"--output must end in .png or .gif, got '{output}'.")
    walk = PATHS[path]
    devices.keep_compiled_programs()
    trained = Trained.load(folder, step=step, ema=ema)
    if not trained.is_images and output.suffix == ".gif":
        raise UsageError(f"the run in '{folder}' draws points, not images: --output must end in .png.")
    pair = trained.pair
    draws = pair.draws
    label = None if class_name is None else trained.label(class_name)
    ends = draw_latents(draws, 2 * rows, seed, label).reshape(rows, 2, 1, -1)
    t = np.linspace(0.0, 1.0, frames, dtype=np.float32)[:, None]
    z, classes = np.split(ends, [draws.player.config.latent_size], axis=-1)
    latents = np.concatenate([_along(walk, z, t), _along(lerp, classes, t)], axis=-1)
    samples = generate(pair, latents.reshape(rows * frames, -1))
    samples = samples.reshape(rows, frames, *pair.domain.shape)
    if not trained.is_images:
        write_atomically(output, _walks_of_points(trained, samples, latents, seed))
    elif output.suffix == ".gif":
        pictures = images.to_uint8(samples)
        sheets = [images.grid(pictures[:, frame]) for frame in range(frames)]
        write_atomically(output, images.gif_bytes(sheets + sheets[-2:0:-1]))
    else:
        sheet = images.grid(images.to_uint8(samples.reshape(-1, *pair.domain.shape)), columns=frames)
        write_atomically(output, images.png_bytes(sheet))
    return InterpolateResult(output, rows, frames, path, trained.step, trained.ema, seed, trained.notes)


def _along(path: Callable[..., jax.Array], ends: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the way ``[R, T, n]`` between ends ``[R, 2, 1, n]`` at the places ``t`` ``[T, 1]``."""
    return np.asarray(path(jnp.asarray(ends[:, 0]), jnp.asarray(ends[:, 1]), jnp.asarray(t[None])))


def _walks_of_points(trained: Trained, samples: np.ndarray, latents: np.ndarray, seed: int) -> bytes:
    pair = trained.pair
    if pair.domain.shape == (1,):
        return line_picture([(f"step {trained.step}", pair)], latents.reshape(-1, latents.shape[-1]))
    background = generate(pair, draw_latents(pair.draws, 2000, seed))
    return plane_picture(pair, background, samples)
