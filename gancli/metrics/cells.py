"""Numbers of metrics as tables show them: a cell and the label of its column."""

import math
from collections.abc import Mapping
from typing import Any

from gancli.metrics.catalog import METRICS

ARROWS = {"lower": " ↓", "higher": " ↑", "": ""}
WORDS = {
    "kl": "KL",
    "high_quality": "share of samples near one",
    "kid": "kernel distance",
    "kid_ab": "kernel distance, A to B",
    "kid_ba": "kernel distance, B to A",
    "kid_untranslated": "kernel distance of images as they are",
    "fid_ab": "Fréchet distance, A to B",
    "fid_ba": "Fréchet distance, B to A",
    "fid": "Fréchet distance",
    "fid_untranslated": "Fréchet distance of images as they are",
    "variety_ab": "variety of translations, A to B",
    "variety_ba": "variety of translations, B to A",
    "repeated_ab": "share of translations that repeat another, A to B",
    "repeated_ba": "share of translations that repeat another, B to A",
    "variety": "variety of translations",
    "repeated": "share of translations that repeat another",
    "cycle": "cycle error",
    "identity": "identity error",
    "l1": "L1 error",
    "l1_nearest": "L1 error of the nearest training pair",
    "fid_nearest": "Fréchet distance of the nearest training pair",
    "sources_found": "share of sources found",
    "classes_seen": "share of classes seen",
    "classes_seen_untranslated": "share of classes seen in images as they are",
    "classes_right": "share of images whose class is found",
    "classes_kept_ab": "share of classes kept, A to B",
    "classes_kept_ba": "share of classes kept, B to A",
}
LARGE = 10_000.0  # from which on numbers are shown whole
PLAIN = ("value", "mean")  # names of a number that say no more than the metric's
ERROR = "standard_error"
ERRORS = 2.0  # standard errors, beyond which a difference is one


def label(metric: str, number: str) -> str:
    """Return ``fid ↓`` for its ``value``, ``precision ↑`` of ``precision-recall``, ``modes hit ↑``."""
    arrow = ARROWS[METRICS[metric].columns[number]]
    if number in metric.split("-"):
        return number + arrow
    return (metric if number in PLAIN else f"{metric} {number}") + arrow


def title(metric: str, number: str) -> str:
    """Return the same in words: ``Fréchet distance (lower is better)``, ``modes: KL (lower is better)``."""
    entry = METRICS[metric]
    better = entry.numbers[number]
    words = entry.label if number in PLAIN else f"{entry.label}: {WORDS.get(number, number.replace('_', ' '))}"
    return f"{words} ({better} is better)" if better else words


def error_name(number: str) -> str:
    """Return what the standard error of a number is called among the numbers of its metric, if it is there."""
    return ERROR if number in (*PLAIN, "bound") else f"{number}_{ERROR}"


def cell(values: Mapping[str, Any], number: str) -> str:
    """Return a number, with its standard error or deviation where it has one."""
    value = values[number]
    if not isinstance(value, float):
        return str(value)
    text = f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.4g}"
    error = values.get(error_name(number)) or (values.get("standard_deviation") if number in PLAIN else None)
    return f"{text} ± {error:.2g}" if error else text


def row(metric: str, values: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the cells of a metric in a row of the table of a run, by their labels; None: it failed."""
    entry = METRICS[metric]
    if values is None:
        return {metric: "failed"}
    if entry.row is not None:
        return entry.row(values)
    return {label(metric, number): cell(values, number) for number in entry.columns}


def score_name(metric: str) -> str:
    """Return what the number that ranks checkpoints is called: ``fid``, ``KL of modes``."""
    return METRICS[metric].ranks_by or metric


def differ(one: Mapping[str, Any], other: Mapping[str, Any], number: str) -> bool | None:
    """Return whether a number of two measurements differs by more than two standard errors; None: nobody knows."""
    first, second = (found.get(error_name(number)) for found in (one, other))
    if first is None or second is None:
        return None
    return abs(one[number] - other[number]) > ERRORS * math.hypot(first, second)
