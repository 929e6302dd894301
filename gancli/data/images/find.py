"""One's own pictures, where they lie: a folder, a zip or an .npz, and the class of each."""

import contextlib
import csv
import hashlib
import io
import json
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from gancli.data.images.arrays import read_images
from gancli.data.images.decode import EXTENSIONS, open_picture
from gancli.errors import GancliError


@dataclass(frozen=True)
class Picture:
    """One picture, not read yet."""

    name: str  # inside the folder or archive
    label: str  # its class; empty where there are none
    read: Callable[[], bytes]
    open: Callable[[bytes], Image.Image] = open_picture


def state(path: Path) -> str:
    """Return the name, size, times and place on disk of every file, hashed: the same as long as none is changed.

    Raises:
        GancliError: there is nothing there.
    """
    if not path.exists():
        raise GancliError(f"no such folder or file: '{path}'.")
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        with contextlib.suppress(OSError):  # a link to nowhere, or gone meanwhile
            about = file.stat()
            if stat.S_ISREG(about.st_mode):
                times = (about.st_mtime_ns, about.st_ctime_ns)  # the latter cannot be set back
                line = f"{file.relative_to(path)} {about.st_size} {times} {(about.st_dev, about.st_ino)}\n"
                digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def find_pictures(path: Path) -> list[Picture]:
    """Return the pictures of a folder, a ``.zip`` or an ``.npz``, in the order of their names.

    Classes are those of ``labels.csv`` (file, class), of NVIDIA's ``dataset.json``, or the folders on the first level.

    Raises:
        GancliError: there is nothing there, it cannot be read, or it holds no pictures.
    """
    if path.is_dir():
        files = {p.relative_to(path).as_posix(): p for p in path.rglob("*") if p.is_file()}
        readers: dict[str, Callable[[], bytes]] = {name: file.read_bytes for name, file in files.items()}
    elif not path.is_file():
        raise GancliError(f"no such folder or file: '{path}'.")
    elif path.suffix.lower() == ".npz":
        return _of_arrays(path)
    else:
        readers = _of_zip(path)
    hidden = {name for name in readers if any(part.startswith((".", "__MACOSX")) for part in name.split("/"))}
    names = sorted(name for name in readers if name not in hidden and name.lower().endswith(EXTENSIONS))
    if not names:
        others = Counter(Path(name).suffix.lower() or "no extension" for name in readers if name not in hidden)
        has = ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(5))
        raise GancliError(f"no pictures in '{path}' ({', '.join(EXTENSIONS)}).{f' It has: {has}.' if has else ''}")
    labels = _labels(path, readers, names)
    return [Picture(name, labels[name], readers[name]) for name in names]


def _of_zip(path: Path) -> dict[str, Callable[[], bytes]]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile):
        raise GancliError(f"'{path}' is not a zip file, or damaged.") from None
    return {name: partial(_read_member, archive, name) for name in archive.namelist() if not name.endswith("/")}


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise GancliError(f"the archive is damaged here ({' '.join(str(error).split())})") from None


def _of_arrays(path: Path) -> list[Picture]:
    images = read_images(path)
    with np.load(path, allow_pickle=False) as arrays:
        labels = arrays["labels"] if "labels" in arrays.files else None
    if labels is not None and (labels.shape != (len(images),) or labels.dtype.kind not in "iuUS"):
        raise GancliError(
            f"labels in '{path}' must be integers or strings of shape [{len(images)}], got {labels.dtype} of shape "
            f"{list(labels.shape)}."
        )
    shape = images.shape[1:]

    def as_image(content: bytes) -> Image.Image:
        return Image.fromarray(np.frombuffer(content, np.uint8).reshape(shape if shape[-1] > 1 else shape[:2]))

    return [
        Picture(f"images[{row}]", "" if labels is None else str(labels[row]), images[row].tobytes, as_image)
        for row in range(len(images))
    ]


def _labels(path: Path, readers: dict[str, Callable[[], bytes]], names: Sequence[str]) -> dict[str, str]:
    """Return the class of every picture."""
    if "labels.csv" in readers:
        rows = list(csv.reader(io.StringIO(readers["labels.csv"]().decode("utf-8-sig", "replace"))))
        listed = {row[0].strip(): row[1].strip() for row in rows if len(row) >= 2}
    elif "dataset.json" in readers:
        try:
            pairs = json.loads(readers["dataset.json"]()).get("labels") or []
            listed = {str(name): str(label) for name, label in (pairs.items() if isinstance(pairs, dict) else pairs)}
        except (ValueError, TypeError, AttributeError):
            raise GancliError(f"dataset.json in '{path}' is not NVIDIA's: no list of files and labels.") from None
    else:
        return {name: name.split("/")[0] if "/" in name else "" for name in names}
    if not listed:
        return dict.fromkeys(names, "")
    if missing := [name for name in names if name not in listed]:
        table = "labels.csv" if "labels.csv" in readers else "dataset.json"
        raise GancliError(f"{table} in '{path}' has no class for {len(missing):,} pictures, the first is {missing[0]}.")
    return {name: listed[name] for name in names}
