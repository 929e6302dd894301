"""``gancli sample``: draws from a generator as a grid, as arrays, or as files."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.data.class_names import as_labels
from gancli.errors import UsageError
from gancli.files import write_atomically
from gancli.games.pair import Pair
from gancli.imaging.pixels import to_uint8, to_unit
from gancli.imaging.sheets import Heading, grid
from gancli.metrics.neighbors import nearest as nearest_rows
from gancli.reporting import Reporter, Silence
from gancli.runs.folder import PICTURES
from gancli.runs.trained import Trained
from gancli.sampling.draws import Drawing, check_memory, draw, draw_codes, draw_every_class, draw_latents, generate
from gancli.sampling.outputs import (
    STILLS,
    check_scale,
    check_sheet,
    choose_place,
    form_of_output,
    write_folder,
    write_picture,
)
from gancli.sampling.pictures import class_headings, line_picture, picture
from gancli.workflows.rejection import rejection

STAGES = 4  # panels of Figure 1
POINTS = 5000  # samples behind its densities, at least


@dataclass(frozen=True)
class SampleResult:
    """What was drawn and where it lies."""

    output: Path
    num_samples: int
    step: int  # of the checkpoint
    ema: bool
    seed: int
    notes: tuple[str, ...]
    truncation: float | None  # of the latents; None: the whole prior
    looked_at: int | None  # samples of which the discriminator let these pass; None: it was not asked


def sample(
    folder: Path,
    output: Path | None = None,
    *,
    count: int = 64,
    seed: int = 0,
    step: int | str = "latest",
    ema: bool = True,
    nearest: bool = False,
    class_name: str | None = None,
    class_balanced: bool = False,
    code: int | None = None,
    truncation: float | None = None,
    reject: bool = False,
    into_folder: bool = False,
    scale: int | None = None,
    overwrite: bool = False,
    data_dir: Path | None = None,
    reporter: Reporter | None = None,
) -> SampleResult:
    """Draw ``count`` samples of a run and write them to ``output``, by default ``pictures/samples.png`` in its folder.

    A class-conditional run draws every class as often as it is among its data; with ``class_name`` that class alone,
    with ``class_balanced`` one of each class in turn, in a grid a column each. In a grid of a run with codes, one
    code changes along each row: the first one or ``code``, counted from 1. Other outputs draw all codes at random.

    With a ``truncation`` no component of a latent is beyond plus or minus that; with ``reject`` the samples are those
    that the discriminator lets pass, and ``reporter`` receives progress.

    ``.png`` and ``.webp`` are one picture, of images enlarged by ``scale``. ``.npz`` holds the arrays ``samples``
    (float32, as generated), ``latents``, for images ``images`` (uint8) and for a class-conditional run ``labels``
    (int32) and ``class_names``, of which ``class_names[labels]`` are the samples' classes. A name without an ending,
    one that is a folder already and, with ``into_folder``, any other is a folder with a PNG for each image.

    Raises:
        UsageError: an option does not fit the output or the run.
        GancliError: the run cannot be read or the output not be written; nothing is left half-written.
    """
    if count < 1:
        raise UsageError(f"-n must be at least 1, got {count}.")
    if class_name is not None and class_balanced:
        raise UsageError("--class and --class-balanced exclude each other.")
    if truncation is not None and reject:
        raise UsageError("--truncation and --reject exclude each other. Leave one of them out.")
    check_scale(scale)
    kind = form_of_output(output, into_folder=into_folder)
    if code is not None and reject:
        raise UsageError("--code and --reject exclude each other: rejection leaves no rows. Leave one of them out.")
    for what, given in (
        ("--nearest adds a column to a grid", nearest),
        ("--scale enlarges a grid", scale),
        ("--code draws a grid", code is not None),
    ):
        if given and kind not in STILLS:
            raise UsageError(f"{what}, so --output must end in .png or .webp, got '{output}'.")
    output = choose_place(output, kind, folder / PICTURES / "samples.png", overwrite=overwrite)
    keep_compiled_programs()
    trained = Trained.load(folder, step=step, ema=ema)
    if not trained.is_images and (nearest or kind == ""):
        raise UsageError(f"the run in '{folder}' draws points, not images: --output must end in .png, .webp or .npz.")
    check_memory("-n", count, trained.pair.draws)
    if trained.is_images:
        check_sheet(scale, count, trained.domain.shape)
    elif scale is not None:
        raise UsageError(f"--scale is for images, and the run in '{folder}' draws points. Leave it out.")
    if class_balanced:
        trained.check_conditional()
    label = None if class_name is None else trained.label(class_name)
    pair, looked_at = trained.pair, None
    plain = truncation is None and not reject
    drawn = count if plain or kind == ".npz" or pair.domain.shape != (1,) else max(count, POINTS)
    if code is not None and not pair.draws.codes.kinds:
        raise UsageError(f"--code {code} is for a run with --game infogan, and that in '{folder}' has no codes.")
    if class_balanced:
        drawing = draw_every_class(pair, count, seed, truncation)
    elif trained.is_images and pair.draws.codes.kinds and kind in STILLS and not reject:
        drawing = draw_codes(pair, count, seed, 0 if code is None else code - 1, truncation)
    elif reject:
        found = rejection(trained, seed, data_dir, reporter or Silence())(drawn)
        drawing, looked_at = Drawing(generate(pair, found.latents), found.latents), found.drawn
    else:
        drawing = draw(pair, drawn, seed, label, truncation)
    class_names = tuple(trained.run.record.data.classes or {})
    if kind == ".npz":
        write_atomically(output, _arrays(drawing, trained))
    elif kind == "":
        places = _classes_drawn(drawing, trained)
        names = [] if places is None else np.array(class_names)[places].tolist()
        write_folder(output, to_uint8(drawing.samples), names)
    elif nearest:
        write_picture(output, _grid_with_nearest(trained, drawing, class_names, scale, data_dir))
    elif trained.domain.shape == (1,) and plain:
        write_picture(output, _figure_1(trained, max(count, POINTS), seed, ema=ema))
    else:
        title = f"step {trained.step}"
        write_picture(output, picture(pair, drawing, title, class_names=class_names, scale=scale))
    notes = trained.notes
    return SampleResult(output, len(drawing.latents), trained.step, trained.ema, seed, notes, truncation, looked_at)


def _arrays(drawing: Drawing, trained: Trained) -> bytes:
    more = {"images": to_uint8(drawing.samples)} if trained.is_images else {}
    if (places := _classes_drawn(drawing, trained)) is not None:
        labels, names = as_labels(tuple(trained.run.record.data.classes or {}))
        more |= {"labels": labels[places], "class_names": names}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, samples=drawing.samples, latents=drawing.latents, **more)
    return buffer.getvalue()


def _classes_drawn(drawing: Drawing, trained: Trained) -> np.ndarray | None:
    """Return the places ``[N]`` of the samples' classes among the run's; None where it is not class-conditional."""
    size = trained.pair.draws.player.config.latent_size
    return drawing.latents[:, size:].argmax(axis=1) if trained.run.record.data.classes else None


def _figure_1(trained: Trained, count: int, seed: int, *, ema: bool) -> np.ndarray:
    """Draw 1-D data at up to four stages of training: checkpoints spread evenly up to the one asked for."""
    latents = draw_latents(trained.pair.draws, count, seed)
    stages: list[tuple[str, Pair]] = []
    for step in _stages(trained):
        at = trained if step == trained.step else Trained.load(trained.run.folder, step=step, ema=ema)
        stages.append((f"step {step}", at.pair))
    return line_picture(stages, latents)


def _stages(trained: Trained) -> list[int]:
    with trained.run.checkpoints() as checkpoints:
        steps = [step for step in checkpoints.steps() if step <= trained.step]
    return [steps[round(place)] for place in np.linspace(0, len(steps) - 1, min(STAGES, len(steps)))]


def _comparable(trained: Trained, pictures: np.ndarray) -> np.ndarray:
    """Return images in [0, 1] as flat vectors, each with the run's contrast where it normalizes that."""
    contrast = trained.domain.contrast
    pictures = pictures if contrast is None else contrast.apply(pictures)
    return pictures.reshape(len(pictures), -1)


def _grid_with_nearest(
    trained: Trained, drawing: Drawing, class_names: Sequence[str], scale: int | None, data_dir: Path | None
) -> np.ndarray:
    """Draw a grid whose rightmost column is the training example nearest to its left neighbor (Figure 2)."""
    dataset = trained.load_data(data_dir, cure="or leave out --nearest")
    count = len(drawing.samples)
    columns = drawing.columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    shape = trained.domain.shape
    pictures = to_uint8(drawing.samples)
    last = np.minimum(np.arange(1, rows + 1) * columns, count) - 1  # the last sample of each row
    ends, data = (_comparable(trained, x) for x in (drawing.samples[last], to_unit(dataset.examples)))
    _, closest = nearest_rows(ends, data)
    tiles = np.zeros((rows, columns + 1, *shape), np.uint8)
    for row in range(rows):
        part = pictures[row * columns : (row + 1) * columns]
        tiles[row, : len(part)] = part
        tiles[row, columns] = dataset.examples[closest[row, 0]]
    drawn = class_headings(trained.pair, drawing, class_names) or ([Heading("samples", columns)],)
    headings = (*drawn, [Heading("nearest training image")])
    return grid(tiles.reshape(-1, *shape), columns + 1, scale=scale, headings=headings)
