"""The class of every image: from a table beside the images, or from the folders that they lie in."""

import codecs
import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from gancli.errors import GancliError
from gancli.reporting import number_of

TABLE, JSON = "labels.csv", "dataset.json"  # rows of file and class; NVIDIA's list of files and labels
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Labels:
    """The classes of images, and where they are from."""

    by_name: dict[str, str]  # of every image; empty where there is none
    table: str = ""  # the file that says so; empty: the folders do
    notes: tuple[str, ...] = ()  # what a table has that was not used


def find_labels(path: Path, readers: Mapping[str, Callable[[], bytes]], names: Sequence[str]) -> Labels:
    """Find the class of every image.

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
    notes: list[str] = []
    for what, listed_in in ((TABLE, _rows), (JSON, _pairs)):
        for base in bases:
            table = files.get(f"{base}{what}".lower())
            if table is None or table.rpartition("/")[0] != base.rpartition("/")[0]:
                continue
            where = f"{table} in '{path}'"
            relative = {name: _file(name.removeprefix(base)) for name in names}
            listed = listed_in(_content(readers[table], where), where, set(relative.values()), notes)
            if listed is None:
                continue
            if missing := [name for name in names if relative[name] not in listed]:
                count = number_of(len(missing), "image", "images")
                raise GancliError(f"{where} has no class for {count}, the first is {missing[0]}.")
            return Labels({name: listed[relative[name]] for name in names}, table, tuple(notes))
    base = next((base for base in reversed(bases) if any("/" in name.removeprefix(base) for name in names)), "")
    rests = {name: _normal(name.removeprefix(base)) for name in names}
    return Labels({name: rest.split("/")[0] if "/" in rest else "" for name, rest in rests.items()}, "", tuple(notes))


def _content(read: Callable[[], bytes], where: str) -> bytes:
    try:
        return read()
    except OSError as error:
        raise GancliError(f"cannot read {where}: {error.strerror}.") from None
    except GancliError as error:  # of an archive
        raise GancliError(f"cannot read {where}: {error}.") from None


def _common_folders(names: Sequence[str]) -> list[str]:
    """Return the folders that hold all images, from the outermost, which is empty, to the innermost."""
    bases = [""]
    while True:
        folders = {name.removeprefix(bases[-1]).partition("/")[::2] for name in names}
        tops = {top if rest else "" for top, rest in folders}
        if len(tops) > 1 or "" in tops:
            return bases
        bases.append(f"{bases[-1]}{tops.pop()}/")


def _normal(text: str) -> str:
    """Return a name as it compares: macOS takes accents apart."""
    return unicodedata.normalize("NFC", text)


def _rows(content: bytes, where: str, names: set[str], notes: list[str]) -> dict[str, str]:
    lines = list(io.StringIO(_text(content, where), newline=""))
    tables = [[(number, row) for number, row in _parsed(lines, one) if len(row) >= 2] for one in DELIMITERS]
    read = [[(number, _file(row[0]), row[1].strip()) for number, row in table] for table in tables]
    folders = [_folder([file for _, file, _ in rows], names) for rows in read]
    table, rows, folder = max(
        zip(tables, read, folders, strict=True),
        key=lambda found: sum(_inside(file, found[2], names) in names for _, file, _ in found[1]),
    )  # the delimiter is the one that brings up most names of images
    if not rows:
        raise GancliError(f"{where} has no row of a file and its class.")
    if further := [(number, row) for number, row in table if any(cell.strip() for cell in row[2:])]:
        number, row = further[0]
        notes.append(f"{where} has more than file and class, which is not used, first '{row[2]}' in row {number}")
    listed: dict[str, str] = {}
    others: list[str] = []
    for number, file, label in rows:
        name, label = _inside(file, folder, names), _normal(label)
        if name not in names:
            others.append(file)
        elif not label:
            raise GancliError(f"{where} gives {name} no class in row {number}.")
        else:
            _add(listed, name, label, where, f" in row {number}")
    endings = {PurePath(name).suffix for name in names}
    if others and others[0] == rows[0][1] and PurePath(others[0]).suffix not in endings:
        del others[0]  # the names of the columns
    _note_others(others, where, notes)
    return listed


def _note_others(files: Sequence[str], where: str, notes: list[str]) -> None:
    if files:
        what = number_of(len(files), "file that is no image", "files that are no images")
        notes.append(f"{where} has classes for {what} here, the first is {files[0]}")


def _add(listed: dict[str, str], name: str, label: str, where: str, place: str = "") -> None:
    if listed.setdefault(name, label) != label:
        raise GancliError(f"{where} gives {name} two classes: '{listed[name]}', and '{label}'{place}.")


def table_of(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of files and their classes that :func:`find_labels` reads."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("file", "class"), *rows])
    return text.getvalue().encode(errors="replace").decode()


def _text(content: bytes, where: str) -> str:
    """Return the text of a table; spreadsheets write UTF-8 and, marked so, UTF-16."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise GancliError(f"{where} is not written in UTF-8, see line {line}. Save it as 'CSV UTF-8'.") from None


def _parsed(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the rows of a table with their numbers, from 1; none where the delimiter makes no table of it."""
    try:
        rows = list(enumerate(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), start=1))
    except csv.Error:
        return []
    return rows[1:] if lines and lines[0].strip().lower().startswith("sep=") else rows  # what Excel may begin with


def _file(cell: str) -> str:
    """Return a file's name as images are called, whatever system wrote it."""
    return _normal("/".join(part for part in cell.strip().replace("\\", "/").split("/") if part not in ("", ".")))


def _folder(files: Sequence[str], names: set[str]) -> str:
    """Return the folder that most names in a table begin with and those of images do not, as in absolute paths."""
    before: Counter[str] = Counter()
    for file in files:
        start = 0
        while file[start:] not in names and (end := file.find("/", start)) >= 0:
            start = end + 1
        before[file[:start]] += file[start:] in names
    return max(before, key=lambda folder: (before[folder], -len(folder)), default="")


def _inside(file: str, folder: str, names: set[str]) -> str:
    return file if file in names else file.removeprefix(folder)


def _pairs(content: bytes, where: str, names: set[str], notes: list[str]) -> dict[str, str] | None:
    """Return the classes, empty where the file says that there are none; None where it is about something else."""
    try:
        about: Any = json.loads(content, object_pairs_hook=partial(_once, where=where))
        labels = about["labels"]
        if labels is None:
            notes.append(f"{where} says that there are no classes")
            return dict.fromkeys(names, "")
        items = labels.items() if isinstance(labels, dict) else labels
        pairs = [(_file(name), label) for name, label in items]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pairs = []
    folder = _folder([file for file, _ in pairs], names)
    listed: dict[str, str] = {}
    for file, label in pairs:
        if (name := _inside(file, folder, names)) in names:
            if label is None:
                raise GancliError(f"{where} gives {name} no class.")
            _add(listed, name, _written(label), where)
    if not listed:
        notes.append(f"{where} is not used: it is no list of these files and their labels, as NVIDIA's is")
        return None
    _note_others([file for file, _ in pairs if _inside(file, folder, names) not in names], where, notes)
    return listed


def _once(pairs: list[tuple[str, Any]], where: str) -> dict[str, Any]:
    """Return a JSON object, none of whose names has two values."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise GancliError(f"{where} gives {name} two values: {_written(found[name])}, and {_written(value)}.")
    return found


def _written(label: Any) -> str:
    """Return a label as text that can be printed."""
    return _normal(str(label)).encode(errors="replace").decode()
