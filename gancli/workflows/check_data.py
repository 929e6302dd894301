"""``gancli data check``: what your images are, before anything is trained on them."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gancli.data.class_names import warn_of_untrained
from gancli.data.images.decode import Framing
from gancli.data.images.find import find_images
from gancli.data.images.prepare import Seen, chosen_framing, class_names, in_content_order, look, notes_on
from gancli.data.images.splits import split_rows
from gancli.reporting import Reporter


@dataclass(frozen=True)
class DataCheck:
    """What was found; names are those inside the folder or archive."""

    path: Path
    count: int  # images, broken ones included
    passed_over: dict[str, int]  # files that are no images, by extension or reason
    notes: list[str]  # what else is not used: frames behind the first, rows of tables
    sizes: dict[str, int]  # 640x480 (width x height): how many, the most frequent first
    shortest: tuple[int, float, int] | None  # least, median and greatest length of the shorter side, pixels
    modes: dict[str, int]  # Pillow's color modes, likewise
    classes: dict[str, int]  # in their order; empty where there are none
    splits: dict[str, dict[str, int]]  # how many of each class are in each split, of the only one without a name
    broken: dict[str, str]  # name and reason
    duplicates: list[list[str]]  # groups of names with the same content
    trained_as: tuple[int, int, int] | None  # H, W, C; None: nothing can be read

    def to_dict(self) -> dict[str, Any]:
        """Return the values as JSON."""
        return {name: value for name, value in vars(self).items() if name != "path"} | {"path": str(self.path)}


def check_data(path: Path, framing: Framing, reporter: Reporter) -> DataCheck:
    """Read every image to its last pixel.

    Raises:
        UsageError: the framing is none.
        GancliError: there are no images.
    """
    framing.check()
    found = find_images(path)
    seen = look(found.files, reporter, pixels=True, max_pixels=framing.max_pixels)
    whole = [one for one in seen if one.size]
    names: dict[str, list[str]] = defaultdict(list)
    for one in whole:
        names[one.sha256].append(one.file.name)
    sizes = [one.size for one in whole if one.size]
    short = [min(size) for size in sizes]
    resolution, _, channels = chosen_framing(framing, whole) if whole else (0, "", 0)
    classes = class_names(seen)
    splits = _splits(whole, classes, framing.held_out)
    if len(classes) > 1:
        warn_of_untrained(splits["train"], str(path), reporter)
    labels = Counter(one.file.label for one in whole)
    return DataCheck(
        path=path,
        count=len(seen),
        passed_over=found.passed_over,
        notes=notes_on(path, found, seen),
        sizes=dict(Counter(f"{width}x{height}" for width, height in sizes).most_common()),
        shortest=(min(short), statistics.median(short), max(short)) if short else None,
        modes=dict(Counter(one.mode for one in whole).most_common()),
        classes={name: labels[name] for name in classes} if len(classes) > 1 else {},
        splits=splits,
        broken={one.file.name: one.broken for one in seen if not one.size},
        duplicates=[group for group in names.values() if len(group) > 1],
        trained_as=(resolution, resolution, channels) if whole else None,
    )


def _splits(whole: Sequence[Seen], classes: Sequence[str], held_out: float) -> dict[str, dict[str, int]]:
    labels = [one.file.label for one in in_content_order(whole)]
    label_of = {name: label for label, name in enumerate(classes)}
    rows = split_rows(np.array([label_of[name] for name in labels], int), held_out)
    counts = {split: Counter(labels[row] for row in found) for split, found in rows.items()}
    return {split: {name: counts[split][name] for name in classes} for split in ("train", "validation", "test")}
