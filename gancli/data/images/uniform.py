"""A folder of image files as a set of images of one size and kind."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gancli.errors import GancliError

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp")
CHANNELS = {"L": 1, "RGB": 3}


@dataclass(frozen=True)
class UniformImages:
    """Image files under a folder, however deep, in the order of their paths."""

    folder: Path
    files: tuple[Path, ...]
    shape: tuple[int, int, int]  # H, W, C of every image

    @classmethod
    def scan(cls, folder: Path) -> "UniformImages":
        """Look at every image's header.

        Raises:
            GancliError: there are no images, one cannot be read, or sizes, color modes or formats are mixed; the
                message counts them.
        """
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file())
        if not files:
            others = Counter(path.suffix.lower() or "no extension" for path in folder.rglob("*") if path.is_file())
            seen = f" It has: {_counts(others)}." if others else ""
            raise GancliError(f"no images under '{folder}' ({', '.join(EXTENSIONS)}).{seen}")
        kinds: Counter[tuple[str, str, str]] = Counter()
        for path in files:
            with _opened(path) as image:
                kinds[f"{image.height}x{image.width}", image.mode, str(image.format)] += 1
        sizes, modes, formats = (Counter[str]() for _ in range(3))
        for (size, mode, form), count in kinds.items():
            sizes[size] += count
            modes[mode] += count
            formats[form] += count
        for what, found in (("sizes", sizes), ("color modes", modes), ("formats", formats)):
            if len(found) > 1:
                raise GancliError(
                    f"the {len(files):,} images under '{folder}' have mixed {what}: {_counts(found)}. "
                    f"A metric over such a mixture means little; bring them to one."
                )
        (mode,) = modes
        if mode not in CHANNELS:
            raise GancliError(f"the images under '{folder}' have color mode {mode}; convert them to L (gray) or RGB.")
        height, width = map(int, next(iter(sizes)).split("x"))
        return cls(folder, tuple(files), (height, width, CHANNELS[mode]))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the files' contents in order."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def batches(self, size: int, count: int) -> Iterator[np.ndarray]:
        """Yield the first ``count`` images, decoded, ``size`` at a time: uint8 ``[b, H, W, C]``.

        Raises:
            GancliError: a file is damaged; the message names it.
        """
        for start in range(0, count, size):
            yield np.stack([self._decode(path) for path in self.files[start : min(start + size, count)]])

    def _decode(self, path: Path) -> np.ndarray:
        with _opened(path) as image:
            try:
                return np.asarray(image).reshape(self.shape)
            except (OSError, ValueError, SyntaxError):  # what Pillow raises for files that are cut short
                raise GancliError(f"'{path}' is damaged: its pixels cannot be read.") from None


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (OSError, SyntaxError):
        raise GancliError(f"'{path}' cannot be read as an image.") from None


def _counts(counter: Counter[str]) -> str:
    shown = ", ".join(f"{count:,} {name}" for name, count in counter.most_common(5))
    return shown if len(counter) <= 5 else f"{shown} and {len(counter) - 5} more"
