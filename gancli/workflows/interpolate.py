"""``gancli interpolate``: walks through latent space (Figure 3 of Goodfellow et al. 2014)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.errors import UsageError
from gancli.imaging.pixels import to_uint8
from gancli.imaging.sheets import Heading, grid
from gancli.latents.catalog import PATHS
from gancli.latents.paths import lerp
from gancli.reporting import Reporter, Silence
from gancli.runs.folder import PICTURES
from gancli.runs.trained import Trained
from gancli.sampling.draws import check_memory, draw_latents, generate
from gancli.sampling.outputs import (
    ANIMATIONS,
    check_animation,
    check_scale,
    check_sheet,
    choose_output,
    write_animation,
    write_picture,
)
from gancli.sampling.pictures import line_picture, plane_picture
from gancli.workflows.inference import Inverse, read_one

POINTS = 2000  # samples among which walks of points are drawn


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
    output: Path | None = None,
    *,
    rows: int | None = None,
    frames: int = 10,
    path: str = "linear",
    class_name: str | None = None,
    seed: int = 0,
    step: int | str = "latest",
    ema: bool = True,
    between: tuple[str, str] | None = None,
    refine: int = 0,
    scale: int | None = None,
    overwrite: bool = False,
    data_dir: Path | None = None,
    reporter: Reporter | None = None,
) -> InterpolateResult:
    """Draw ``rows`` walks, 8 by default, of ``frames`` samples, each between two independent draws of the prior.

    With ``between`` one walk leads from the latents of one image to those of another, as `gancli encode` finds them;
    ``refine`` and ``reporter`` as there.

    A class-conditional run walks between their classes, too, along the straight line; with ``class_name`` it stays in
    that class.

    A ``.png`` has a walk a row, by default ``pictures/interpolation.png`` in the run's folder; a ``.gif``, ``.webp`` or
    ``.mp4`` shows all walks at once, there and back. Images are enlarged by ``scale``. For 1-D and 2-D data the picture
    shows where the walks lead in data space.

    Raises:
        UsageError: an option is out of range or does not fit the run.
        GancliError: the run cannot be read or the output not be written.
    """
    if between and rows is not None:
        raise UsageError(
            f"--rows {rows} does nothing with --from and --to, between which one walk leads. Leave it out."
        )
    if refine and not between:
        raise UsageError(f"--refine {refine} is for latents of images. Give --from and --to, too, or leave it out.")
    rows = 1 if between else 8 if rows is None else rows
    for name, value, least in (("rows", rows, 1), ("frames", frames, 2), ("refine", refine, 0)):
        if value < least:
            raise UsageError(f"--{name} must be at least {least}, got {value}.")
    check_scale(scale)
    if output is not None and output.suffix not in (".png", *ANIMATIONS):
        raise UsageError(f"--output must end in .png, .gif, .webp or .mp4, got '{output}'.")
    walk = PATHS[path]
    output = choose_output(output, folder / PICTURES / "interpolation.png", overwrite=overwrite)
    animated = output.suffix in ANIMATIONS
    check_animation(output)
    keep_compiled_programs()
    trained = Trained.load(folder, step=step, ema=ema)
    if trained.is_images:
        check_sheet(scale, rows if animated else rows * frames, trained.domain.shape)
    elif animated:
        raise UsageError(f"the run in '{folder}' draws points, not images: --output must end in .png.")
    elif scale is not None:
        raise UsageError(f"--scale is for images, and the run in '{folder}' draws points. Leave it out.")
    pair = trained.pair
    draws = pair.draws
    check_memory("--rows times --frames", rows * frames, draws)
    label = None if class_name is None else trained.label(class_name)
    images, ends = None, draw_latents(draws, 2 * rows, seed, label).reshape(rows, 2, 1, -1)
    if between:
        reporter = reporter or Silence()
        inverse = Inverse.of(trained, None, reporter)
        images = np.concatenate([read_one(trained, name, data_dir, reporter) for name in between])
        ends = inverse.encode(images, refine).latents.reshape(1, 2, 1, -1)
    t = np.linspace(0.0, 1.0, frames, dtype=np.float32)[:, None]
    z, classes = np.split(ends, [draws.player.config.latent_size], axis=-1)
    latents = np.concatenate([_along(walk, z, t), _along(lerp, classes, t)], axis=-1)
    samples = generate(pair, latents.reshape(rows * frames, -1))
    samples = samples.reshape(rows, frames, *pair.domain.shape)
    if not trained.is_images:
        write_picture(output, _walks_of_points(trained, samples, latents, seed))
    elif animated:
        pictures = to_uint8(samples)
        sheets = [grid(pictures[:, frame], scale=scale) for frame in range(frames)]
        write_animation(output, sheets + sheets[-2:0:-1])
    elif images is None:
        sheet = grid(to_uint8(samples.reshape(-1, *pair.domain.shape)), columns=frames, scale=scale)
        write_picture(output, sheet)
    else:
        tiles = np.concatenate([images[:1], to_uint8(samples[0]), images[1:]])
        headings = [[Heading("from")], [Heading("walk", frames)], [Heading("to")]]
        write_picture(output, grid(tiles, len(tiles), scale=scale, headings=headings))
    return InterpolateResult(output, rows, frames, path, trained.step, trained.ema, seed, trained.notes)


def _along(path: Callable[..., jax.Array], ends: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the way ``[R, T, n]`` between ends ``[R, 2, 1, n]`` at the places ``t`` ``[T, 1]``."""
    return np.asarray(path(jnp.asarray(ends[:, 0]), jnp.asarray(ends[:, 1]), jnp.asarray(t[None])))


def _walks_of_points(trained: Trained, samples: np.ndarray, latents: np.ndarray, seed: int) -> np.ndarray:
    pair = trained.pair
    title, drawn = f"walks at step {trained.step}", draw_latents(pair.draws, POINTS, seed)
    if pair.domain.shape == (1,):
        return line_picture([(title, pair)], drawn, latents.reshape(-1, latents.shape[-1]))
    return plane_picture(pair, generate(pair, drawn), title, samples)
