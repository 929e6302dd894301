"""Sheets: many images on one, enlarged so that they can be seen, with headings that say what a column is."""

import math
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

USUAL_WIDTH, MOST_WIDTH = 1024, 1280  # of a sheet whose images are enlarged; pixels
LEAST_TILE, MOST_TILE = 64, 256  # of an enlarged image
GAP = 2  # pixels between the images of a sheet
GROUP_GAP = 16  # between groups of columns
SHADE, TEXT_SHADE = 64, 240
FONT_SIZE, LINE_HEIGHT, MARGIN = 13, 16, 4
MOST_LINES = 3  # of a heading


class Heading(NamedTuple):
    """A text over columns of a sheet."""

    text: str
    columns: int = 1


Headings = Sequence[Sequence[Heading]]  # by groups of columns, which lie apart


def grid(
    images: np.ndarray, columns: int | None = None, *, scale: int | None = None, headings: Headings = ()
) -> np.ndarray:
    """Lay images ``[N, H, W, C]`` uint8 out row by row on a dark gray sheet, square by default.

    Args:
        images: the images.
        columns: of the sheet.
        scale: by how much each image is enlarged; no pixel is mixed with another. Default: :func:`scale_for`.
        headings: texts over all of the columns, from left to right.

    Returns:
        One image ``[rows, columns, C]`` in pixels.
    """
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    headings = headings or [[Heading("", columns)]]
    scale = scale or scale_for(height, width, columns, len(headings))
    height, width = height * scale, width * scale
    lefts, spans, total = _places(width, headings)
    top = _draw_headings(headings, spans, total)
    rows = math.ceil(count / columns)
    sheet = np.full((len(top) + rows * (height + GAP) + GAP, total, channels), SHADE, np.uint8)
    sheet[: len(top)] = top[..., None]
    if channels == 4:
        sheet[..., 3] = 255
    for index, image in enumerate(images):
        y, x = len(top) + index // columns * (height + GAP) + GAP, lefts[index % columns]
        sheet[y : y + height, x : x + width] = image.repeat(scale, axis=0).repeat(scale, axis=1)
    return sheet


def tile(image: np.ndarray, side: int) -> np.ndarray:
    """Return an image ``[H, W, C]`` uint8 in the middle of a square of ``side`` pixels, made smaller to fit on it."""
    height, width, channels = image.shape
    if max(height, width) > side:
        shown = Image.fromarray(image[..., 0] if channels == 1 else image)
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        height, width = shown.height, shown.width
        image = np.asarray(shown).reshape(height, width, channels)
    square = np.full((side, side, channels), SHADE, np.uint8)
    if channels == 4:
        square[..., 3] = 255
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = image
    return square


def scale_for(height: int, width: int, columns: int, groups: int = 1) -> int:
    """Return the whole factor by which images of a sheet are enlarged.

    The sheet becomes about ``USUAL_WIDTH`` wide, but an image on it no larger than ``MOST_TILE``. Of many columns the
    sheet becomes wider, up to ``MOST_WIDTH``, before an image is smaller than ``LEAST_TILE``.
    """
    tile = min(max(USUAL_WIDTH // columns, LEAST_TILE), MOST_TILE)
    room = (MOST_WIDTH - GAP - (groups - 1) * (GROUP_GAP - GAP)) // columns - GAP
    return max(1, min(tile // max(height, width), room // width))


def _places(width: int, headings: Headings) -> tuple[list[int], list[tuple[int, int]], int]:
    """Return the left edge of every column, left edge and width of every heading, and the width of the sheet."""
    lefts: list[int] = []
    spans: list[tuple[int, int]] = []
    edge = GAP
    for group in headings:
        if lefts:
            edge += GROUP_GAP - GAP
        for heading in group:
            images = heading.columns * (width + GAP) - GAP
            # Where a group has one heading, no word of it is cut off, however small the images are.
            longest = max(map(_length, _drawable(heading.text).split()), default=0) if len(group) == 1 else 0
            room = max(images, longest)
            lefts += [edge + (room - images) // 2 + place * (width + GAP) for place in range(heading.columns)]
            spans.append((edge, room))
            edge += room + GAP
    return lefts, spans, edge


def _draw_headings(headings: Headings, spans: list[tuple[int, int]], total: int) -> np.ndarray:
    """Return the strip ``[height, total]`` above the images; of no headings it has no height."""
    texts = [heading.text for group in headings for heading in group]
    wrapped = [_wrap(text, width) for text, (_, width) in zip(texts, spans, strict=True)]
    lines = max(map(len, wrapped), default=0)
    strip = Image.new("L", (total, lines * LINE_HEIGHT + MARGIN if lines else 0), SHADE)
    draw = ImageDraw.Draw(strip)
    for text, (left, width) in zip(wrapped, spans, strict=True):
        for line, words in enumerate(text, lines - len(text)):  # the last line lies on the images
            place = (left + (width - _length(words)) // 2, MARGIN + line * LINE_HEIGHT)
            draw.text(place, words, fill=TEXT_SHADE, font=_font())
    return np.asarray(strip)


def _wrap(text: str, width: int) -> list[str]:
    """Return lines of at most ``width`` pixels; what does not fit ends in dots."""
    lines: list[str] = []
    for word in _drawable(text).split():
        if lines and (_length(f"{lines[-1]} {word}") <= width or len(lines) == MOST_LINES):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [_clip(line, width) for line in lines]


def _clip(line: str, width: int) -> str:
    if _length(line) <= width:
        return line
    kept = next((end for end in range(len(line) - 1, 0, -1) if _length(line[:end] + "…") <= width), 0)
    return line[:kept] + "…" if kept else ""


def _drawable(text: str) -> str:
    """Return a text in the letters that Pillow's font has: ASCII; others lose their accents, or become ``?``."""
    plain = [one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)]
    return "".join(one if one.isascii() else "?" for one in plain)


def _length(text: str) -> int:
    return math.ceil(_font().getlength(text))


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_SIZE)
