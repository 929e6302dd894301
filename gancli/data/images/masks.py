"""Masks of images: pictures of equal names and sizes, white where an image may change."""

from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np

from gancli.data.images.decode import decode, frame, upright_size
from gancli.data.images.find import find_images
from gancli.data.images.prepare import Seen
from gancli.errors import GancliError, UsageError

WHITE = 128  # shade from which on a pixel of a mask is white


def read_masks(path: Path, images: Sequence[Seen], resolution: int, crop: str) -> np.ndarray | None:
    """Return where images may change, bool ``[N, H, W, 1]``, framed as they are; None: there is a mask of none.

    Args:
        path: a folder or a ``.zip``. A mask has the name of its image, folder included; the ending may differ.
        images: N of them, looked at.
        resolution: pixels of H and of W.
        crop: how images became square.

    Raises:
        UsageError: some of the images have a mask, and others have none.
        GancliError: a mask cannot be read, or has another size than its image.
    """
    masks = {_stem(one.name): one for one in find_images(path).files}
    without = [one.file.name for one in images if _stem(one.file.name) not in masks]
    if len(without) == len(images):
        return None
    if without:
        raise UsageError(
            f"--masks '{path}' has no mask for {len(without)} of {len(images)} images, the first of them "
            f"'{without[0]}'. Give all of them one, white where a translation may change it."
        )

    def read(image: Seen) -> np.ndarray:
        mask = masks[_stem(image.file.name)]
        try:
            opened = mask.open(mask.read())
            if upright_size(opened) != image.size:
                sizes = " and ".join("x".join(map(str, size)) for size in (upright_size(opened), image.size or ()))
                raise GancliError(f"a mask has the size of its image, got {sizes}")
            return frame(decode(opened, 1), resolution, crop, image.draw) >= WHITE
        except (OSError, GancliError) as error:
            reason = str(getattr(error, "strerror", None) or error)
            raise GancliError(f"mask {mask.name} in '{path}' cannot be used: {reason}.") from None

    return np.stack([read(one) for one in images])


def _stem(name: str) -> str:
    return str(PurePath(name).with_suffix(""))
