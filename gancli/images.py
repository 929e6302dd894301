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
