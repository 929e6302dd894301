"""Image files that have one size and kind already, as `evaluate` takes them: nothing is resized."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.data.images.decode import GRAY_MODES, MAX_PIXELS, decode
from gancli.data.images.find import counted, find_images
from gancli.data.images.prepare import Seen, look, notes_on, tell
from gancli.errors import GancliError
from gancli.reporting import Reporter, Silence

DECODER = 3  # another one makes other images of the same files


@dataclass(frozen=True)
class UniformImages:
    """The images of a folder or a zip, in the order of their names."""

    path: Path
    files: tuple[Seen, ...]
    shape: tuple[int, int, int]  # H, W, C of every image

    @classmethod
    def scan(cls, path: Path, listener: Reporter | None = None, max_pixels: int = MAX_PIXELS) -> "UniformImages":
        """Look at every image's header; those that a camera stored on their side are turned, as everywhere.

        Raises:
            GancliError: there are no images, one cannot be read or has more than ``max_pixels``, or sizes, color modes
                or formats are mixed; the message counts them.
        """
        listener = listener or Silence()
        found = find_images(path)
        seen = look(found.files, listener, max_pixels=max_pixels)
        tell(path, found.passed_over, notes_on(path, found, seen), listener)
        sizes = _sizes(path, seen)
        modes = Counter(one.mode for one in seen)
        formats = Counter("JPEG" if one.form == "MPO" else one.form for one in seen)  # phones write both
        for what, kinds in (
            ("sizes", Counter(f"{height}x{width}" for width, height in sizes)),
            ("color modes", modes),
            ("formats", formats),
        ):
            if len(kinds) > 1:
                raise GancliError(
                    f"the {len(seen):,} images in '{path}' have mixed {what}: {counted(kinds)}. "
                    f"A metric over such a mixture means little; bring them to one."
                )
        width, height = sizes[0]
        return cls(path, tuple(seen), (height, width, 1 if seen[0].mode in GRAY_MODES else 3))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the files' contents in order, and of how they are decoded."""
        digest = hashlib.sha256(f"decoder {DECODER}".encode())
        for one in self.files:
            digest.update(bytes.fromhex(one.sha256))
        return digest.hexdigest()

    def batches(self, size: int, count: int) -> Iterator[np.ndarray]:
        """Yield the first ``count`` images, decoded, ``size`` at a time: uint8 ``[b, H, W, C]``.

        Raises:
            GancliError: a file is damaged; the message names it.
        """
        for start in range(0, count, size):
            yield np.stack([self._decode(one) for one in self.files[start : min(start + size, count)]])

    def _decode(self, one: Seen) -> np.ndarray:
        try:
            image = decode(one.file.open(one.file.read()), self.shape[-1])
        except (OSError, GancliError) as error:
            raise _unusable(self.path, one.file.name, str(getattr(error, "strerror", None) or error)) from None
        return np.asarray(image).reshape(self.shape)


def _sizes(path: Path, seen: Sequence[Seen]) -> list[tuple[int, int]]:
    """Return width and height of every image, of which none may be broken."""
    sizes = []
    for one in seen:
        if one.size is None:
            raise _unusable(path, one.file.name, one.broken)
        sizes.append(one.size)
    return sizes


def _unusable(path: Path, name: str, reason: str) -> GancliError:
    return GancliError(f"{name} in '{path}' cannot be measured: {reason}.")
