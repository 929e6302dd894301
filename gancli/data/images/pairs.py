"""Pairs of images: files with two images side by side, or folders ``A`` and ``B`` whose files have equal names."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np
from PIL import Image

from gancli.data.images.decode import decode, frame
from gancli.data.images.find import Found, ImageFile, find_images
from gancli.errors import GancliError, UsageError

FOLDERS = ("A", "B")
SPLITS = ("train", "val", "validation", "test")  # folders whose names say what their pairs are for
LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Place:
    """Where an image lies below the folder that holds all of them."""

    side: str  # A, B, or empty: it is a pair
    split: str  # empty: none is named
    rest: str  # path without both and without the ending

    @classmethod
    def of(cls, name: str) -> "Place":
        """Return the place of a file by its name in a folder or an archive."""
        *folders, file = PurePath(name).with_suffix("").parts
        side = next((part for part in folders if part in FOLDERS), "")
        split = next((part for part in folders if part in SPLITS), "")
        return cls(side, split, "/".join([*(part for part in folders if part not in (side, split)), file]))


def find_pairs(path: Path) -> Found:
    """Find pairs, as :func:`find_images` finds images; each is one image twice as wide, labeled by its split.

    Raises:
        GancliError: there are no images, as :func:`find_images` says it.
        UsageError: an image in ``A`` has no partner in ``B``, or the other way round.
    """
    found = find_images(path)
    placed = [(Place.of(one.name), one) for one in found.files]
    if not all(place.side for place, _ in placed):
        return replace(found, files=tuple(replace(one, label=place.split) for place, one in placed))
    sides = [{(place.split, place.rest): one for place, one in placed if place.side == side} for side in FOLDERS]
    for own, others, side in zip(sides, sides[::-1], FOLDERS[::-1], strict=True):
        if alone := sorted(own.keys() - others.keys()):
            raise UsageError(
                f"{own[alone[0]].name} in '{path}' has no partner of that name in folder {side}. "
                f"Give every image of A one in B, or put both side by side into one file."
            )
    first, second = sides
    return replace(found, files=tuple(_together(first[key], second[key], key[0]) for key in sorted(first)))


def _together(first: ImageFile, second: ImageFile, split: str) -> ImageFile:
    """Return two images as one file that holds them side by side."""

    def read() -> bytes:
        own = first.read()
        return LENGTH.pack(len(own)) + own + second.read()

    def opened(content: bytes) -> Image.Image:
        (length,) = LENGTH.unpack_from(content)
        rest = content[LENGTH.size :]
        both = [decode(one.open(part), 3) for one, part in ((first, rest[:length]), (second, rest[length:]))]
        if both[0].size != both[1].size:
            sizes = " and ".join(f"{one.width}x{one.height}" for one in both)
            raise GancliError(f"both images of a pair must have one size, got {sizes}")
        return Image.fromarray(np.concatenate([np.asarray(one) for one in both], axis=1))

    return ImageFile(first.name, split, read, opened)


def frame_pair(image: Image.Image, resolution: int, crop: str, draw: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """Return both halves of a decoded image, each as :func:`frame` makes it: uint8 ``[resolution, resolution, 2 C]``.

    Raises:
        GancliError: the image has no two halves.
    """
    width, height = image.size
    if width % 2:
        raise GancliError(f"two images side by side have an even width, got {width}x{height}")
    boxes = ((0, 0, width // 2, height), (width // 2, 0, width, height))
    return np.concatenate([frame(image.crop(box), resolution, crop, draw) for box in boxes], axis=-1)


def check_wide(path: Path, sizes: Sequence[tuple[int, int]]) -> None:
    """Raise a UsageError unless images, by width and height, may be two side by side: most are wider than high."""
    wide = sum(width > height for width, height in sizes)
    if 2 * wide < len(sizes):
        raise UsageError(
            f"the images in '{path}' are no pairs: most are not wider than high. Put two images side by side into "
            f"each file, or give folders A and B whose files have equal names."
        )
