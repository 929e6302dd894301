"""``gancli edit``: images moved along directions in latent space, and drawn again."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.errors import UsageError
from gancli.files import check_free, write_atomically
from gancli.games.inversion import onto_support
from gancli.imaging.pixels import to_uint8
from gancli.imaging.sheets import Heading, grid
from gancli.reporting import Reporter
from gancli.runs.folder import PICTURES
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw_latents, generate
from gancli.sampling.outputs import (
    STILLS,
    check_scale,
    check_sheet,
    choose_place,
    form_of_output,
    write_folder,
    write_picture,
)
from gancli.workflows.directions import FILE, Direction, Toward, find_directions, write_direction
from gancli.workflows.inference import Inverse, distances, read_for

COUNT = 8  # of samples, where no images are given
SHOWN = 10  # images of a strip, at most
STRENGTHS = np.linspace(-1, 1, 7)  # columns of a strip, as shares of what is asked for; 0 is the middle one


@dataclass(frozen=True)
class EditResult:
    """What was edited and where it lies."""

    output: Path
    saved: Path | None  # the file of the direction
    directions: tuple[Direction, ...]
    names: tuple[str, ...] | None  # of the images; None: samples were edited
    num_images: int
    shown: int  # rows of the strip; 0: none was drawn
    distance: float | None  # mean, of the images from their reconstructions, Euclidean in [0, 1] pixels
    origin: str | None  # of the encoder: played, trained or kept
    step: int
    ema: bool
    seed: int | None  # of samples
    notes: tuple[str, ...]


def edit(
    folder: Path,
    toward: Sequence[str],
    reporter: Reporter,
    *,
    source: str | None = None,
    output: Path | None = None,
    into_folder: bool = False,
    save_direction: Path | None = None,
    count: int | None = None,
    seed: int = 0,
    refine: int = 0,
    scale: int | None = None,
    step: int | str = "latest",
    ema: bool = True,
    overwrite: bool = False,
    data_dir: Path | None = None,
) -> EditResult:
    """Move the latents of images, or of samples, along directions that add up; draw what the generator makes of them.

    Along a direction of length 1 every prior has standard deviation 1, the unit of strengths. Latents stay where those
    of the prior lie: they are clipped to the cube of a uniform one, and brought back to the sphere of a spherical one.

    Args:
        folder: the run.
        toward: ``NAME=STRENGTH`` each: a class of the run's data, ``sefa:N`` (the N-th axis of the first layer), or a
            file ``.npz`` with an array ``direction`` ``[Z]``.
        reporter: receives progress.
        source: images, as ``gancli encode`` takes them; None: samples are drawn.
        output: ``.png`` or ``.webp``: a strip of strengths, by default ``pictures/edit.png`` in the folder of the run;
            ``.npz``: the edited images and their latents; a folder: a PNG for each.
        into_folder: whether any name is that of a folder.
        save_direction: an ``.npz`` of the sum of the directions.
        count: how many samples; default 8.
        seed: of the samples.
        refine: steps of gradient descent on the latents of images.
        scale: by how much images of a strip are enlarged.
        step: checkpoint of the run.
        ema: whether weights are averages.
        overwrite: whether files that exist are replaced.
        data_dir: where the data of the catalog lie.

    Raises:
        UsageError: an option is out of range or does not fit the run.
        GancliError: the run or the images cannot be read, or something cannot be written.
    """
    wanted = [Toward.parse(one) for one in toward]
    if not wanted:
        raise UsageError("nowhere to go. Give --toward CLASS=2, --toward sefa:1=2 or --toward FILE.npz=2.")
    if source is not None and count is not None:
        raise UsageError(f"-n {count} is for samples, and images are given. Leave it out.")
    if source is None and refine:
        raise UsageError(f"--refine {refine} is for latents of images. Give images, too, or leave it out.")
    for name, value, least in (("-n", count, 1), ("--refine", refine, 0)):
        if value is not None and value < least:
            raise UsageError(f"{name} must be at least {least}, got {value}.")
    check_scale(scale)
    form = form_of_output(output, into_folder=into_folder)
    if scale is not None and form not in STILLS:
        raise UsageError(f"--scale enlarges a strip, so --output must end in .png or .webp, got '{output}'.")
    output = choose_place(output, form, folder / PICTURES / "edit.png", overwrite=overwrite)
    if save_direction is not None:
        if save_direction.suffix != FILE:
            raise UsageError(f"--save-direction must end in {FILE}, got '{save_direction}'.")
        check_free(save_direction, "--save-direction", overwrite=overwrite)
    keep_compiled_programs()
    trained = Trained.load(folder, step=step, ema=ema)
    if not trained.is_images:
        raise UsageError(f"the run in '{folder}' draws points, not images. Edit images with a run on images.")
    trained.check_latents()
    inverse = cache(lambda: Inverse.of(trained, None, reporter))
    directions = find_directions(trained, wanted, inverse, data_dir, reporter)
    names, images, distance = None, None, None
    if source is None:
        latents = draw_latents(trained.pair.draws, count or COUNT, seed)
    else:
        found = read_for(trained, source, data_dir, reporter)
        names, images = found.names, found.pixels
        inferred = inverse().encode(images, refine)
        latents, distance = inferred.latents, float(distances(images, inferred.rebuilt).mean())
    way = np.sum([one.toward.strength * one.vector for one in directions], axis=0)
    if form in STILLS:
        check_sheet(scale, SHOWN * (len(STRENGTHS) + 1), trained.domain.shape)
        write_picture(output, _strip(trained, latents[:SHOWN], way, directions, images, scale))
    else:
        edited = moved(trained, latents, way)
        samples = generate(trained.pair, edited)
        if form == FILE:
            write_atomically(output, _arrays(samples, edited, names))
        else:
            write_folder(output, to_uint8(samples))
    if save_direction is not None:
        write_direction(save_direction, trained, directions, way)
    return EditResult(
        output,
        save_direction,
        directions,
        names,
        len(latents),
        min(len(latents), SHOWN) if form in STILLS else 0,
        distance,
        inverse().origin if inverse.cache_info().currsize else None,
        trained.step,
        trained.ema,
        seed if source is None else None,
        trained.notes,
    )


def moved(trained: Trained, latents: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Return latents ``[N, Z]`` moved by ``way`` ``[Z]``, where those of the prior lie; classes beside them stay."""
    config = trained.pair.draws.player.config
    z, classes = np.split(latents, [config.latent_size], axis=1)
    arrived = onto_support(config.prior)(jnp.asarray(z + way.astype(np.float32)[None]))
    return np.concatenate([np.asarray(arrived), classes], axis=1)


def _strip(
    trained: Trained,
    latents: np.ndarray,
    way: np.ndarray,
    directions: Sequence[Direction],
    images: np.ndarray | None,
    scale: int | None,
) -> np.ndarray:
    """Draw a row for each of the latents ``[N, Z]``: the image, where there is one, and all strengths."""
    ways = [latents if share == 0 else moved(trained, latents, share * way) for share in STRENGTHS]
    samples = generate(trained.pair, np.concatenate(ways))
    tiles = to_uint8(samples).reshape(len(STRENGTHS), len(latents), *samples.shape[1:]).swapaxes(0, 1)
    middle = "sample" if images is None else "reconstruction"
    headings = [[Heading(_strength(share, directions) if share else middle) for share in STRENGTHS]]
    if images is not None:
        tiles = np.concatenate([images[: len(latents), None], tiles], axis=1)
        headings = [[Heading("image")], *headings]
    return grid(tiles.reshape(-1, *samples.shape[1:]), tiles.shape[1], scale=scale, headings=headings)


def _strength(share: float, directions: Sequence[Direction]) -> str:
    """Return the heading of a column: its strength or, of several directions, its share of all of them."""
    if len(directions) > 1:
        return f"{share:+.0%}"
    toward = directions[0].toward
    return f"{share * toward.strength:+.2g} toward {Path(toward.name).name}"


def _arrays(samples: np.ndarray, latents: np.ndarray, names: Sequence[str] | None) -> bytes:
    arrays = {"samples": samples, "images": to_uint8(samples), "latents": latents}
    if names is not None:
        arrays["names"] = np.array(names)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
