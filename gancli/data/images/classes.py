"""The class of every image: from a table beside the images, or from the folders that they lie in."""

import csv
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gancli.errors import GancliError

TABLE, JSON = "labels.csv", "dataset.json"  # rows of file and class; NVIDIA's list of files and labels
DELIMITERS = ",;\t"


def find_labels(
    path: Path, readers: Mapping[str, Callable[[], bytes]], names: Sequence[str]
) -> tuple[dict[str, str], str]:
    """Return the class of every image, empty where there are none, and the table that says so, empty without one.

    A table stands beside the images or in a folder that holds all of them, as in the zip of a folder. Without one
    the classes are the folders on the first level on which there are several.

    Args:
        path: the folder or archive, for messages.
        readers: of all its files by name.
        names: those of its images.

    Raises:
        GancliError: a table cannot be understood, or does not name every image.
    """
    bases = _common_folders(names)
    files = {name.lower(): name for name in reversed(list(readers))}
    for what, listed_in in ((TABLE, _rows), (JSON, _pairs)):
        for base in bases:
            table = files.get(f"{base}{what}".lower())
            if table is None or table.rpartition("/")[0] != base.rpartition("/")[0]:
                continue
            relative = {name: _normal(name.removeprefix(base)) for name in names}
            listed = listed_in(readers[table](), f"{table} in '{path}'", set(relative.values()))
            if listed is None:
                continue
            if listed and (missing := [name for name in names if relative[name] not in listed]):
                raise GancliError(
                    f"{table} in '{path}' has no class for {len(missing):,} images, the first is {missing[0]}."
                )
            return {name: listed[relative[name]] if listed else "" for name in names}, table
    base = next((base for base in reversed(bases) if any("/" in name.removeprefix(base) for name in names)), "")
    rests = {name: name.removeprefix(base) for name in names}
    return {name: rest.split("/")[0] if "/" in rest else "" for name, rest in rests.items()}, ""


def _common_folders(names: Sequence[str]) -> list[str]:
    """Return the folders that hold all images, from the outermost, which is empty, to the innermost."""
    bases = [""]
    while True:
        folders = {name.removeprefix(bases[-1]).partition("/")[::2] for name in names}
        tops = {top if rest else "" for top, rest in folders}
        if len(tops) > 1 or "" in tops:
            return bases
        bases.append(f"{bases[-1]}{tops.pop()}/")


def _normal(name: str) -> str:
    """Return a file name as it compares: macOS takes accents apart."""
    return unicodedata.normalize("NFC", name)


def _rows(content: bytes, where: str, names: set[str]) -> dict[str, str]:
    lines = content.decode("utf-8-sig", "replace").splitlines()
    tables = [
        [(number, row) for number, row in enumerate(_parsed(lines, delimiter), start=1) if len(row) >= 2]
        for delimiter in DELIMITERS
    ]
    # The delimiter is the one that brings up most names of images.
    table = max(tables, key=lambda rows: sum(_normal(row[0].strip()) in names for _, row in rows))
    if not table:
        raise GancliError(f"{where} has no row of a file and its class.")
    listed: dict[str, str] = {}
    for number, row in table:
        name, label = _normal(row[0].strip()), row[1].strip()
        if name in names and listed.get(name, label) != label:
            raise GancliError(f"{where} gives {name} two classes: '{listed[name]}', and '{label}' in row {number}.")
        listed[name] = label
    return listed


def _parsed(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []


def _pairs(content: bytes, where: str, names: set[str]) -> dict[str, str] | None:
    """Return the classes, none where the file says that there are none; None where it is no list of labels."""
    try:
        about: Any = json.loads(content)
        if not isinstance(about, dict) or "labels" not in about:
            return None
        pairs = about["labels"] or []
        return {_normal(str(name)): str(label) for name, label in (pairs.items() if isinstance(pairs, dict) else pairs)}
    except (ValueError, TypeError, AttributeError):
        raise GancliError(f"{where} is not NVIDIA's: no list of files and labels.") from None
