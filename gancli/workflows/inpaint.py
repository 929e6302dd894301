"""``gancli inpaint``: what a generator puts into hidden parts of images, several answers to each question."""

import io
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.data.images.framed import read_framed
from gancli.errors import UsageError
from gancli.files import write_atomically
from gancli.games.masks import MASKS
from gancli.imaging.pixels import to_uint8
from gancli.imaging.sheets import Heading, grid
from gancli.metrics.completion import spreads
from gancli.registry import suggestion
from gancli.reporting import Reporter
from gancli.runs.folder import PICTURES
from gancli.runs.trained import Trained
from gancli.sampling.completions import complete, draw_mask, project
from gancli.sampling.outputs import STILLS, check_scale, check_sheet, choose_output, write_picture
from gancli.workflows.inference import read_for

SHOWN = 10  # images of a sheet
HIDDEN = 128  # shade of what is hidden, and from which on a pixel of a mask's file hides


@dataclass(frozen=True)
class InpaintResult:
    """What was drawn and where it lies."""

    output: Path
    names: tuple[str, ...]  # of the images
    answers: int  # to each question
    mask: str
    observed: float  # share of the pixels that is observed
    method: str  # "completion": the run's generator answers; "projection": answers are looked for among its samples
    spread: float | None  # mean distance of two answers to a question, in [0, 1] pixels; None: there is one answer
    distance: float | None  # of projections from what is observed, before it was put in; None: of no projection
    step: int
    ema: bool
    seed: int
    notes: tuple[str, ...]


def inpaint(
    folder: Path,
    source: str,
    mask: str,
    output: Path | None,
    reporter: Reporter,
    *,
    count: int = 8,
    seed: int = 0,
    step: int | str = "latest",
    ema: bool = True,
    scale: int | None = None,
    overwrite: bool = False,
    data_dir: Path | None = None,
) -> InpaintResult:
    """Complete images of which a part is hidden, and write questions and answers.

    A run of the game of completion draws its answers. Of another run they are looked for among its samples, see
    :func:`gancli.sampling.completions.project`. Observed pixels stay as they are.

    Args:
        folder: the run.
        source: a folder, a ``.zip``, an ``.npz``, one image, or a data set or a split of it, ``mnist/test``.
        mask: a name of the catalog, or an image, white where pixels are hidden.
        output: ``.png`` or ``.webp``: a sheet of the first 10 images; ``.npz``: ``answers`` float32
            ``[N, n, H, W, C]`` in [0, 1], ``images`` uint8, ``observed`` bool ``[N, H, W]`` and ``names``, of all
            images. Default: ``pictures/completions.png`` in the folder of the run.
        reporter: receives progress.
        count: of answers to each question.
        seed: of the latents, and of masks that are random.
        step: checkpoint of the run.
        ema: whether weights are averages.
        scale: by how much images of a sheet are enlarged.
        overwrite: whether a file that exists is replaced.
        data_dir: where the data of the catalog lie.

    Raises:
        UsageError: an option is out of range or does not fit the run.
        GancliError: the run or the images cannot be read, or the output not be written.
    """
    if count < 1:
        raise UsageError(f"-n must be at least 1, got {count}.")
    check_scale(scale)
    kind = ".png" if output is None else output.suffix
    if kind not in (*STILLS, ".npz"):
        raise UsageError(f"--output must end in .png, .webp or .npz, got '{output}'.")
    if scale is not None and kind == ".npz":
        raise UsageError(f"--scale enlarges a sheet, so --output must end in .png or .webp, got '{output}'.")
    output = choose_output(output, folder / PICTURES / "completions.png", overwrite=overwrite)
    keep_compiled_programs()
    trained = Trained.load(folder, step=step, ema=ema)
    if not trained.is_images:
        raise UsageError(f"the run in '{folder}' draws points, not images. Complete images with a run on images.")
    if trained.domain.num_classes:
        raise UsageError(f"the run in '{folder}' is class-conditional, and images to complete have no classes here.")
    given = read_for(trained, source, data_dir, reporter)
    names, images = given.names, given.pixels
    if kind != ".npz":
        names, images = names[:SHOWN], images[:SHOWN]
        check_sheet(scale, len(images) * (count + 2), trained.domain.shape)
    observed = _masks(trained, mask, len(images), seed)
    distance = None
    if trained.pair.draws.questions:
        answers = complete(trained.pair, images, observed, count, seed)
    else:
        watch = partial(reporter.advance, "projection")
        answers, apart = project(trained.pair, images, observed, count, seed, watch=watch)
        distance = float(apart.mean())
    if kind == ".npz":
        write_atomically(output, _arrays(names, images, observed, answers))
    else:
        write_picture(output, _sheet(images, observed, answers, scale))
    flat = answers.reshape(len(images), count, -1)
    return InpaintResult(
        output,
        names,
        count,
        mask,
        float(observed.mean()),
        "projection" if distance is not None else "completion",
        float(spreads(flat).mean()) if count > 1 else None,
        distance,
        trained.step,
        trained.ema,
        seed,
        trained.notes,
    )


def _masks(trained: Trained, mask: str, count: int, seed: int) -> np.ndarray:
    """Return masks float32 ``[N, H, W, 1]``, 1 where an image is observed: of a name, or one file for all images."""
    if mask in MASKS:
        return draw_mask(mask, trained.domain, count, seed)
    path = Path(mask)
    if not path.suffix and "/" not in mask and not path.exists():
        raise UsageError(
            f"unknown mask '{mask}'.{suggestion(mask, list(MASKS))} Known: {', '.join(MASKS)}, or an image, FILE.png."
        )
    config = trained.game.config
    found, files, _ = read_framed(path, (*trained.domain.shape[:2], 1), config.crop, config.max_pixels)
    if len(found) > 1:
        raise UsageError(f"--mask '{mask}' holds {len(found)} images. Give one.")
    hidden = files >= HIDDEN
    if not hidden.any():
        raise UsageError(f"--mask '{mask}' hides nothing: no pixel of it is white. Paint white what is to be hidden.")
    return np.repeat(np.where(hidden, 0.0, 1.0).astype(np.float32), count, axis=0)


def _arrays(names: tuple[str, ...], images: np.ndarray, observed: np.ndarray, answers: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        allow_pickle=False,
        answers=answers,
        images=images,
        observed=observed[..., 0] > 0,
        names=np.array(names),
    )
    return buffer.getvalue()


def _sheet(images: np.ndarray, observed: np.ndarray, answers: np.ndarray, scale: int | None) -> np.ndarray:
    """Draw a row for each image: the image, the question, and the answers."""
    count = answers.shape[1]
    questions = np.where(observed > 0, images, np.uint8(HIDDEN))
    tiles = np.concatenate([images[:, None], questions[:, None], to_uint8(answers)], axis=1)
    headings = [[Heading("image")], [Heading("question")], [Heading("answers", count)]]
    return grid(tiles.reshape(-1, *images.shape[1:]), count + 2, scale=scale, headings=headings)
