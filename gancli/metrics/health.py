"""What measurements of a generator amount to: a name, the thresholds behind it, and the numbers that decided."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gancli.reporting import number_of

HEALTHY, POOR, PARTIAL, COLLAPSE = "healthy", "poor samples", "partial collapse", "collapse"
SEVERITY = (HEALTHY, POOR, PARTIAL, COLLAPSE)

MISSING, MOST_MISSING = 0.99, 0.5  # shares of the modes below which collapse is partial or outright
DIVERGENT, VERY_DIVERGENT = 0.25, 1.0  # nats of KL above which it is
FEW_IMAGES, VERY_FEW_IMAGES = 10.0, 0.1  # distinct images as a multiple of the samples, below which it is
# Below these, single samples are poor; set by runs whose pictures were looked at (docs/evaluation.md).
FEW_NEAR_MODES = 0.5  # share of points within 3 standard deviations of a mode
LOW_PRECISION = 0.4  # of images (Kynkäänniemi et al. 2019)
# Below this, translations vary so little beside images of the target that they are taken for one. Chosen, not measured:
# the runs of docs/translation.md, none of which collapsed, have 0.69 to 1.12.
ONE_ANSWER = 0.3
# Beyond this share, translations are so few images that they are no answers to theirs. Chosen, not measured: three runs
# of docs/translation.md, none of which collapsed, repeat 0 % to 15 %.
MOST_REPEATED = 0.5
WAYS = {"_ab": " A to B", "_ba": " B to A", "": ""}  # ends of the names of numbers, and of what people read


@dataclass(frozen=True)
class _Finding:
    """One number, for people, and what it alone would amount to."""

    text: str
    name: str


def amounts_to(modes: Mapping[str, Any] | None, precision: float | None = None) -> tuple[str, str] | None:
    """Return what measurements amount to, and why: first the numbers that decided, then in parentheses the others.

    Args:
        modes: numbers of the metric ``modes``, as ``metrics.jsonl`` has them; None: not measured.
        precision: of images; None: not measured.

    Returns:
        A name of ``SEVERITY`` and the reason; None where too little was measured, since samples of high precision may
        all be the same.
    """
    found = [*(_of_modes(modes) if modes else ()), *(() if precision is None else [_of_precision(precision)])]
    amounts = _together(found)
    return None if amounts and not modes and amounts[0] == HEALTHY else amounts


def amounts_of_translations(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return whether translations of images that differ are one image, or few, and why; None: nothing tells.

    Args:
        values: numbers of the metric ``translation`` or ``pairs``, as ``metrics.jsonl`` has them.
    """
    found = []
    for end, way in WAYS.items():
        variety, repeated = values.get(f"variety{end}"), values.get(f"repeated{end}")
        if variety is not None:
            found.append(_Finding(f"variety{way} {variety:.2f}", COLLAPSE if variety < ONE_ANSWER else HEALTHY))
        if repeated is not None:
            found.append(_Finding(f"repeated{way} {repeated:.1%}", COLLAPSE if repeated > MOST_REPEATED else HEALTHY))
    return _together(found)


def _together(found: Sequence[_Finding]) -> tuple[str, str] | None:
    """Return the worst name and all reasons, the worse ones first; None where nothing was found."""
    found = sorted(found, key=lambda one: -SEVERITY.index(one.name))  # stable: of equals in the order given
    if not found:
        return None
    bad = ", ".join(one.text for one in found if one.name != HEALTHY)
    good = ", ".join(one.text for one in found if one.name == HEALTHY)
    return found[0].name, f"{bad} ({good})" if bad and good else bad or good


def _of_modes(modes: Mapping[str, Any]) -> list[_Finding]:
    hit, total, kl = modes["hit"], modes["total"], modes["kl"]
    share = hit / total
    missing = COLLAPSE if share <= MOST_MISSING else PARTIAL if share < MISSING else HEALTHY
    divergent = COLLAPSE if kl > VERY_DIVERGENT else PARTIAL if kl > DIVERGENT else HEALTHY
    found = [_Finding(f"{hit} of {total} modes", missing), _Finding(f"KL {kl:.3f} nats", divergent)]
    if (near := modes.get("high_quality")) is not None:
        text = f"{near:.1%} of the samples within 3 standard deviations of a mode"
        found.append(_Finding(text, POOR if near < FEW_NEAR_MODES else HEALTHY))
    if (least := modes.get("least_distinct_images")) is not None:
        distinct = modes["distinct_images"]
        known = round(distinct) if distinct else round(least)
        text = f"{'about' if distinct else 'over'} {number_of(known, 'distinct image', 'distinct images')}"
        count = (1 + math.sqrt(1 + 8 * least)) / 2  # of samples, see :class:`gancli.metrics.modes.Duplicates`
        times = distinct / count if distinct else math.inf
        repeated = COLLAPSE if times < VERY_FEW_IMAGES else PARTIAL if times < FEW_IMAGES else HEALTHY
        found.append(_Finding(text, repeated))
    return found


def _of_precision(precision: float) -> _Finding:
    return _Finding(f"precision {precision:.3f}", POOR if precision < LOW_PRECISION else HEALTHY)
