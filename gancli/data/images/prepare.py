"""Your images brought to one size, in parallel, once, and kept by their content.

Their SHA-256 decide which of them are held out of training, and the order in which the images of each split stand. So
the data set does not depend on names, dates or where it lies.
"""

import hashlib
import json
import os
import shutil
import statistics
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np

from gancli.compute.cache import cache_folder, find_kept
from gancli.data.class_names import in_order
from gancli.data.images.decode import (
    GRAY_MODES,
    MAX_PIXELS,
    Framing,
    check_pixels,
    decode,
    frame,
    num_frames,
    upright_size,
)
from gancli.data.images.find import LOST, Found, ImageFile, counted, find_images, state
from gancli.data.images.pairs import check_wide, find_pairs, frame_pair
from gancli.data.images.splits import split_rows
from gancli.data.summaries import keep_summary
from gancli.errors import GancliError
from gancli.files import appearing, read_json, remove_unfinished, write_atomically
from gancli.reporting import Reporter, Silence, number_of

LARGEST_BY_ITSELF = 64  # pixels of a resolution that nobody asked for
VERSION = 4  # of what preparation does; another one prepares anew
ABANDONED = 24 * 3600.0  # seconds after which nobody still writes what is unfinished
NAMED = 3  # broken files that a message names
RECEIPT = {"folder", "classes", "sizes", "count", "broken", "passed_over", "notes"}  # what is kept of a preparation


@dataclass(frozen=True)
class Seen:
    """What the content and the header of an image file say."""

    file: ImageFile
    sha256: str  # empty: its content could not be read
    size: tuple[int, int] | None = None  # width and height, upright; None: broken
    mode: str = ""  # Pillow's color mode
    form: str = ""  # of the file: PNG, JPEG, ...
    broken: str = ""  # why it cannot be used
    frames: int = 1  # of which the first is used

    @property
    def draw(self) -> tuple[float, float]:
        """Where a random square of it lies, across and down, in [0, 1]: decided by its content."""
        across, down = (int(self.sha256[start : start + 8], 16) / (16**8 - 1) for start in (0, 8))
        return across, down


@dataclass(frozen=True)
class Prepared:
    """Images of one size, in host memory or on disk: split after split, each in the order of their hashes."""

    images: np.ndarray  # uint8 [N, H, W, C]
    labels: np.ndarray  # int32 [N]
    classes: tuple[str, ...]  # names by label
    sizes: dict[str, int]  # of the splits, in the order in which they stand

    def split(self, split: str, fold: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return images and labels of ``train``, ``validation`` or ``test``."""
        names = list(self.sizes)
        start = sum(self.sizes[name] for name in names[: names.index(split)])
        rows = slice(start, start + self.sizes[split])
        return self.images[rows], self.labels[rows]


Item = TypeVar("Item")
Result = TypeVar("Result")


def _in_parallel(
    work: Callable[[Item], Result], items: Sequence[Item], what: str, listener: Reporter
) -> Iterable[Result]:
    """Yield ``work`` of every item in order; Pillow and hashing leave Python's lock to other threads."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for done, result in enumerate(threads.map(work, items), start=1):
            listener.advance(what, done, len(items))
            yield result


def look(
    files: Sequence[ImageFile], listener: Reporter, *, pixels: bool = False, max_pixels: int = MAX_PIXELS
) -> list[Seen]:
    """Read every image's content and header; its pixels only if asked for."""
    work = partial(_look, pixels=pixels, max_pixels=max_pixels)
    return list(_in_parallel(work, files, "looking at images", listener))


def _look(file: ImageFile, *, pixels: bool, max_pixels: int) -> Seen:
    digest = ""
    try:
        content = file.read()
        digest = hashlib.sha256(content).hexdigest()
        image = file.open(content)
        check_pixels(image, max_pixels)
        size, mode, form = upright_size(image), image.mode, image.format or ""
        if pixels:
            _ = decode(image, 4)
        return Seen(file, digest, size, mode, form, frames=num_frames(image))
    except (OSError, GancliError) as error:
        return Seen(file, digest, broken=_reason(error))


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def in_content_order(seen: Iterable[Seen]) -> list[Seen]:
    """Sort images by their content, and copies of one image by their classes."""
    return sorted(seen, key=lambda one: (one.sha256, one.file.label))


def class_names(seen: Iterable[Seen]) -> tuple[str, ...]:
    """Return the names of all classes in order, also of those whose images are all broken."""
    return in_order(one.file.label for one in seen if one.file.label or one.size)


def chosen_framing(framing: Framing, seen: Sequence[Seen]) -> tuple[int, str, int]:
    """Return resolution, crop and number of channels for images of which none is broken."""
    framing.check()
    resolution = framing.resolution
    if resolution == 0:
        short = statistics.median(min(one.size) for one in seen if one.size)
        resolution = int(min(max(short // 4 * 4, 8), LARGEST_BY_ITSELF))
    if framing.channels != "auto":
        return resolution, framing.crop, int(framing.channels)
    return resolution, framing.crop, 1 if all(one.mode in GRAY_MODES for one in seen) else 3


def prepare(path: Path, framing: Framing, listener: Reporter) -> Prepared:
    """Bring your images to one size, or take what was kept of the last time; broken ones are left out and named.

    Raises:
        GancliError: there are no images, all are broken, or the cache cannot be written.
        UsageError: the framing is none.
    """
    framing.check()
    name = _receipt_name(path, framing)
    receipt = find_kept(name)
    if (found := _receipt(receipt)) is None:
        receipt = cache_folder() / name
        found = _prepare(path, framing, receipt, listener)
    tell(path, found["passed_over"], found["notes"], listener)
    _tell_broken(path, found["broken"], found["count"], listener)
    kept = _kept(receipt.parent / found["folder"])
    assert kept is not None, "it was looked at, or made, a moment ago"
    prepared = Prepared(kept.images, kept.labels, tuple(found["classes"]), found["sizes"])
    for split in prepared.sizes:
        keep_summary(prepared.split(split)[0], listener)
    listener.status(_summary(path, prepared, framing))
    return prepared


def files_of(path: Path, framing: Framing, listener: Reporter, split: str) -> list[Seen]:
    """Return the files of the images of a split that :func:`prepare` makes, in the order of its images.

    Raises:
        GancliError: as :func:`prepare`.
    """
    prepared = prepare(path, framing, Silence())
    files = find_pairs(path) if framing.pairs else find_images(path)
    seen = look(files.files, listener, max_pixels=framing.max_pixels)
    kept = find_kept(_receipt_name(path, framing))
    receipt = _receipt(kept) if kept else None  # None where a file could not be read: there is none to lose then
    lost = {name for name, _ in receipt["broken"]} if receipt else set()
    whole = [one for one in in_content_order(one for one in seen if one.size) if one.file.name not in lost]
    label_of = {name: label for label, name in enumerate(prepared.classes)}
    rows = split_rows(np.array([label_of[one.file.label] for one in whole]), framing.held_out)
    return [whole[row] for row in rows[split]]


def notes_on(path: Path, found: Found, seen: Sequence[Seen]) -> list[str]:
    """Return what is not used beside files that are no images: rows of tables, and frames behind the first."""
    several = [one.frames for one in seen if one.frames > 1]
    if not several:
        return list(found.notes)
    behind = number_of(sum(several) - len(several), "frame or page", "frames or pages")
    images = number_of(len(several), "image", "images")
    return [*found.notes, f"passed over {behind} behind the first of {images} in '{path}'"]


def tell(path: Path, passed_over: dict[str, int], notes: Sequence[str], listener: Reporter) -> None:
    """Say how many files were not taken, of what kinds they are, and what else was not."""
    lost = {reason: count for reason, count in passed_over.items() if reason in LOST}
    if lost:
        listener.warning(f"there may be images in '{path}' that cannot be reached: {counted(lost)}.")
    others = {reason: count for reason, count in passed_over.items() if reason not in LOST}
    if count := sum(others.values()):
        what = number_of(count, "file that is no image", "files that are no images")
        listener.status(f"passed over {what} in '{path}': {counted(others)}")
    for note in notes:
        listener.status(note)


def _receipt_name(path: Path, framing: Framing) -> str:
    return f"images/{_short_hash(f'{VERSION} {framing} {state(path)}')}.json"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _receipt(path: Path) -> dict[str, Any] | None:
    """Return what was found when the same unchanged files were prepared, unless the cache has lost any of it."""
    try:
        found: dict[str, Any] = read_json(path)
        return found if found.keys() == RECEIPT and _kept(path.parent / found["folder"]) else None
    except (GancliError, ValueError, TypeError, AttributeError):
        return None


class Kept(NamedTuple):
    """What a folder of the cache holds."""

    images: np.ndarray  # uint8 [N, H, W, C], on disk
    labels: np.ndarray  # int32 [N]
    about: dict[str, Any]  # classes, sizes of the splits, and what could not be decoded


def _kept(folder: Path) -> Kept | None:
    """Return what a folder of the cache holds; None where anything is missing or damaged."""
    try:
        images, labels = (np.load(folder / name, mmap_mode="r") for name in ("images.npy", "labels.npy"))
        kept = Kept(images, np.asarray(labels), read_json(folder / "about.json"))
        counts = {len(images), len(labels), sum(kept.about["sizes"].values())}
        return kept if len(counts) == 1 and kept.about.keys() == {"classes", "sizes", "broken"} else None
    except Exception:  # NumPy raises whatever a damaged file leads it to
        return None


def _prepare(path: Path, framing: Framing, receipt: Path, listener: Reporter) -> dict[str, Any]:
    """Read all images, and decode them unless that has been done, under whatever names; return what to remember."""
    files = find_pairs(path) if framing.pairs else find_images(path)
    seen = look(files.files, listener, max_pixels=framing.max_pixels)
    whole = [one for one in seen if one.size]
    broken = [one for one in seen if not one.size]
    if not whole:
        _tell_broken(path, _named(broken), len(seen), listener)
        raise GancliError(f"none of the images in '{path}' can be read.")
    if framing.pairs:
        check_wide(path, [one.size for one in whole if one.size])
    whole = in_content_order(whole)
    how = (*chosen_framing(framing, whole), *(("pairs",) if framing.pairs else ()))
    classes = class_names(seen)
    content = [(one.sha256, one.file.label) for one in whole]
    folder = receipt.with_name(_short_hash(f"{VERSION} {how} {framing.held_out} {classes} {content}"))
    if (kept := _kept(folder)) is None:
        try:
            _fill(folder, path, whole, classes, how, framing.held_out, listener)
        except GancliError:
            if _kept(folder) is None:
                raise
            # Another process has prepared the same images meanwhile.
        kept = _kept(folder)
        assert kept is not None, "it was made a moment ago"
    about = kept.about
    undecoded = about["broken"]
    broken += [replace(one, broken=undecoded[one.sha256]) for one in whole if one.sha256 in undecoded]
    found = {"folder": folder.name, "classes": about["classes"], "sizes": about["sizes"], "count": len(seen)}
    found |= {"broken": _named(broken), "passed_over": files.passed_over, "notes": notes_on(path, files, seen)}
    if all(one.sha256 for one in seen):  # what stood in the way of the others may be gone next time
        write_atomically(receipt, json.dumps(found))
    return found


def _named(broken: Sequence[Seen]) -> list[tuple[str, str]]:
    return [(one.file.name, one.broken) for one in broken]


def _tell_broken(path: Path, broken: Sequence[tuple[str, str]], count: int, listener: Reporter) -> None:
    """Warn of those of ``count`` images, by name and reason, that are left out."""
    if broken:
        named = "; ".join(f"{name}: {reason}" for name, reason in broken[:NAMED])
        more = f"; and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
        listener.warning(f"left out {len(broken):,} of the {count:,} images in '{path}' ({named}{more}).")


def _fill(
    folder: Path,
    path: Path,
    seen: Sequence[Seen],
    classes: Sequence[str],
    how: tuple[Any, ...],
    held_out: float,
    listener: Reporter,
) -> None:
    """Decode and keep images, framed as :func:`chosen_framing` says; the folder appears when it is complete."""
    resolution, crop, channels, *paired = how
    framed, depth = (frame_pair, 2 * channels) if paired else (frame, channels)
    label_of = {name: label for label, name in enumerate(classes)}

    def image(one: Seen) -> np.ndarray | str:
        content = _read_again(path, one)
        try:
            decoded = decode(one.file.open(content), channels)
            return framed(decoded, resolution, crop, one.draw)
        except (OSError, GancliError) as error:
            return _reason(error)

    shutil.rmtree(folder, ignore_errors=True)  # one that is damaged
    remove_unfinished(folder.parent, "*", age=ABANDONED)
    with appearing(folder) as part:
        part.mkdir()
        broken, labels = {}, []
        with (part / "images.npy").open("wb") as file:
            _write_header(file, (len(seen), resolution, resolution, depth))
            for one, found in zip(seen, _in_parallel(image, seen, "preparing images", listener), strict=True):
                if isinstance(found, str):
                    broken[one.sha256] = found
                else:
                    file.write(found.tobytes())
                    labels.append(label_of[one.file.label])
            _write_header(file, (len(labels), resolution, resolution, depth))  # now that their number is known
        if not labels:
            _tell_broken(path, [(one.file.name, broken[one.sha256]) for one in seen], len(seen), listener)
            raise GancliError(f"none of the images in '{path}' can be read.")
        rows = split_rows(np.array(labels), held_out)
        order = np.concatenate(list(rows.values()))
        _reorder(part / "images.npy", order)
        np.save(part / "labels.npy", np.array(labels, np.int32)[order])
        sizes = {split: len(found) for split, found in rows.items()}
        (part / "about.json").write_text(json.dumps({"classes": classes, "sizes": sizes, "broken": broken}))


def _read_again(path: Path, one: Seen) -> bytes:
    """Return the content of an image that was looked at before; what is kept under its hash must be that."""
    try:
        content = one.file.read()
    except (OSError, GancliError) as error:
        raise GancliError(f"cannot read {one.file.name} in '{path}' any more: {_reason(error)}.") from None
    if hashlib.sha256(content).hexdigest() != one.sha256:
        raise GancliError(f"{one.file.name} in '{path}' changed while it was read. Start again.")
    return content


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the beginning of an ``.npy`` file; NumPy gives it the same length whatever the number of images."""
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _reorder(path: Path, order: np.ndarray) -> None:
    """Bring the images of a file into another order: what is trained on is streamed from one part of the file."""
    if (order[:-1] < order[1:]).all():
        return
    images = np.load(path, mmap_mode="r")
    with path.with_suffix(".ordered").open("wb") as file:
        _write_header(file, images.shape)
        for row in order:
            file.write(images[row].tobytes())
    del images  # closed before it is replaced
    os.replace(file.name, path)


def _summary(path: Path, prepared: Prepared, framing: Framing) -> str:
    count, height, width, channels = prepared.images.shape
    what, channels = ("pairs", channels // 2) if framing.pairs else ("images", channels)
    sizes, num_classes = prepared.sizes, len(prepared.classes)
    classes = f", {num_classes} classes" if num_classes > 1 else ""
    how = {"center": "cropped to the center", "random": "cropped anywhere", "none": "squeezed"}[framing.crop]
    return (
        f"{count:,} {what} in '{path}' as {height}x{width}x{channels}, {how}{classes}: "
        f"{sizes['train']:,} to train on, {sizes['validation']:,} for validation, {sizes['test']:,} for testing"
    )
