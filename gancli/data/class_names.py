"""Names of classes: their order, which one the user means, and how arrays of labels say them.

A name that looks like a number is a name. What a file calls 10 is called 10 everywhere.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from gancli.registry import Registry
from gancli.reporting import Reporter

LARGEST_LABEL = 2**16  # up to which a list of names by number stays short
SHOWN = 5  # names in a message


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names once each, numbers first and by their value, the others as in a dictionary."""
    return tuple(sorted(set(names), key=_place))


def _place(name: str) -> tuple[bool, bool, Decimal, str]:
    value = _value(name)
    return (name != "", value is None, value or Decimal(0), name)


def _value(name: str) -> Decimal | None:
    """Return the number that a name is; None: it is none."""
    return Decimal(name) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", name) else None


def find(names: Sequence[str], wanted: str) -> int:
    """Return the place of the class that the user means.

    That is the one of this name. Without one it is the one whose name is the same number (``1`` finds ``01``) or,
    among names of which none is a number, the one at this place, from 0.

    Raises:
        UsageError: there is none.
    """
    if wanted not in names and (value := _value(wanted)) is not None:
        values = [_value(name) for name in names]
        if values.count(value) == 1:
            return values.index(value)
        if not any(one is not None for one in values) and wanted.isdigit() and int(wanted) < len(names):
            return int(wanted)
    return Registry("class", {name: place for place, name in enumerate(names)})[wanted]


def as_labels(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return what an array of labels has for each of the classes, int32 ``[K]``, and the list of names that it indexes.

    ``listed[numbers]`` are the names. Where all of them are whole numbers from 0, labels are these numbers, and what no
    class is called is empty in the list. Otherwise they are places in the list.
    """
    values = [_value(name) for name in names]
    numbers = [int(value) for value in values if value is not None and value == int(value) and value >= 0]
    if len(set(numbers)) < len(names) or max(numbers) > LARGEST_LABEL:
        return np.arange(len(names), dtype=np.int32), np.array(names, np.str_)
    listed = [""] * (max(numbers) + 1)
    for number, name in zip(numbers, names, strict=True):
        listed[number] = name
    return np.array(numbers, np.int32), np.array(listed, np.str_)


def warn_of_untrained(counts: Mapping[str, int], where: str, listener: Reporter) -> None:
    """Warn of classes without training images, given the number of these by class."""
    without = [f"'{name}'" for name, count in counts.items() if not count]
    if without:
        more = f" and {len(without) - SHOWN:,} more" if len(without) > SHOWN else ""
        named = ", ".join(without[:SHOWN])
        listener.warning(f"classes without training images in '{where}': {named}{more}. They are never drawn.")
