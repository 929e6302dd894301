"""One decoder for every image file: any color mode, depth, orientation and size to uint8 ``[H, W, C]``."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps

from gancli.errors import GancliError, UsageError

GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
CHANNEL_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
CUT_SHORT = "its pixels cannot be read: it is damaged or cut short"
CROPS = ("center", "random", "none")
MOST_HELD_OUT = 0.5
# How an image is turned that a camera stored otherwise than it is seen, by the number that EXIF has for it.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Framing:
    """How your images become training data: ``--resolution``, ``--crop``, ``--channels`` and ``--held-out``."""

    resolution: int = 0  # pixels of both sides; 0: chosen by the images
    crop: str = "center"  # or "random", a square anywhere, the same one every time; or "none": squeezed to a square
    channels: str = "auto"  # or "1", "3", "4"; auto: 1 where all images are gray, else 3
    held_out: float = 0.1  # share that is not trained on: half of it for validation, half for testing

    def check(self) -> None:
        """Raise a UsageError unless every value is one of those."""
        if self.resolution < 0:
            raise UsageError(
                f"--resolution must be at least 1, or 0 to choose it by the images, got {self.resolution}."
            )
        if self.crop not in CROPS:
            raise UsageError(f"--crop must be one of {', '.join(CROPS)}, got '{self.crop}'.")
        known = ("auto", *map(str, CHANNEL_MODES))
        if self.channels not in known:
            raise UsageError(f"--channels must be one of {', '.join(known)}, got '{self.channels}'.")
        if not 0 <= self.held_out <= MOST_HELD_OUT:
            raise UsageError(f"--held-out must be in [0, {MOST_HELD_OUT}], got {self.held_out}.")


def open_image(content: bytes) -> Image.Image:
    """Open an image, of which only the header is read; of several frames the first.

    Raises:
        GancliError: it is none, says why.
    """
    try:
        return Image.open(io.BytesIO(content))
    except Image.DecompressionBombError:
        raise GancliError("it has more pixels than an image should") from None
    except Exception:  # Pillow's readers raise whatever a damaged file leads them to
        raise GancliError("it is no image, or its header is damaged") from None


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height as people see them: a camera's note that it was held sideways is obeyed.

    Raises:
        GancliError: the note cannot be read, says why.
    """
    sideways = _orientation(image) in (5, 6, 7, 8)
    return (image.height, image.width) if sideways else (image.width, image.height)


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # as above
        raise GancliError(CUT_SHORT) from None


def decode(image: Image.Image, channels: int) -> Image.Image:
    """Return an image upright and in mode ``L``, ``RGB`` or ``RGBA``.

    Of 16 bits the upper eight are kept, rounded; what is transparent lies on white, unless there are four channels.

    Raises:
        GancliError: its pixels cannot be read, or have no known range.
    """
    form = image.format
    try:
        image.load()
    except Exception:  # as above
        raise GancliError(CUT_SHORT) from None
    if (turn := TURNS.get(_orientation(image))) is not None:
        image = image.transpose(turn)
    if image.mode == "F":
        raise GancliError("its pixels are floating-point numbers, whose range no one knows; save it with 8 or 16 bits")
    if image.mode == "I" and form == "TIFF":
        raise GancliError("its pixels are 32-bit integers, whose range no one knows; save it with 8 or 16 bits")
    if image.mode in GRAY_MODES and image.mode.startswith("I"):
        deep = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        image = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
    if image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA" and channels != 4:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image.convert(CHANNEL_MODES[channels])


def frame(image: Image.Image, resolution: int, crop: str, draw: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """Return a decoded image as uint8 ``[resolution, resolution, C]``, scaled by Lanczos's filter.

    Args:
        image: in mode ``L``, ``RGB`` or ``RGBA``; one that has the size already is not touched.
        resolution: pixels.
        crop: one of ``CROPS``.
        draw: where a random square lies, across and down, in [0, 1].
    """
    size, method = (resolution, resolution), Image.Resampling.LANCZOS
    if crop == "none":
        image = image.resize(size, method)
    else:
        image = ImageOps.fit(image, size, method, centering=draw if crop == "random" else (0.5, 0.5))
    return np.asarray(image).reshape(resolution, resolution, -1)
