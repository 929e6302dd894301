"""Pixels: ranges, grids, PNG and GIF bytes. The one place where uint8 becomes [0, 1] and back."""

import io
import math
from typing import Any

import numpy as np
from PIL import Image


def to_unit(x: Any) -> Any:
    """Map uint8 pixels to float32 in [0, 1]; floats (points of the synthetic sets) pass unchanged. NumPy or JAX."""
    return x.astype(np.float32) * np.float32(1 / 255) if x.dtype == np.uint8 else x


def to_uint8(x: np.ndarray) -> np.ndarray:
    """Map [0, 1] to uint8 pixels, rounding to the nearest; values outside are clipped."""
    return np.rint(np.clip(x, 0.0, 1.0) * 255.0).astype(np.uint8)


TILE_SIZE = 56  # pixels to which smaller images are enlarged in a grid
GAP = 2  # pixels between the images of a grid
GAP_SHADE = 64


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lay images ``[N, H, W, C]`` uint8 out row by row on a dark gray sheet, square by default.

    Small images are enlarged by a whole factor so that they can be seen; no pixel is mixed with another.

    Returns:
        One image ``[rows, columns, C]`` in pixels.
    """
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    factor = max(1, TILE_SIZE // height)
    height, width = height * factor + GAP, width * factor + GAP
    sheet = np.full((math.ceil(count / columns) * height + GAP, columns * width + GAP, channels), GAP_SHADE, np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * height + GAP, index % columns * width + GAP
        enlarged = image.repeat(factor, axis=0).repeat(factor, axis=1)
        sheet[top : top + height - GAP, left : left + width - GAP] = enlarged
    return sheet


def _to_pillow(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def png_bytes(image: np.ndarray) -> bytes:
    """Encode one image ``[H, W, C]`` uint8 with 1, 3 or 4 channels."""
    buffer = io.BytesIO()
    _to_pillow(image).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def gif_bytes(frames: list[np.ndarray], milliseconds: int = 100) -> bytes:
    """Encode frames ``[H, W, C]`` uint8 as a GIF that repeats for ever."""
    buffer = io.BytesIO()
    first, *rest = (_to_pillow(frame) for frame in frames)
    first.save(buffer, format="GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return buffer.getvalue()
