"""The images of a folder, a zip or a file of arrays: the only place that says which files are images.

Nothing is decoded here. Files that are no images are counted, so that nobody loses any without a word.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from gancli.data.images.arrays import read_images
from gancli.data.images.classes import find_labels
from gancli.data.images.decode import EXTENSIONS, TOO_LARGE, open_image
from gancli.data.prepared import is_prepared
from gancli.data.tfds import encoded_images
from gancli.errors import GancliError
from gancli.files import read_arrays

FORMS = "a folder of images, or a .zip, .npz or .npy file"
UNREADABLE, BROKEN, LINK = "unreadable folder", "broken link", "link inside an archive"
LOST = (UNREADABLE, BROKEN, LINK)  # behind which there may be images
HIDDEN = (".", "__macosx")  # what files and folders that are never data begin with
SYSTEM = ("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "@eadir")

Reader = Callable[[], bytes]


@dataclass(frozen=True)
class ImageFile:
    """One image, not read yet."""

    name: str  # inside the folder or archive
    label: str  # its class; empty where there are none
    read: Reader
    open: Callable[[bytes], Image.Image] = open_image


@dataclass(frozen=True)
class Found:
    """What a folder, a zip or a file of arrays holds."""

    files: tuple[ImageFile, ...]  # in the order of their names
    passed_over: dict[str, int]  # how many files were not taken, by extension or reason, the most frequent first
    notes: tuple[str, ...] = ()  # what else was not taken


def form_of(path: Path) -> str:
    """Return ``folder``, ``prepared`` (by TensorFlow Datasets), ``zip`` or ``arrays``.

    Of a file the extension says so or, without one that is known, its content.

    Raises:
        GancliError: there is nothing there, or it has no form that gancli reads.
    """
    if os.path.isdir(path):
        return "prepared" if is_prepared(path) else "folder"
    if not os.path.isfile(path):
        raise GancliError(f"no such folder or file: '{path}'.")
    suffix = path.suffix.lower()
    if suffix in (".npz", ".npy"):
        return "arrays"
    if suffix == ".zip":
        return "zip"
    if suffix in EXTENSIONS:
        raise GancliError(f"'{path}' is a single image. Give {FORMS}.")
    if zipfile.is_zipfile(path):
        return "arrays" if all(one.filename.endswith(".npy") for one in _open_zip(path).infolist()) else "zip"
    with contextlib.suppress(OSError), path.open("rb") as file:
        if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
            return "arrays"
    raise GancliError(f"'{path}' has no form that gancli reads. Give {FORMS}.")


def find_images(path: Path) -> Found:
    """Find the images of a folder, a ``.zip``, an ``.npz`` or an ``.npy``, and the class of each.

    A folder may be one that TensorFlow Datasets prepared.

    Raises:
        GancliError: there is nothing there, it cannot be read, it holds runs of gancli, or no images.
    """
    form = form_of(path)
    if form == "arrays":
        return Found(_of_arrays(path), {})
    if form == "prepared":
        images, notes = encoded_images(path)
        return Found(tuple(ImageFile(*image) for image in images), {}, notes)
    if form == "zip":
        readers, passed = _of_zip(path)
    else:
        files, passed = walk(path)
        readers = {name: partial(_read_file, file) for name, file in files.items()}
    _refuse_runs(path, readers)
    names = sorted(name for name in readers if name.lower().endswith(EXTENSIONS))
    if not names:
        passed.update(_kind(name) for name in readers)
        has = f" It has: {counted(passed)}." if passed else ""
        raise GancliError(f"no images in '{path}' ({', '.join(EXTENSIONS)}).{has}")
    labels = find_labels(path, readers, names)
    taken = {*names, labels.table}
    passed.update(_kind(name) for name in readers if name not in taken)
    images = (
        ImageFile(name, labels.by_name[name], readers[name], partial(open_image, extension=_kind(name)))
        for name in names
    )
    return Found(tuple(images), dict(passed.most_common()), labels.notes)


def counted(counts: Mapping[str, int], most: int = 5) -> str:
    """Return ``3 .txt, 1 .csv``, of many kinds the most frequent."""
    shown = ", ".join(f"{count:,} {name}" for name, count in Counter(counts).most_common(most))
    return shown if len(counts) <= most else f"{shown} and {len(counts) - most} more"


def walk(folder: Path) -> tuple[dict[str, Path], Counter[str]]:
    """Return the files under a folder by name, however deep and through links, and what could not be followed.

    What is never data is left out: hidden files, and what systems put into every folder.
    """
    files: dict[str, Path] = {}
    passed: Counter[str] = Counter()
    waiting: list[tuple[Path, str, frozenset[tuple[int, int]]]] = [(folder, "", frozenset())]
    while waiting:
        here, prefix, above = waiting.pop()
        try:
            about = here.stat()
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            passed[UNREADABLE] += 1
            continue
        place = (about.st_dev, about.st_ino)
        if place in above:
            passed["link in a circle"] += 1
            continue
        entries = [entry for entry in entries if not _is_never_data(entry.name)]
        if prefix and not entries:
            passed["empty folder"] += 1
        for entry in entries:
            name = prefix + entry.name
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:
                is_folder = is_file = False
            if is_folder:
                waiting.append((Path(entry.path), f"{name}/", above | {place}))
            elif is_file:
                files[name] = Path(entry.path)
            else:
                passed[BROKEN if entry.is_symlink() else "special file"] += 1
    return files, passed


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except MemoryError:
        raise GancliError(TOO_LARGE) from None


def _is_never_data(part: str) -> bool:
    part = part.lower()
    return part.startswith(HIDDEN) or part in SYSTEM


def _kind(name: str) -> str:
    return Path(name).suffix.lower() or "no extension"


def _refuse_runs(path: Path, readers: Mapping[str, Reader]) -> None:
    for name, read in readers.items():
        folder, _, file = name.rpartition("/")
        if file == "config.json" and _is_of_run(read):
            if not folder:
                raise GancliError(f"'{path}' is a run of gancli, not a folder of images.")
            raise GancliError(
                f"'{path}' holds runs of gancli ('{folder}' is one), whose pictures are no data. "
                f"Give one of the runs, or a folder without runs."
            )


def _is_of_run(read: Reader) -> bool:
    try:
        content = json.loads(read())
    except (OSError, ValueError, RecursionError, GancliError):
        return False
    return isinstance(content, dict) and "gancli" in content


def state(path: Path) -> str:
    """Return the name, size, times and place on disk of every file, hashed: the same as long as none is changed.

    Raises:
        GancliError: there is nothing there.
    """
    if not os.path.exists(path):
        raise GancliError(f"no such folder or file: '{path}'.")
    digest = hashlib.sha256()
    for name, file in (walk(path)[0] if path.is_dir() else {"": path}).items():
        try:
            about = file.stat()
        except OSError:  # gone meanwhile
            continue
        times = (about.st_mtime_ns, about.st_ctime_ns)  # the latter cannot be set back
        line = f"{name} {about.st_size} {times} {(about.st_dev, about.st_ino)}\n"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise GancliError(f"cannot read '{path}': {error.strerror or error}.") from None
    except Exception:  # of a damaged archive Python raises whatever it leads to
        raise GancliError(f"'{path}' is not a zip file, or damaged.") from None


def _of_zip(path: Path) -> tuple[dict[str, Reader], Counter[str]]:
    """Return what reads each file of an archive, under the name that unpacking it would give, and what was left out."""
    archive = _open_zip(path)
    readers: dict[str, Reader] = {}
    passed: Counter[str] = Counter()
    folders: set[str] = set()
    for member in archive.infolist():
        parts = _unpacked(member.filename)
        name = "/".join(parts)
        if not parts or any(map(_is_never_data, parts)):
            continue
        if member.filename.endswith(("/", "\\")):
            folders.add(f"{name}/")
            continue
        if stat.S_ISLNK(member.external_attr >> 16):  # as `zip --symlinks` keeps them: a path in place of a content
            passed[LINK] += 1
            continue
        if name in readers:  # as when both are unpacked, the last one stays
            passed["second file of one name"] += 1
        readers[name] = partial(_read_member, archive, member)
    above = {f"{name[:end]}/" for name in (*folders, *readers) for end, letter in enumerate(name[:-1]) if letter == "/"}
    if empty := folders - above:
        passed["empty folder"] += len(empty)
    return readers, passed


def _unpacked(name: str) -> list[str]:
    """Return folders and file of a name in an archive, without what unpacking leaves out: a drive, ``.`` and ``..``."""
    name = re.sub(r"^[A-Za-z]:", "", name.replace("\\", "/"))
    return [part for part in name.split("/") if part not in ("", ".", "..")]


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(member)
    except NotImplementedError:
        raise GancliError("the archive is compressed in a way that Python cannot read; zip it with Deflate") from None
    except RuntimeError:
        raise GancliError("the archive asks for a password; zip it without") from None
    except MemoryError:
        raise GancliError(TOO_LARGE) from None
    except Exception as error:  # as above
        raise GancliError(f"the archive is damaged here ({' '.join(str(error).split())})") from None


def _array(path: Path, wanted: str) -> np.ndarray | None:
    """Return the array of that name; None: there is none."""
    return read_arrays(path, lambda names: [wanted] if wanted in names else []).get(wanted)


def _named(labels: np.ndarray, listed: np.ndarray, path: Path) -> np.ndarray:
    """Return the name of the class of every image: what integer labels index, as in the files of `gancli sample`."""
    if listed.ndim != 1 or listed.dtype.kind not in "US" or labels.min() < 0 or labels.max() >= len(listed):
        raise GancliError(
            f"class_names in '{path}' must be strings that the labels, {labels.min()} to {labels.max()}, index; got "
            f"{listed.dtype} of shape {list(listed.shape)}. Rename the array if it is something else."
        )
    return listed[labels]


def _of_arrays(path: Path) -> tuple[ImageFile, ...]:
    images = read_images(path)
    labels = _array(path, "labels")
    if labels is not None and (labels.shape != (len(images),) or labels.dtype.kind not in "iuUS"):
        raise GancliError(
            f"labels in '{path}' must be integers or strings of shape [{len(images)}], got {labels.dtype} of shape "
            f"{list(labels.shape)}."
        )
    if labels is not None and labels.dtype.kind in "iu" and (listed := _array(path, "class_names")) is not None:
        labels = _named(labels, listed, path)
    if labels is not None and labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    shape = images.shape[1:]

    def as_image(content: bytes) -> Image.Image:
        return Image.fromarray(np.frombuffer(content, np.uint8).reshape(shape if shape[-1] > 1 else shape[:2]))

    return tuple(
        ImageFile(f"images[{row}]", "" if labels is None else str(labels[row]), images[row].tobytes, as_image)
        for row in range(len(images))
    )
