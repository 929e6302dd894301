"""Images to be measured, wherever they come from: a run, a data set, a folder, a file of arrays."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from gancli.data.catalog import DATASETS, SPLITS
from gancli.data.images.arrays import CHANNELS, read_images
from gancli.data.images.decode import MAX_PIXELS, decode
from gancli.data.images.find import form_of
from gancli.data.images.uniform import UniformImages
from gancli.data.load import Dataset, digest_of, load
from gancli.errors import UsageError
from gancli.games.pair import Pair
from gancli.reporting import Reporter
from gancli.runs.folder import CONFIG
from gancli.sampling.draws import generate_blocks


@dataclass(frozen=True)
class ImageSet:
    """A set of images, read a part at a time and as often as asked for."""

    name: str  # as a protocol names it: mnist/train, photos, their.npz, ckpt
    count: int
    shape: tuple[int, ...]  # H, W, C
    batches: Callable[[int], Iterable[np.ndarray | jax.Array]] = field(repr=False)  # uint8, so many at a time
    fingerprint: Callable[[], str] = field(repr=False)  # hash of the images; of draws, of what they are drawn with
    dataset: Dataset | None = None  # where it is one

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> "ImageSet":
        """Return a split of a data set as images."""
        name = f"{dataset.name}/{dataset.split}"
        return cls(name, len(dataset), dataset.shape, _slices(dataset.examples), lambda: dataset.fingerprint, dataset)

    @classmethod
    def of_folder(cls, path: Path, listener: Reporter | None = None, max_pixels: int = MAX_PIXELS) -> "ImageSet":
        """Return the image files of a folder or a zip."""
        images = UniformImages.scan(path, listener, max_pixels)

        def batches(size: int) -> Iterator[np.ndarray]:
            return images.batches(size, len(images))

        return cls(str(path), len(images), images.shape, batches, lambda: images.fingerprint)

    @classmethod
    def of_file(cls, path: Path) -> "ImageSet":
        """Return the images of an ``.npz`` or ``.npy`` file; what is transparent lies on white, as in a folder."""
        images = read_images(path)
        if images.shape[-1] == CHANNELS[-1]:
            images = np.stack([np.asarray(decode(Image.fromarray(image), 3)) for image in images])
        return cls(str(path), len(images), images.shape[1:], _slices(images), lambda: digest_of(images))

    @classmethod
    def of_draws(cls, name: str, pair: Pair, latents: np.ndarray) -> "ImageSet":
        """Return what a generator makes of latents ``[N, Z]``; the images stay on the device."""

        def batches(size: int) -> Iterator[jax.Array]:
            del size  # latents go through the generator in blocks of one size, whatever is asked for
            return (quantized(block) for block in generate_blocks(pair, latents))

        return cls(name, len(latents), pair.domain.shape, batches, lambda: digest_of_draws(pair, latents))

    def pixels(self) -> np.ndarray:
        """Return all images at once, uint8 ``[N, H, W, C]``."""
        return np.concatenate([np.asarray(batch) for batch in self.batches(1000)])


@jax.jit
def quantized(x: jax.Array) -> jax.Array:
    """Map [0, 1] to uint8 on the device, rounding as :func:`gancli.imaging.pixels.to_uint8` does."""
    return jnp.rint(jnp.clip(x, 0.0, 1.0) * 255.0).astype(jnp.uint8)


def digest_of_draws(pair: Pair, latents: np.ndarray) -> str:
    """Return the SHA-256 of latents and of the weights that make samples of them."""
    arrays = [latents, *map(np.asarray, jax.tree.leaves(pair.generator))]
    return hashlib.sha256(" ".join(map(digest_of, arrays)).encode()).hexdigest()


def _slices(images: np.ndarray) -> Callable[[int], Iterator[np.ndarray]]:
    def batches(size: int) -> Iterator[np.ndarray]:
        return (images[start : start + size] for start in range(0, len(images), size))

    return batches


def is_run(path: Path) -> bool:
    """Return whether a folder is a run rather than a folder of images."""
    return (path / CONFIG).is_file()


def split_name(name: str) -> tuple[str, str] | None:
    """Return data set and split of ``mnist`` or ``mnist/test``; None where the name is no data set's.

    Raises:
        UsageError: the data set has no such split.
    """
    dataset, _, split = name.partition("/")
    if dataset not in DATASETS or name.endswith("/"):
        return None
    if split and split not in SPLITS:
        raise UsageError(f"unknown split '{split}' in '{name}'. Known: {', '.join(SPLITS)}.")
    return dataset, split or "train"


def open_images(
    name: str, data_dir: Path | None, listener: Reporter | None = None, max_pixels: int = MAX_PIXELS
) -> ImageSet:
    """Open a data set (``mnist``, ``mnist/test``), a folder or zip of images, or a file of arrays.

    A name of the catalog is that data set, even where a folder has the same name; ``./mnist`` is the folder.

    Raises:
        UsageError: there is nothing of that name.
        GancliError: it cannot be read.
    """
    path = Path(name)
    known = split_name(name)
    if not known and (path.exists() or "/" in name or path.suffix):
        return ImageSet.of_file(path) if form_of(path) == "arrays" else ImageSet.of_folder(path, listener, max_pixels)
    dataset = load(*(known or (name, "train")), data_dir)  # of an unknown name it says which was probably meant
    if not dataset.is_images:
        raise UsageError(f"data set '{dataset.name}' holds points, not images.")
    return ImageSet.of_dataset(dataset)
