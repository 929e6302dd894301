"""Tables of named things, what is said of each, and functions that are imported when they are first called."""

import difflib
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

from gancli.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True)
class Lazy:
    """A function by the place where it stands: its module is imported when it is first called.

    So a catalog can be read without the libraries that its functions need. Equal places are equal functions.
    """

    place: str  # gancli.losses.adversarial:hinge_discriminator_loss

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself.

        Raises:
            ImportError: the module cannot be imported, or defines no such function.
        """
        module, _, name = self.place.partition(":")
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if not callable(found):
            raise ImportError(f"module '{module}' defines no function '{name}', which a catalog names.")
        return found

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the function."""
        return self.function(*arguments, **options)


def lazy(place: str) -> Callable[..., Any]:
    """Return the function at ``module:name``, to be imported when it is first called."""
    return Lazy(place)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the program says of a thing that can be chosen: ``list``, help and citations are made from it."""

    summary: str = ""  # what it is, in one line
    use: str = ""  # what it is for and when to take it
    cite: tuple[str, ...] = ()  # keys of references.bib


@dataclass(frozen=True, kw_only=True)
class FunctionEntry(Entry, Generic[P, R]):
    """A thing that is one function; called as that."""

    function: Callable[P, R]

    def __call__(self, *arguments: P.args, **options: P.kwargs) -> R:
        """Call the function."""
        return self.function(*arguments, **options)


def suggestion(name: str, known: list[str]) -> str:
    """Return ``" Did you mean 'mnist'?"`` for a near miss, else an empty string."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


class Registry(Mapping[str, T]):
    """A table of things of one ``kind``, looked up by the name used on the command line; it only grows."""

    def __init__(self, kind: str, entries: dict[str, T]):
        self.kind = kind
        self._entries = entries

    def add(self, name: str, entry: T) -> None:
        """Add an entry of your own, in a script that then runs the command line.

        Raises:
            UsageError: the name is taken.
        """
        if name in self._entries:
            raise UsageError(f"there is a {self.kind} '{name}' already. Choose another name.")
        self._entries[name] = entry

    def __getitem__(self, name: str) -> T:
        """Return the entry.

        Raises:
            UsageError: the name is unknown; the message says which one was probably meant.
        """
        if name not in self._entries:
            known = list(self._entries)
            raise UsageError(f"unknown {self.kind} '{name}'.{suggestion(name, known)} Known: {', '.join(known)}.")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
