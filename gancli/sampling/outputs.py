"""Pictures, animations and folders of images: where they go, and in which form, which is the ending of the name."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gancli.data.images.classes import TABLE, table_of
from gancli.errors import GancliError, UsageError
from gancli.files import appearing, check_free, write_atomically, writing
from gancli.imaging.pixels import MARK, gif_bytes, png_bytes, webp_bytes
from gancli.sampling.video import find_ffmpeg, write_mp4

STILLS = (".png", ".webp")
ANIMATIONS = (".gif", ".webp", ".mp4")
WEBP_SIDE = 16_383  # pixels, by its format
MOST_PIXELS = 2**26  # of an enlarged sheet; larger ones are refused by programs that show pictures
HEAD = 200  # bytes of a PNG, in which the mark is


def choose_output(
    given: Path | None, default: Path, *, overwrite: bool, option: str = "--output", mark: bytes = MARK
) -> Path:
    """Return where a picture or page goes: where the user says, or else to its place in the folder of the run.

    A file that the user names is replaced with ``overwrite`` only. At the place in the folder of the run, one that
    gancli wrote, which bears its ``mark``, gives way to the next one.

    Raises:
        GancliError: the place is taken.
    """
    if given is not None:
        check_free(given, option, overwrite=overwrite)
        return given
    if default.exists() and not overwrite and not _is_own(default, mark):
        raise GancliError(
            f"'{default}' exists, and gancli did not write it. Replace it with --overwrite, or choose another {option}."
        )
    return default


def form_of_output(output: Path | None, *, into_folder: bool) -> str:
    """Return what images are written as: ``.png``, ``.webp``, ``.npz``, or an empty string for a folder.

    A name without an ending, one that is a folder already and, with ``into_folder``, any other is a folder.

    Raises:
        UsageError: ``output`` has another ending.
    """
    form = ".png" if output is None else "" if into_folder or output.is_dir() else output.suffix
    if form not in ("", *STILLS, ".npz"):
        raise UsageError(
            f"--output must end in .png, .webp or .npz, or name a folder (a / at its end), got '{output}'."
        )
    return form


def choose_place(given: Path | None, form: str, default: Path, *, overwrite: bool) -> Path:
    """Return where images of that form go, as :func:`choose_output` does; a folder must be empty or not there.

    Raises:
        GancliError: the place is taken.
    """
    if form:
        return choose_output(given, default, overwrite=overwrite)
    assert given is not None, "without a name, a picture is written"
    if given.exists() and (not given.is_dir() or any(given.iterdir())):
        raise GancliError(f"'{given}' exists and is not an empty folder. Choose another --output.")
    return given


def _is_own(path: Path, mark: bytes) -> bool:
    with writing(path), path.open("rb") as file:
        return mark in file.read(HEAD)


def check_scale(scale: int | None) -> None:
    """Raise a UsageError unless images can be enlarged by ``scale``."""
    if scale is not None and scale < 1:
        raise UsageError(f"--scale must be at least 1, got {scale}.")


def check_sheet(scale: int | None, count: int, shape: Sequence[int]) -> None:
    """Raise a UsageError if ``count`` images of a shape, enlarged by ``scale``, are too much for one sheet."""
    height, width, *_ = shape
    most = max(1, math.isqrt(MOST_PIXELS // (count * height * width)))
    if scale is not None and scale > most:
        raise UsageError(
            f"--scale {scale} makes a picture of {count} images of {height * scale:,}x{width * scale:,} pixels, more "
            f"than {MOST_PIXELS:,} pixels in all. Choose a --scale of at most {most}."
        )


def check_animation(output: Path) -> None:
    """Raise a GancliError if what an animation needs is not there, before any work is done."""
    if output.suffix == ".mp4":
        _ = find_ffmpeg()


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a picture ``[H, W, C]`` uint8 as PNG or WebP.

    Raises:
        GancliError: it cannot be written, or is too large for the format; nothing is left half-written.
    """
    if path.suffix == ".webp":
        _check_webp(path, picture)
        write_atomically(path, webp_bytes([picture]))
    else:
        write_atomically(path, png_bytes(picture))


def write_folder(output: Path, pictures: np.ndarray, classes: Sequence[str] = ()) -> None:
    """Write one PNG for each of the pictures ``[N, H, W, C]`` uint8 into a folder that appears when all are there.

    Of class-conditional samples their ``classes`` stand in a table beside them, as gancli reads it.

    Raises:
        GancliError: it cannot be written; nothing is left half-written.
    """
    digits = max(len(str(len(pictures) - 1)), 5)
    names = [f"{index:0{digits}d}.png" for index in range(len(pictures))]
    with appearing(output) as part:
        part.mkdir()
        for index, image in enumerate(pictures):
            (part / names[index]).write_bytes(png_bytes(image))
        if classes:
            (part / TABLE).write_text(table_of(zip(names, classes, strict=True)), "utf-8", newline="")


def write_animation(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Write frames ``[H, W, C]`` uint8 as GIF, WebP or MP4.

    Raises:
        GancliError: as in :func:`write_picture`, or ``ffmpeg`` is missing or fails.
    """
    if path.suffix == ".mp4":
        write_mp4(path, frames)
    elif path.suffix == ".webp":
        _check_webp(path, frames[0])
        write_atomically(path, webp_bytes(frames))
    else:
        write_atomically(path, gif_bytes(frames))


def _check_webp(path: Path, picture: np.ndarray) -> None:
    height, width = picture.shape[:2]
    if max(height, width) > WEBP_SIDE:
        raise UsageError(
            f"'{path}' would have {width:,}x{height:,} pixels, and a .webp has at most {WEBP_SIDE:,} on a side. "
            f"Choose another ending, a smaller --scale, or fewer images."
        )
