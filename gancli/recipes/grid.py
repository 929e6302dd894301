"""Runs of a grid: every combination of the values of some options, each with every seed."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from gancli.config import TrainConfig, option_name, parse, settings, types
from gancli.errors import UsageError
from gancli.recipes.files import RATES
from gancli.recipes.request import Request

MOST_MEMBERS = 1000  # of one grid
LR = "lr"  # stands for the rates of both networks
SEED = "seed"


@dataclass(frozen=True)
class Member:
    """One run of a grid."""

    values: dict[str, str]  # by option, as they were typed
    config: TrainConfig

    @property
    def setting(self) -> str:
        """What its seeds share: ``loss=hinge,lr=1e-3``; empty where nothing but the seed moves."""
        return ",".join(f"{name}={_plain(text)}" for name, text in self.values.items())

    @property
    def folder(self) -> PurePath:
        """Where it goes inside the folder of the grid."""
        return PurePath(self.setting, f"seed{self.config.seed}")


def parse_grid(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the values of each option in ``loss=hinge,wasserstein`` and ``penalty=r1;r1,r2``.

    A semicolon separates values where one of them is a list with commas.

    Raises:
        UsageError: an option is unknown, twice there, or without a value.
    """
    grid: dict[str, tuple[str, ...]] = {}
    known = {option_name(name) for name in settings()} | {LR}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip().removeprefix("--").replace("_", "-")
        if not equals or not name:
            raise UsageError(f"--grid must be an option with its values, as in loss=hinge,wasserstein, got '{text}'.")
        if name == SEED:
            raise UsageError(f"--grid {text}: seeds are for --seeds, as in --seeds 0-2.")
        if name == "time":
            raise UsageError(f"--grid {text}: a time becomes steps. Give these, as in --grid steps=1000,2000.")
        if name not in known:
            raise UsageError(f"--grid names no option of train: '{name}'. `gancli train --help-all` shows them.")
        if name in grid:
            raise UsageError(f"--grid names '{name}' twice. Give all its values at once.")
        parts = tuple(part.strip() for part in values.split(";" if ";" in values else ","))
        if not all(parts):
            raise UsageError(f"--grid {text}: a value is empty.")
        if len(set(parts)) < len(parts):
            raise UsageError(f"--grid {text}: a value is there twice.")
        grid[name] = parts
    return grid


def members(request: Request, grid: Mapping[str, Sequence[str]], seeds: Sequence[int]) -> list[Member]:
    """Return the runs of a grid, the last option and the seeds moving fastest.

    Args:
        request: what all runs share.
        grid: values by option.
        seeds: of each combination.

    Raises:
        UsageError: a value or a combination is wrong, an option is set for all runs as well, two runs would share a
            folder, or there are too many.
    """
    for name in grid:
        fields = _fields(name)
        if fields & request.typed.keys() or (request.lr is not None and fields & _fields(LR)):
            raise UsageError(f"--{name} and --grid {name}=... exclude each other.")
    if "lr" in grid and (rates := _fields(LR) & {field for name in grid if name != LR for field in _fields(name)}):
        raise UsageError(f"--grid lr=... and --grid {option_name(min(rates))}=... exclude each other.")
    count = len(seeds)
    for values in grid.values():
        count *= len(values)
    if count > MOST_MEMBERS:
        raise UsageError(f"--grid must make at most {MOST_MEMBERS:,} runs, got {count:,}.")
    found = []
    for combination in itertools.product(*grid.values()):
        values = dict(zip(grid, combination, strict=True))
        config = combined(request, values).config()
        found += [Member(values, replace(config, seed=seed)) for seed in seeds]
    if len({one.folder for one in found}) < len(found):
        raise UsageError("--grid has two values that make the same folder name. Use values that differ in letters.")
    return found


def combined(request: Request, values: Mapping[str, str]) -> Request:
    """Return the request of one combination: as if its values, by option, had been typed as well.

    Raises:
        UsageError: a value is of another type.
    """
    typed, lr = {}, None
    for name, text in values.items():
        if name == LR:
            lr = _rate(text)
        else:
            (field,) = _fields(name)
            typed[field] = _flag(name, text) if types()[field] is bool else parse(field, text)
    return request.also(typed, lr)


def _fields(name: str) -> set[str]:
    """Return the fields that an option sets."""
    return set(RATES) if name == LR else {field for field in settings() if option_name(field) == name}


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--lr must be a number, got '{text}'.") from None


def _flag(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise UsageError(f"--grid {name}=... takes yes and no, got '{text}'.")
    return text == "yes"


def _plain(text: str) -> str:
    """Return a value as a part of a folder name."""
    return re.sub(r"[^\w.+,-]+", "_", text, flags=re.ASCII)
