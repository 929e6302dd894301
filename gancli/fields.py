"""How a field of a configuration is declared, and how its values are checked, read and written."""

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gancli.errors import UsageError

# Values of other fields, kinds of "data" ("points", "images", "your images"), or whether any value "moves".
When = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Setting:
    """What is said of a field, beside its name, type and default."""

    help: str
    panel: str | None  # of the help; None: the first one
    only: When | None  # used only where each of these fields has, or names, one of these values
    unless: When | None  # not used where one of these fields has one of these values
    least: float | None
    most: float | None
    above: float | None
    below: float | None
    choices: tuple[str, ...] | str | None  # all values there are, or the kind of thing whose names complete
    metavar: str | None
    option: str | None  # name on the command line, where it is not the field's
    common: bool  # whether the short help shows it


def setting(
    default: Any,
    help: str,
    panel: str | None = None,
    *,
    only: When | None = None,
    unless: When | None = None,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] | str | None = None,
    metavar: str | None = None,
    option: str | None = None,
    common: bool = False,
) -> Any:
    """Declare a field: the option, its help, its checks and its place in files are made from this."""
    about = Setting(help, panel, only, unless, least, most, above, below, choices, metavar, option, common)
    return dataclasses.field(default=default, metadata={"setting": about})


def shown(value: Any) -> str:
    """Return a value as it is typed on the command line."""
    if isinstance(value, tuple):
        return ",".join(map(shown, value))
    return "none" if value is None else str(value)


def _number(value: float) -> str:
    powers = {2.0**32: "2^32", 10.0**9: "10^9"}
    return powers.get(value, f"{value:g}")


def broken(about: Setting, value: Any) -> str | None:
    """Return the rule that a value breaks, if any."""
    many = isinstance(value, tuple)
    values = value if many else (value,)
    numbers = [one for one in values if isinstance(one, int | float)]
    if about.least is not None and about.below is not None:
        if not all(about.least <= one < about.below for one in numbers):
            return f"must be in [{_number(about.least)}, {_number(about.below)})"
    elif about.least is not None and about.most is not None:
        if not all(about.least <= one <= about.most for one in numbers):
            return f"must be in [{_number(about.least)}, {_number(about.most)}]"
    elif about.least is not None and not all(one >= about.least for one in numbers):
        return f"must {'all ' if many else ''}be at least {_number(about.least)}"
    elif about.above is not None and about.most is not None:
        if not all(about.above < one <= about.most for one in numbers):
            return f"must be in ({_number(about.above)}, {_number(about.most)}]"
    elif about.above is not None and not all(one > about.above for one in numbers):
        return f"must {'all ' if many else ''}be above {_number(about.above)}"
    if isinstance(about.choices, tuple) and not all(one in about.choices for one in values):
        return f"must {'all ' if many else ''}be one of {', '.join(about.choices)}"
    return None


_SHAPES = {int: "whole numbers", float: "numbers", str: "names"}


def from_text(kind: Any, text: str) -> Any:
    """Return the value of a type that the user wrote as ``text``: ``1200,1200``, ``0.5``, ``none``.

    Raises:
        UsageError: it is none; the rule and the text, without the option.
    """
    inner, many = _inner(kind), typing.get_origin(kind) is tuple
    try:
        if many:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            return () if parts == ["none"] else tuple(inner(part) for part in parts)
        return None if text == "none" and _optional(kind) else inner(text)
    except ValueError:
        what = f"{_SHAPES[inner]} separated by commas" if many else f"a {_SHAPES[inner].rstrip('s')}"
        raise UsageError(f"must be {what}, got '{text}'.") from None


def from_json(kind: Any, value: Any) -> Any:
    """Return the value of a type that a file has as ``value``.

    Raises:
        UsageError: it is of another type; the rule and the value, without the key.
    """
    inner, many = _inner(kind), typing.get_origin(kind) is tuple
    if isinstance(value, str) and inner is not str and not many and _optional(kind) and value == "none":
        return None
    if value is None and _optional(kind):
        return None
    if many and value == "none":
        return ()
    values = value if isinstance(value, list) and many else [value]
    fits = {
        bool: lambda one: isinstance(one, bool),
        int: lambda one: isinstance(one, int) and not isinstance(one, bool),
        float: lambda one: isinstance(one, int | float) and not isinstance(one, bool),
        str: lambda one: isinstance(one, str | int) and not isinstance(one, bool),
    }[inner]
    if not all(map(fits, values)):
        what = "true or false" if inner is bool else _SHAPES[inner] if many else f"a {_SHAPES[inner].rstrip('s')}"
        raise UsageError(f"must be {f'a list of {what}' if many else what}, got {value!r}.")
    try:
        converted = tuple(inner(one) for one in values)
    except OverflowError:  # of a whole number that no float can hold
        raise UsageError(f"must be below 1.8e308, got {str(value)[:12]}....") from None
    return converted if many else converted[0]


def _inner(kind: Any) -> Any:
    arguments = [one for one in typing.get_args(kind) if one not in (type(None), Ellipsis)]
    return arguments[0] if arguments else kind


def _optional(kind: Any) -> bool:
    return type(None) in typing.get_args(kind)


def toml(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, int | float):
        return repr(value)
    text = json.dumps("none" if value is None else value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)  # a name of any bytes
