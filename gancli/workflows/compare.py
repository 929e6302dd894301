"""``gancli compare``: results of ``gancli evaluate --json`` side by side, ranked where they can be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gancli.errors import GancliError, UsageError
from gancli.files import read_json
from gancli.metrics.catalog import METRICS, json_name
from gancli.metrics.cells import error_name
from gancli.metrics.inputs import show

ROUNDING = 1e-10  # far above what another number of threads does to a sum, far below what anybody measures


@dataclass(frozen=True)
class Column:
    """One metric of all results."""

    metric: str
    values: tuple[dict[str, Any] | None, ...]  # of each result, None where it lacks the metric
    ranks: dict[str, tuple[int | None, ...]]  # by number, 1 is best; none where the protocols differ or it has no order
    differences: tuple[str, ...]  # what the protocols differ in: ``n: 10000 or 5000``


@dataclass(frozen=True)
class Comparison:
    """Results side by side."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    unidentified: tuple[str, ...]  # results of older versions, which say what they compared by name and size alone


def compare(paths: Sequence[Path]) -> Comparison:
    """Read result files and put them side by side.

    Raises:
        UsageError: there are fewer than two.
        GancliError: a file cannot be read or holds no results.
    """
    if len(paths) < 2:
        raise UsageError(f"give at least two results to compare, got {len(paths)}.")
    contents = [_read(path) for path in paths]
    results = [content["metrics"] for content in contents]
    columns = []
    for metric, entry in METRICS.items():
        found = tuple(result.get(json_name(metric)) for result in results)
        present = [one for one in found if one is not None]
        if not present:
            continue
        differences = _differences([one["protocol"] for one in present])
        ordered = {} if differences else {number: better for number, better in entry.columns.items() if better}
        ranks = {number: _ranks([one and one[number] for one in found], better) for number, better in ordered.items()}
        columns.append(Column(metric, found, ranks, differences))
    unidentified = [str(path) for path, content in zip(paths, contents, strict=True) if "gancli" not in content]
    return Comparison(tuple(str(path) for path in paths), tuple(columns), tuple(unidentified))


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise GancliError(
            f"'{path}' is a folder, and results are compared. Make one with "
            f"`gancli evaluate {path} --all --json > result.json`."
        )
    try:
        content = read_json(path)
        metrics = content["metrics"]
        for metric, entry in METRICS.items():
            if one := metrics.get(json_name(metric)):
                _ = [show(value) for value in one["protocol"].values()]
                _ = [float(one[name]) if better else one[name] for name, better in entry.columns.items()]
                errors = {"standard_deviation", *map(error_name, entry.columns)}
                _ = [float(one.get(name) or 0) for name in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GancliError(f"'{path}' is not a result of `gancli evaluate --json`.") from None
    if not metrics:
        raise GancliError(f"'{path}' holds no metric.")
    return content


def _ranks(values: Sequence[float | None], better: str) -> tuple[int | None, ...]:
    """Return the place of each value, 1 for the best; values that only rounding tells apart share it."""
    sign = 1 if better == "lower" else -1
    known = [value for value in values if value is not None]

    def place(value: float) -> int:
        ahead = [other for other in known if sign * other < sign * value]
        return 1 + sum(not math.isclose(other, value, rel_tol=ROUNDING, abs_tol=ROUNDING) for other in ahead)

    return tuple(None if value is None else place(value) for value in values)


def _differences(protocols: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    differences = []
    for name in dict.fromkeys(name for protocol in protocols for name in protocol):
        found = {_compared(protocol.get(name)): show(protocol.get(name, "not given")) for protocol in protocols}
        if len(found) > 1:
            differences.append(f"{name}: {' or '.join(found.values())}")
    return tuple(differences)


def _compared(value: Any) -> str:
    """Return what two values of a protocol must share: of a set of examples all but its name."""
    return str({key: part for key, part in value.items() if key != "name"} if isinstance(value, dict) else value)
