"""Your images brought to the size of a run's data, in the order of their names: to be looked at, not trained on."""

from functools import partial
from pathlib import Path

import numpy as np

from gancli.data.images.decode import EXTENSIONS, MAX_PIXELS, check_pixels, decode, frame, open_image
from gancli.data.images.find import ImageFile, find_images
from gancli.errors import GancliError


def one_or_more(path: Path) -> tuple[ImageFile, ...]:
    """Return the images of a folder, a ``.zip``, an ``.npz``, an ``.npy`` or one file, not read yet.

    Raises:
        GancliError: there are none.
    """
    if path.is_file() and path.suffix.lower() in EXTENSIONS:
        return (ImageFile(path.name, "", path.read_bytes, partial(open_image, extension=path.suffix)),)
    return find_images(path).files


def read_framed(
    path: Path, shape: tuple[int, ...], crop: str = "center", max_pixels: int = MAX_PIXELS
) -> tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """Return names, images, uint8 ``[N, H, W, C]``, and classes of a folder, ``.zip``, ``.npz``, ``.npy`` or one file.

    The class of an image is empty where it has none.

    Args:
        path: where they lie.
        shape: of every image, H and W equal.
        crop: how others become square; a random square is the middle one here.
        max_pixels: of one image.

    Raises:
        GancliError: there are none, or one cannot be read; the message names it.
    """
    size, _, channels = shape
    files = one_or_more(path)

    def read(one: ImageFile) -> np.ndarray:
        try:
            image = one.open(one.read())
            check_pixels(image, max_pixels)
            return frame(decode(image, channels), size, crop)
        except (OSError, GancliError) as error:
            reason = str(getattr(error, "strerror", None) or error)
            raise GancliError(f"{one.name} in '{path}' cannot be read: {reason}. Take it away, or repair it.") from None

    images = np.stack([read(one) for one in files])
    return tuple(one.name for one in files), images, tuple(one.label for one in files)
