"""Masks of images: pictures of equal names and sizes, white where an image may change."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np

from gancli.data.images.decode import decode, frame, upright_size
from gancli.data.images.find import ImageFile, find_images
from gancli.data.images.prepare import Seen, tell
from gancli.errors import GancliError, UsageError
from gancli.reporting import Reporter

WHITE = 128  # shade from which on a pixel of a mask is white


def find_masks(path: Path, reporter: Reporter) -> dict[str, ImageFile]:
    """Return the masks of a folder or a ``.zip`` by their names without ending; tells what are no masks.

    Raises:
        GancliError: there are none.
        UsageError: two have one name.
    """
    found = find_images(path)
    tell(path, found.passed_over, found.notes, reporter)
    masks: dict[str, ImageFile] = {}
    for one in found.files:
        if (other := masks.setdefault(stem(one.name), one)) is not one:
            raise UsageError(f"--masks '{path}' has two masks of one image, {other.name} and {one.name}. Remove one.")
    return masks


def read_masks(
    path: Path, masks: Mapping[str, ImageFile], images: Sequence[Seen], resolution: int, crop: str
) -> np.ndarray | None:
    """Return where images may change, bool ``[N, H, W, 1]``, framed as they are; None: there is a mask of none.

    Args:
        path: where the masks lie, for messages.
        masks: by name without ending. A mask has the name of its image, folder included.
        images: N of them, looked at.
        resolution: pixels of H and of W.
        crop: how images became square.

    Raises:
        UsageError: some of the images have a mask, and others have none.
        GancliError: a mask cannot be read, or has another size than its image.
    """
    without = [one.file.name for one in images if stem(one.file.name) not in masks]
    if len(without) == len(images):
        return None
    if without:
        raise UsageError(
            f"--masks '{path}' has no mask for {len(without)} of {len(images)} images, the first of them "
            f"'{without[0]}'. Give all of them one, white where a translation may change it."
        )

    def read(image: Seen) -> np.ndarray:
        mask = masks[stem(image.file.name)]
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


def stem(name: str) -> str:
    """Return a name in a folder or an archive without its ending."""
    return str(PurePath(name).with_suffix(""))
