"""Things that a user defines in a file of their own: ``--loss FILE.py:NAME``, ``--model FILE.py:NAME``.

A file is run once for each content, so that what it defines stays one object and compiles once. A run keeps the text:
it is sampled from by what it was trained with, whatever has become of the file.
"""

import functools
import hashlib
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from gancli.errors import UsageError
from gancli.registry import Registry

T = TypeVar("T")

Files = Mapping[str, Mapping[str, str] | None]  # by option what a run keeps of a file, see :func:`keep`


def is_own(name: str) -> bool:
    """Return whether a name is that of a thing in a user's file: ``my_losses.py:hinge``."""
    return ".py:" in name


def absolute(name: str) -> str:
    """Return the name with the file's absolute path, which holds in any folder; other names as they are."""
    if not is_own(name):
        return name
    path, _, attribute = name.rpartition(":")
    return f"{Path(path).absolute()}:{attribute}"


def without_folder(name: str) -> str:
    """Return the name without the folder that the file is in, for records that others will read."""
    return Path(name).name if is_own(name) else name


class OwnFile(NamedTuple):
    """A user's file as it was read."""

    text: str
    sha256: str

    @classmethod
    def read(cls, option: str, name: str) -> Self:
        """Read the file of ``FILE.py:NAME``, given with ``option``.

        Raises:
            UsageError: the file cannot be read.
        """
        path = name.rpartition(":")[0]
        try:
            content = Path(path).read_bytes()
            return cls(content.decode("utf-8-sig"), hashlib.sha256(content).hexdigest())
        except OSError as error:
            raise UsageError(f"{option} {name}: cannot read {path}: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise UsageError(f"{option} {name}: {path} is no Python file: it must be UTF-8 text.") from None

    @classmethod
    def of_record(cls, values: Mapping[str, str] | None) -> Self | None:
        """Return the file that a record holds as :meth:`to_dict` wrote it, or None."""
        return cls(values["text"], values["sha256"]) if values else None

    def to_dict(self) -> dict[str, str]:
        """Return what a record keeps."""
        return {"text": self.text, "sha256": self.sha256}


def keep(option: str, name: str) -> dict[str, str] | None:
    """Return what the record of a new run keeps of a file: its text and SHA-256; None where ``name`` is gancli's.

    Raises:
        UsageError: the file cannot be read.
    """
    return OwnFile.read(option, name).to_dict() if is_own(name) else None


def check_unchanged(option: str, name: str, kept: Mapping[str, str] | None, run: object) -> None:
    """Refuse to go on with a file other than the one that a run began with; a file that is gone is none.

    Args:
        option: that named the file, ``--loss``.
        name: of the thing, as the run's configuration has it.
        kept: what the run's record kept of the file, see :func:`keep`.
        run: the run's folder, for the message.

    Raises:
        UsageError: the file's content is not what the run kept.
    """
    if not is_own(name) or (kept and not Path(name.rpartition(":")[0]).exists()):
        return
    if OwnFile.of_record(kept) != OwnFile.read(option, name):
        raise UsageError(
            f"{option} {name}: the file is not as it was when the run in '{run}' began: a run goes on as it began. "
            f"Choose another --outdir for a new one."
        )


def choose(
    entries: Registry[T],
    option: str,
    name: str,
    accept: Callable[[Any], T | None],
    rule: str,
    kept: Mapping[str, str] | None = None,
) -> T:
    """Return the entry of that name, or what ``FILE.py:NAME`` stands for.

    Args:
        entries: gancli's.
        option: that named it, ``--loss``.
        name: of an entry, or ``FILE.py:NAME``.
        accept: returns what a value of the file stands for, or None where it cannot be used.
        rule: what the file must define NAME as, the end of a sentence.
        kept: what a run's record kept of the file, which then need not be there; None: the file is read.

    Raises:
        UsageError: there is no such entry, the file cannot be read or run, or NAME is something else.
    """
    if not is_own(name):
        return entries[name]
    file = OwnFile.of_record(kept) or OwnFile.read(option, name)
    path, _, attribute = name.rpartition(":")
    return _load(option, path, attribute, accept, rule, file)


@functools.cache
def _load(option: str, path: str, attribute: str, accept: Callable[[Any], Any], rule: str, file: OwnFile) -> Any:
    where = f"{option} {path}:{attribute}"
    try:
        module = _module(path, file)
    except (Exception, SystemExit) as error:  # whatever a user's file raises
        raise UsageError(f"{where}: running {path} failed: {type(error).__name__}: {error}.") from error
    found = accept(getattr(module, attribute, None))
    if found is None:
        raise UsageError(f"{where}: {path} must define '{attribute}' as {rule}.")
    return found


@functools.cache
def _module(path: str, file: OwnFile) -> types.ModuleType:
    """Run a file; its name says its content, so that two contents of one path are two modules."""
    module = types.ModuleType(f"gancli_own_{file.sha256[:16]}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # where dataclasses look for the names in annotations
    try:
        exec(compile(file.text, path, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module
