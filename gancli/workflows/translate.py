"""``gancli translate``: images of one domain turned into images of the other, each of its own size and name.

Or into images of the classes of one domain.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gancli.compute import hosts
from gancli.compute.blocks import each
from gancli.compute.programs import keep_compiled_programs
from gancli.data.images.decode import MAX_PIXELS, check_pixels, decode, frame
from gancli.data.images.find import ImageFile
from gancli.data.images.framed import one_or_more
from gancli.errors import GancliError, UsageError
from gancli.evaluation.likeness import Likeness, read_likeness
from gancli.files import write_atomically
from gancli.games.translates import Translators
from gancli.imaging.heat import heated
from gancli.imaging.pixels import jpeg_bytes, png_bytes, to_uint8, webp_bytes
from gancli.imaging.sheets import Heading, grid, tile
from gancli.reporting import Reporter, number_of
from gancli.runs.folder import LIKENESS, PICTURES
from gancli.runs.trained import Trained
from gancli.sampling.outputs import STILLS, choose_output, write_picture
from gancli.sampling.whole_or_tiled import WholeOrTiled
from gancli.workflows.answers import Answer, asked, check_attends

SHOWN, GROUPS = 30, 3  # images of a sheet, and how many stand in a row
TILE = 128  # pixels of an image on a sheet, at most
NAMED = 3  # images that a message names
BLOCK = 200  # images that are compared with those of training at a time, and kept until then
EXPECTED = 0.1  # share of images that are unlike those of training by chance: twice that of images held out
# Formats in which a translation is written, by the ending of the image's name; others become PNG.
FORMATS: dict[str, Callable[[np.ndarray], bytes]] = {
    ".png": png_bytes,
    ".jpg": jpeg_bytes,
    ".jpeg": jpeg_bytes,
    ".webp": lambda image: webp_bytes([image]),
}


@dataclass(frozen=True)
class Translation:
    """One image."""

    name: str
    outputs: tuple[Path, ...]  # one for each answer; empty: nothing was to be written
    attention: Path | None  # where the translator looks; None: nothing was to be written
    size: tuple[int, int] | None  # width and height; None: it was skipped
    unlike: float | None = None  # above 1: farther from the training images than images held out; None: not known


@dataclass(frozen=True)
class TranslateResult:
    """What was translated and where it lies."""

    way: tuple[str, str]  # names of the domains, from and to
    output: Path | None  # folder of the translations
    sheet: Path | None
    images: tuple[Translation, ...]
    broken: dict[str, str]  # images that cannot be read, and why
    step: int
    ema: bool
    notes: tuple[str, ...]

    @property
    def skipped(self) -> int:
        """How many images had been translated before."""
        return sum(one.size is None for one in self.images)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON result."""
        images = [
            {"name": one.name}
            | ({"output": str(one.outputs[0])} if one.outputs else {})
            | ({"answers": [str(path) for path in one.outputs]} if len(one.outputs) > 1 else {})
            | ({"attention": str(one.attention)} if one.attention else {})
            | ({"width": one.size[0], "height": one.size[1]} if one.size else {"skipped": True})
            | ({"unlike": round(one.unlike, 3)} if one.unlike is not None else {})
            for one in self.images
        ]
        return {
            "from": self.way[0],
            "to": self.way[1],
            "output": str(self.output) if self.output else None,
            "sheet": str(self.sheet) if self.sheet else None,
            "images": images,
            "broken": self.broken,
            "step": self.step,
            "ema": self.ema,
        }


def translate(
    folder: Path,
    source: Path,
    to: str | None,
    output: Path | None,
    reporter: Reporter,
    *,
    answers: int = 1,
    attention: bool = False,
    sheet: Path | None = None,
    skip_existing: bool = False,
    overwrite: bool = False,
    step: int | str = "latest",
    ema: bool = True,
    max_pixels: int = MAX_PIXELS,
) -> TranslateResult:
    """Translate images by a run; of the data that it was trained on nothing is read.

    A translation has the size, the transparency and the name of its image, upright. Sides that the network cannot take
    are padded by reflection, and the padding is cut off again.

    Args:
        folder: the run.
        source: a folder, a ``.zip``, an ``.npz``, an ``.npy``, or one image.
        to: the domain of the translations: A, B, or what the run calls it; None: the only one that it translates to.
            Of a run that translates to classes: one of these, or all.
        output: a folder; None: only the sheet is written.
        reporter: receives progress.
        answers: to each image, of a run whose translator has noise.
        attention: also write where the translator looks, of a run whose translator has attention.
        sheet: a picture of images and translations; None: ``pictures/translated.png`` in the folder of the run.
        skip_existing: leave out images whose translation is there already.
        overwrite: replace files that exist.
        step: checkpoint of the run.
        ema: whether weights are averages.
        max_pixels: of one image.

    Raises:
        UsageError: an option is wrong, or the run translates nothing.
        GancliError: the run cannot be read, no image can, or something cannot be written.
    """
    if skip_existing and overwrite:
        raise UsageError("--skip-existing and --overwrite exclude each other.")
    if answers < 1:
        raise UsageError(f"-n must be at least 1, got {answers}.")
    if skip_existing and output is None:
        raise UsageError("--skip-existing is for the files in --output DIR. Give it, too.")
    if sheet is not None and sheet.suffix not in STILLS:
        raise UsageError(f"--sheet must end in .png or .webp, got '{sheet}'.")
    if sheet is not None:
        _check_outside(sheet, "--sheet", source)
    keep_compiled_programs()
    trained = Trained.load(folder, step=step, ema=ema)
    translators = Translators.of(trained.game, trained.weights)
    begins, ways, wanted = asked(to, trained, translators, answers)
    if attention:
        check_attends(translators.ways[begins])
        wanted.append(Answer("attention", "-attention", looks=True))
    sheet = choose_output(sheet, folder / PICTURES / "translated.png", overwrite=overwrite, option="--sheet")
    files = one_or_more(source)
    outputs = _outputs(files, source, output, [one.suffix for one in wanted])
    skipped = [skip_existing and all(path.exists() for path in paths) for paths in outputs]
    taken = next((path for paths in outputs for path in paths if path.exists()), None)
    if taken and not (skip_existing or overwrite):
        raise GancliError(
            f"'{taken}' exists. Leave such files as they are with --skip-existing, replace them "
            f"with --overwrite, or choose another --output."
        )
    likeness = read_likeness(folder / LIKENESS, translators.ways[begins].source.name)
    side = likeness.side if likeness else None
    framing = _Framing(trained.game.config.crop, side, max_pixels)
    translator = WholeOrTiled(translators.ways[begins], translators.weights[begins])
    finished, drawable = itertools.count(1), itertools.count()

    def work(number: int) -> _Done:
        found = _Done()
        if not skipped[number]:
            found = _translated(translator, files[number], outputs[number], wanted, framing)
        reporter.advance("translating", next(finished), len(files))
        # Of several devices one may be ahead: more rows are kept than are shown.
        return found if found.row and next(drawable) < 2 * SHOWN else replace(found, row=())

    found: list[_Done] = []
    for start in range(0, len(files), BLOCK):
        numbers = range(start, min(start + BLOCK, len(files)))
        found += _compared(each(lambda place, numbers=numbers: work(numbers[place]), len(numbers)), likeness)
    translator.tell(reporter)
    broken = {one.name: done.broken for one, done in zip(files, found, strict=True) if done.broken is not None}
    _tell_broken(source, broken, len(files), reporter)
    done = [
        Translation(files[number].name, *_divided(outputs[number], wanted), one.size, one.unlike)
        for number, one in enumerate(found)
        if one.broken is None
    ]
    _tell_unlike(done, ways[0], reporter)
    rows = [one.row for one in found if one.row][:SHOWN]
    if rows and hosts.leads():
        write_picture(sheet, _sheet(rows, ways[0], wanted))
    drawn = sheet if rows else None
    return TranslateResult(ways, output, drawn, tuple(done), broken, trained.step, trained.ema, trained.notes)


@dataclass(frozen=True)
class _Framing:
    """How images are read."""

    crop: str  # of those that are compared with the training images
    side: int | None  # of these, in pixels; None: nothing is compared
    max_pixels: int


@dataclass(frozen=True)
class _Done:
    """What was made of an image; nothing of one that was skipped."""

    size: tuple[int, int] | None = None  # width and height
    broken: str | None = None  # why it cannot be read
    row: tuple[np.ndarray, ...] = ()  # of the sheet: the image and its translations
    framed: np.ndarray | None = None  # as images of training were framed, until it is compared with them
    unlike: float | None = None  # see :class:`Translation`


def _compared(found: Sequence[_Done], likeness: Likeness | None) -> list[_Done]:
    """Return images with how unlike those of training they are, in the place of what that is asked of."""
    framed = [one.framed for one in found if one.framed is not None]
    if likeness is None or not framed:
        return list(found)
    ratios = iter(likeness.ratios(np.stack(framed)).tolist())
    return [one if one.framed is None else replace(one, framed=None, unlike=next(ratios)) for one in found]


def _translated(
    translator: WholeOrTiled, one: ImageFile, paths: Sequence[Path], wanted: Sequence[Answer], framing: _Framing
) -> _Done:
    """Translate an image, and write what came out.

    Raises:
        GancliError: it cannot be written.
    """
    try:
        image, alpha = _read(one, translator.channels, framing.max_pixels)
    except (OSError, GancliError) as error:
        return _Done(broken=str(getattr(error, "strerror", None) or error))
    height, width, _ = image.shape
    padded = _padded(image, translator.multiple, translator.smallest)
    made = [_answered(translator, padded, answer)[:height, :width] for answer in wanted]
    found = [
        to_uint8(heated(image, one[..., 0]) if answer.looks else one) for one, answer in zip(made, wanted, strict=True)
    ]
    for path, answer in zip(paths, found, strict=False):
        write_atomically(path, FORMATS[path.suffix.lower()](_with_alpha(answer, alpha)))
    framed = None
    if framing.side:
        channels = {1: "L", 3: "RGB", 4: "RGBA"}[image.shape[-1]]
        square = Image.fromarray(image.squeeze(-1) if channels == "L" else image)
        framed = frame(square, framing.side, framing.crop)
    return _Done((width, height), None, (image, *found), framed)


def _answered(translator: WholeOrTiled, image: np.ndarray, wanted: Answer) -> np.ndarray:
    if wanted.looks:
        return translator.attention(image)
    return translator(image, seed=wanted.seed, label=wanted.label)


def _divided(paths: tuple[Path, ...], wanted: Sequence[Answer]) -> tuple[tuple[Path, ...], Path | None]:
    """Return the files of translations, and that of where the translator looks, if any."""
    if paths and wanted[-1].looks:
        return paths[:-1], paths[-1]
    return paths, None


def _outputs(
    files: Sequence[ImageFile], source: Path, output: Path | None, suffixes: Sequence[str]
) -> list[tuple[Path, ...]]:
    """Return where the translations of each image go, in the same format if it is one of ``FORMATS``.

    Its name gets the suffix of each.
    """
    if output is None:
        return [()] * len(files)
    place, images = output.resolve(), source.resolve() if source.is_dir() else source.resolve().parent
    if place == images:
        raise UsageError(f"--output '{output}' is where the images lie. Choose another folder.")
    _check_outside(output, "--output", source)
    if output.is_file():
        raise UsageError(f"--output '{output}' is a file. Choose a folder.")
    kept = [Path(one.name).suffix.lower() in FORMATS for one in files]
    paths = [output / (one.name if keeps else f"{one.name}.png") for one, keeps in zip(files, kept, strict=True)]
    outputs = [tuple(path.with_stem(f"{path.stem}{suffix}") for suffix in suffixes) for path in paths]
    twice = next((path for path, count in Counter(itertools.chain(*outputs)).items() if count > 1), None)
    if twice:
        raise UsageError(f"two of the images in '{source}' would be written to '{twice}'. Rename one of them.")
    return outputs


def _check_outside(place: Path, option: str, source: Path) -> None:
    """Raise a UsageError if what is written lies in the folder of the images."""
    if source.is_dir() and source.resolve() in place.resolve().parents:
        raise UsageError(
            f"{option} '{place}' is inside of '{source}': the next call would translate what lies there, too. Choose a "
            f"place outside of it."
        )


def _read(one: ImageFile, channels: int, max_pixels: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return an image ``[H, W, C]`` uint8, upright and on white, and its opacity ``[H, W, 1]`` if it has any."""
    content = one.read()
    image = one.open(content)
    check_pixels(image, max_pixels)
    alpha = None
    if image.has_transparency_data and channels != 4:
        alpha = np.asarray(decode(one.open(content), 4))[..., 3:]
    pixels = np.asarray(decode(image, channels))
    return pixels.reshape(*pixels.shape[:2], channels), alpha


def _padded(image: np.ndarray, multiple: int, smallest: int) -> np.ndarray:
    """Return an image ``[H, W, C]`` with reflected pixels below and to the right, of sides that a network takes."""
    below, beside = (max(-(-side // multiple) * multiple, smallest) - side for side in image.shape[:2])
    return np.pad(image, ((0, below), (0, beside), (0, 0)), mode="symmetric")


def _with_alpha(image: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Return an image with this opacity; a gray one becomes a color image for it."""
    if alpha is None:
        return image
    return np.concatenate([image.repeat(3, axis=-1) if image.shape[-1] == 1 else image, alpha], axis=-1)


def _tell_broken(source: Path, broken: dict[str, str], count: int, reporter: Reporter) -> None:
    if not broken:
        return
    named = "; ".join(f"{name}: {reason}" for name, reason in list(broken.items())[:NAMED])
    if len(broken) == count:
        raise GancliError(f"none of the images in '{source}' can be read ({named}).")
    more = f"; and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    reporter.warning(f"left out {number_of(len(broken), 'image', 'images')} in '{source}' ({named}{more}).")


def _tell_unlike(done: Sequence[Translation], domain: str, reporter: Reporter) -> None:
    """Warn if more images are unlike those of training than images held out are."""
    known = [one for one in done if one.unlike is not None]
    unlike = sorted((one for one in known if (one.unlike or 0) > 1), key=lambda one: -(one.unlike or 0))
    if len(unlike) <= EXPECTED * len(known):
        return
    named = ", ".join(one.name for one in unlike[:NAMED]) + (", ..." if len(unlike) > NAMED else "")
    count = number_of(len(unlike), "image is", "images are")
    reporter.warning(
        f"{count} unlike the images of {domain} that the run was trained on, by features ({named}): expect a poor "
        f"translation. Bring them to the framing and the size of the training images."
    )


def _sheet(rows: Sequence[Sequence[np.ndarray]], source: str, wanted: Sequence[Answer]) -> np.ndarray:
    """Draw images of what the source is called beside their translations, several of them in a row."""
    side = min(TILE, max(max(images[0].shape[:2]) for images in rows))
    tiles = np.stack([tile(image, side) for images in rows for image in images])
    answers = len(rows[0]) - 1
    in_row = min(max(GROUPS // answers, 1), len(rows))
    texts = [one.heading if one.looks else f"to {one.heading}" for one in wanted]
    heading = (Heading(source), *(Heading(text, columns=texts.count(text)) for text in dict.fromkeys(texts)))
    return grid(tiles, (1 + answers) * in_row, headings=[heading] * in_row)
