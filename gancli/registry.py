"""Tables of named things, with an answer to a name that is not in them."""

import difflib
from collections.abc import Iterator, Mapping
from typing import TypeVar

from gancli.errors import UsageError

T = TypeVar("T")


def suggestion(name: str, known: list[str]) -> str:
    """Return ``" Did you mean 'mnist'?"`` for a near miss, else an empty string."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


class Registry(Mapping[str, T]):
    """A read-only table of things of one ``kind``, looked up by the name used on the command line."""

    def __init__(self, kind: str, entries: dict[str, T]):
        self.kind = kind
        self._entries = entries

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
