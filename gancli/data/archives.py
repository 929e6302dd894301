"""Data sets in their original archives (IDX, CIFAR): found, verified against checksums, parsed."""

import gzip
import hashlib
import tarfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from gancli.data import tfds
from gancli.data.kinds import Archive, ImageArchives, Read
from gancli.data.prepared import default_data_dir, find_prepared
from gancli.errors import GancliError

CIFAR_FOLDER = "cifar-10-batches-bin"
CIFAR_RECORD = 1 + 32 * 32 * 3  # a label, then three planes of 32 x 32
CIFAR_FILES = {"train": tuple(f"data_batch_{n}.bin" for n in range(1, 6)), "test": ("test_batch.bin",)}

Arrays = tuple[np.ndarray, np.ndarray]  # images uint8 [N, H, W, C], labels int32 [N]


def read_file(path: Path) -> bytes:
    """Read a file whole.

    Raises:
        GancliError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise GancliError(f"cannot read {path}: {error.strerror}.") from None


def verified_content(path: Path, archive: Archive) -> bytes:
    """Return what a gzip archive decompresses to, after comparing SHA-256 of the file or of its content.

    Raises:
        GancliError: the file is damaged, or holds other bytes than those published.
    """
    raw = read_file(path)
    try:
        content = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error):
        raise GancliError(
            f"{path} is damaged (not a whole gzip file). Delete it and fetch {archive.url} again."
        ) from None
    digest = hashlib.sha256(raw).hexdigest()
    if digest != archive.sha256 and hashlib.sha256(content).hexdigest() != archive.content_sha256:
        raise GancliError(
            f"{path} is not the published file: SHA-256 {digest[:12]}..., expected {archive.sha256[:12]}.... "
            f"Delete it and fetch {archive.url} again."
        )
    return content


def parse_idx(content: bytes, path: Path) -> np.ndarray:
    """Parse LeCun's IDX format: a magic number, big-endian sizes, unsigned bytes."""
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise GancliError(f"{path} is not an IDX file of unsigned bytes.")
    rank = content[3]
    sizes = np.frombuffer(content, ">u4", count=rank, offset=4)
    if len(content) != 4 + 4 * rank + int(np.prod(sizes, dtype=np.int64)):
        raise GancliError(f"{path} is cut short: its header promises {'x'.join(map(str, sizes))} bytes.")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(sizes)


def read_idx(folder: dict[str, Path], archives: tuple[Archive, ...], part: str) -> Arrays:
    """Read the images and labels of MNIST's ``train`` or ``test`` files (and of the sets that share their format)."""
    prefix = {"train": "train", "test": "t10k"}[part]
    images, labels = (
        parse_idx(verified_content(folder[archive.filename], archive), folder[archive.filename])
        for kind in ("images", "labels")
        for archive in archives
        if archive.filename.startswith(f"{prefix}-{kind}")
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
        raise GancliError(
            f"{path} is not the published file: SHA-256 {digest[:12]}..., expected {archive.sha256[:12]}.... "
            f"Delete it and fetch {archive.url} again."
        )
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
    """Return the original archives by file name where all of them lie in ``data_dir`` or ``data_dir/name``."""
    for folder in (data_dir, data_dir / name):
        paths = {archive.filename: folder / archive.filename for archive in entry.archives}
        if all(path.is_file() for path in paths.values()):
            return paths
    return None


def find_cifar_folder(name: str, data_dir: Path) -> Path | None:
    """Return an extracted CIFAR-10 folder: ``data_dir`` itself, or one inside it or inside ``data_dir/name``."""
    candidates = (data_dir, data_dir / CIFAR_FOLDER, data_dir / name / CIFAR_FOLDER)
    return next((folder for folder in candidates if folder.name == CIFAR_FOLDER and folder.is_dir()), None)


def read_archives(entry: ImageArchives, paths: dict[str, Path], part: str) -> Arrays:
    """Read the ``train`` or ``test`` part of an archive set, verified."""
    if entry.format == "idx":
        return read_idx(paths, entry.archives, part)
    (archive,) = entry.archives
    return read_cifar_archive(paths[archive.filename], archive, part)


def open_archives(entry: ImageArchives, name: str, data_dir: Path | None) -> Read:
    """Return what reads the splits.

    Archives are looked for first (``data_dir`` or ``data_dir/name``), then a folder prepared by TensorFlow Datasets,
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
    if entry.format == "cifar" and (folder := find_cifar_folder(name, data_dir)):
        return read_cifar_folder(folder, part)
    if prepared := find_prepared(name, data_dir):
        return tfds.read_prepared(prepared, part)
    return read_archives(entry, tfds.download(entry, name, data_dir), part)
