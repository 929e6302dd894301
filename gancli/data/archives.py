"""Data sets in their original files (IDX, CIFAR), packed or not: found, verified against checksums, parsed."""

import gzip
import hashlib
import math
import tarfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from gancli.data import tfds
from gancli.data.cifar_batches import read_batches
from gancli.data.files import Arrays, not_published, read_file
from gancli.data.kinds import Archive, ImageArchives, Read
from gancli.data.prepared import default_data_dir, find_prepared
from gancli.errors import GancliError
from gancli.reporting import show_shape

CIFAR_FOLDER = "cifar-10-batches-bin"
CIFAR_RECORD = 1 + 32 * 32 * 3  # a label, then three planes of 32 x 32
CIFAR_FILES = {"train": tuple(f"data_batch_{n}.bin" for n in range(1, 6)), "test": ("test_batch.bin",)}


def verified_content(path: Path, archive: Archive) -> bytes:
    """Return what a gzip archive decompresses to, after comparing SHA-256 of the file or of its content.

    Of a file that somebody has decompressed already, only the content can be compared.

    Raises:
        GancliError: the file is damaged, or holds other bytes than those published.
    """
    content = raw = read_file(path)
    expected, digest = archive.content_sha256, ""
    if not is_unpacked(path, archive):
        expected, digest = archive.sha256, hashlib.sha256(raw).hexdigest()
        try:
            content = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            raise GancliError(
                f"{path} is damaged (not a whole gzip file). Delete it and fetch {archive.url} again."
            ) from None
        if digest == expected:
            return content
    found = hashlib.sha256(content).hexdigest()
    if archive.content_sha256 != found and expected:
        raise not_published(path, f"SHA-256 {(digest or found)[:12]}..., expected {expected[:12]}...", archive.url)
    return content


def is_unpacked(path: Path, archive: Archive) -> bool:
    """Return whether a file is what ``gunzip`` makes of an archive, by its name."""
    return f"{path.name}.gz" == archive.filename


def parse_idx(content: bytes, path: Path) -> np.ndarray:
    """Parse LeCun's IDX format: a magic number, big-endian sizes, unsigned bytes."""
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise GancliError(f"{path} is not an IDX file of unsigned bytes.")
    rank = content[3]
    sizes = [int.from_bytes(content[start : start + 4], "big") for start in range(4, 4 + 4 * rank, 4)]
    if len(content) != 4 + 4 * rank + math.prod(sizes):
        raise GancliError(f"{path} is cut short: its header promises {'x'.join(map(str, sizes))} bytes.")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(sizes)


def read_idx(folder: dict[str, Path], entry: ImageArchives, part: str) -> Arrays:
    """Read the images and labels of MNIST's ``train`` or ``test`` files (and of the sets that share their format)."""
    prefix = {"train": "train", "test": "t10k"}[part]
    images, labels = (
        parse_idx(verified_content(folder[archive.filename], archive), folder[archive.filename])
        for kind in ("images", "labels")
        for archive in entry.archives
        if archive.filename.startswith(f"{prefix}-{kind}")
    )
    fits = images.shape[1:] == entry.shape[:2] and labels.shape == images.shape[:1] and len(labels)
    if not fits or labels.max() >= len(entry.classes):
        places = " and ".join(str(path) for name, path in folder.items() if name.startswith(prefix))
        raise GancliError(
            f"{places} do not hold images of {show_shape(entry.shape)} with one of {len(entry.classes)} classes each."
        )
    return images[..., None], labels.astype(np.int32)


def parse_cifar(content: bytes, path: Path) -> Arrays:
    """Parse Krizhevsky's binary records: a label byte, then red, green and blue planes."""
    if len(content) == 0 or len(content) % CIFAR_RECORD:
        raise GancliError(
            f"{path} is cut short: {len(content)} bytes are no whole number of {CIFAR_RECORD}-byte records."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, CIFAR_RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 0].astype(np.int32)


def read_cifar_archive(path: Path, archive: Archive, part: str) -> Arrays:
    """Read one part of CIFAR-10 from its original ``.tar.gz``."""
    digest = hashlib.sha256(read_file(path)).hexdigest()
    if digest != archive.sha256:
        raise not_published(path, f"SHA-256 {digest[:12]}..., expected {archive.sha256[:12]}...", archive.url)
    with tarfile.open(path) as tar:
        contents = {Path(member.name).name: member for member in tar if member.isfile()}
        files = [tar.extractfile(contents[name]) for name in CIFAR_FILES[part]]
        parts = [parse_cifar(file.read(), path) for file in files if file]
    return _concatenate(parts)


def read_cifar_folder(folder: Path, part: str) -> Arrays:
    """Read one part of CIFAR-10 from an extracted ``cifar-10-batches-bin`` folder; it needs only that part's files."""
    missing = [name for name in CIFAR_FILES[part] if not (folder / name).is_file()]
    if missing:
        raise GancliError(f"{folder} lacks {', '.join(missing)}, which the '{part}' part of cifar10 is made of.")
    return _concatenate([parse_cifar(read_file(folder / name), folder / name) for name in CIFAR_FILES[part]])


def _concatenate(parts: list[Arrays]) -> Arrays:
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def find_archives(entry: ImageArchives, name: str, data_dir: Path) -> dict[str, Path] | None:
    """Return the original files by the names of their archives where all of them lie in one folder.

    That is ``data_dir`` or ``data_dir/name``, or torchvision's folder in one of them. Files may be decompressed, and
    those for whose content no checksum is published are taken only from a folder that is called like the data set.
    """
    own = {name, *entry.torchvision.split("/")[:1]}
    for above in (data_dir, data_dir / name):
        for folder in dict.fromkeys((above, above / entry.torchvision, above / "raw")):
            named = entry.format == "idx" and not own.isdisjoint(folder.absolute().parts)
            found = {archive.filename: _packed_or_not(folder, archive, named) for archive in entry.archives}
            if all(found.values()):
                return {filename: path for filename, path in found.items() if path}
    return None


def _packed_or_not(folder: Path, archive: Archive, named: bool) -> Path | None:
    packed, unpacked = folder / archive.filename, folder / archive.filename.removesuffix(".gz")
    if packed.is_file():
        return packed
    return unpacked if unpacked.is_file() and (named or archive.content_sha256) else None


def find_cifar_folder(name: str, data_dir: Path, folder_name: str) -> Path | None:
    """Return an extracted CIFAR-10 folder: ``data_dir`` itself, or one inside it or inside ``data_dir/name``."""
    candidates = (data_dir, data_dir / folder_name, data_dir / name / folder_name)
    return next((folder for folder in candidates if folder.name == folder_name and folder.is_dir()), None)


def read_archives(entry: ImageArchives, paths: dict[str, Path], part: str) -> Arrays:
    """Read the ``train`` or ``test`` part of an archive set, verified."""
    if entry.format == "idx":
        return read_idx(paths, entry, part)
    (archive,) = entry.archives
    return read_cifar_archive(paths[archive.filename], archive, part)


def open_archives(entry: ImageArchives, name: str, data_dir: Path | None) -> Read:
    """Return what reads the splits.

    Original files are looked for first (see :func:`find_archives`), then a folder prepared by TensorFlow Datasets,
    then the archives are downloaded into ``data_dir``. From archives the order is the original one; a prepared folder
    has the order of its records, so its ``train`` and ``validation`` splits hold other images of the training file.
    """
    rows = {"train": slice(entry.num_train), "validation": slice(entry.num_train, None), "test": slice(None)}

    @cache
    def part(name_of_part: str) -> Arrays:
        return _read_part(entry, name, name_of_part, data_dir or default_data_dir())

    def read(split: str, fold: int = 0) -> Arrays:
        images, labels = part("test" if split == "test" else "train")
        return images[rows[split]], labels[rows[split]]

    return read


def _read_part(entry: ImageArchives, name: str, part: str, data_dir: Path) -> Arrays:
    if archives := find_archives(entry, name, data_dir):
        return read_archives(entry, archives, part)
    if entry.format == "cifar":
        if folder := find_cifar_folder(name, data_dir, CIFAR_FOLDER):
            return read_cifar_folder(folder, part)
        if folder := find_cifar_folder(name, data_dir, entry.torchvision):
            return read_batches(folder, part)
    if prepared := find_prepared(name, data_dir):
        images, labels = tfds.read_prepared(prepared, part)
        if images.shape[1:] != entry.shape or not 0 <= labels.min() <= labels.max() < len(entry.classes):
            raise GancliError(
                f"{prepared} does not hold {name}: its images are {show_shape(images.shape[1:])} with labels from "
                f"{labels.min()} to {labels.max()}, expected {show_shape(entry.shape)} of {len(entry.classes)} "
                f"classes. Give another --data-dir."
            )
        return images, labels
    return read_archives(entry, tfds.download(entry, name, data_dir), part)
