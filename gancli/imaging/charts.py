"""Charts of numbers over steps: curves, their errors, a limit, the best step. As a PNG of all, or an SVG of one."""

import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gancli.imaging.plots import new_figure, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Each has a contrast of at least 3 on white and on the dark page of a report (WCAG 2.1, 1.4.11).
COLORS = ("#2a78d6", "#c86a12", "#1f9d63", "#c2528b", "#8a63d2", "#7d7f86", "#8d8419", "#d9534f")
INK = "#000001"  # of texts and axes; an SVG takes the color of the page around it instead
MOST_POINTS = 400  # of a curve; of more, the highest and lowest are drawn
FEW_POINTS = 40  # each of which is marked
WIDE_RANGE = 50.0  # of the largest value to the median, from which on an axis is logarithmic
NUMBER = "{x:,.8g}"  # of axes
COLUMNS = 2
ROW_HEIGHT, TITLE_HEIGHT = 2.7, 0.4  # inches


@dataclass(frozen=True)
class Curve:
    """Values over steps."""

    name: str  # in the legend; empty: the title says it
    steps: Sequence[int]
    values: Sequence[float]
    errors: Sequence[float] | None = None  # standard errors, drawn as a band of one up and one down


@dataclass(frozen=True)
class Chart:
    """Curves that share an axis."""

    title: str
    curves: tuple[Curve, ...]
    limit: tuple[str, float] | None = None  # a value with a name, drawn as a line across
    best: int | None = None  # a step that is marked
    floor: float | None = None  # where the axis of values begins; None: below the least

    @property
    def text(self) -> str:
        """The same in words, for people who do not see it: where each curve begins and ends."""
        parts = [
            f"{one.name + ' ' if one.name else ''}from {one.values[0]:.3g} at step {one.steps[0]} "
            f"to {one.values[-1]:.3g} at step {one.steps[-1]}, between {min(one.values):.3g} and {max(one.values):.3g}"
            for one in self.curves
        ]
        best = f"; the best step is {self.best}" if self.best is not None else ""
        return f"{self.title}: {'; '.join(parts)}{best}."


class Span(NamedTuple):
    """The steps that charts of one sheet or page share."""

    last: int
    per_epoch: float | None  # None: there is no axis of epochs


def thinned(values: Sequence[float] | np.ndarray, most: int = MOST_POINTS) -> np.ndarray:
    """Return the places, rising, of at most about ``most`` values that draw the same curve.

    The values are cut into parts of equal length. Of each part stay the first, the lowest and the highest, and the last
    value of all: so spikes stay, which a mean would hide.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    found = np.asarray(values)
    bounds = np.linspace(0, count, max(most // 3, 1) + 1, dtype=int)
    kept = {count - 1}
    for first, end in itertools.pairwise(bounds.tolist()):
        part = found[first:end]
        kept |= {int(first), int(first + part.argmin()), int(first + part.argmax())}
    return np.array(sorted(kept))


def sheet(charts: Sequence[Chart], span: Span, title: str) -> bytes:
    """Draw charts in two columns, with steps below and epochs above, as PNG bytes.

    Args:
        charts: at least one.
        span: of the axes.
        title: of the sheet.
    """
    rows = -(-len(charts) // COLUMNS)
    height = ROW_HEIGHT * rows + TITLE_HEIGHT
    figure = new_figure(10.0, height, layout=None)  # all charts are alike, and to fit them takes half of the time
    figure.subplots_adjust(0.06, 0.5 / height, 0.98, 1 - (TITLE_HEIGHT + 0.55) / height, 0.13, 0.72)
    figure.suptitle(title, y=1 - 0.1 / height, va="top")
    for place, chart in enumerate(charts):
        _draw(figure.add_subplot(rows, COLUMNS, place + 1), chart, span)
    return render(figure)


def svg(chart: Chart, span: Span) -> str:
    """Draw one chart as an SVG element without a size of its own, in the text color of the page that it stands in."""
    import matplotlib as mpl

    figure = new_figure(5.0, 3.0)
    _draw(figure.subplots(), chart, span)
    buffer = io.StringIO()
    # Texts stay texts, and names of parts depend on the title alone: equal charts are equal bytes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": chart.title}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text)
    text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text)
    return text.replace("<svg", '<svg aria-hidden="true"', 1).replace(INK, "currentColor").strip()


def _draw(axes: "Axes", chart: Chart, span: Span) -> None:
    for curve, color in zip(chart.curves, _colors(len(chart.curves)), strict=True):
        kept = thinned(curve.values)
        steps, values = np.asarray(curve.steps)[kept], np.asarray(curve.values)[kept]
        marker = "o" if len(steps) <= FEW_POINTS else None
        axes.plot(steps, values, color=color, linewidth=1.2, marker=marker, markersize=3, label=curve.name or None)
        if curve.errors is not None:
            errors = np.asarray(curve.errors)[kept]
            axes.fill_between(steps, values - errors, values + errors, color=color, alpha=0.3, linewidth=0)
    if chart.limit:
        name, value = chart.limit
        axes.axhline(value, color=INK, linewidth=0.8, linestyle="dashed", label=name)
    if chart.best is not None:
        axes.axvline(chart.best, color=INK, linewidth=0.8, linestyle="dotted", label=f"best: step {chart.best:,}")
    axes.yaxis.set_major_formatter(NUMBER)
    everything = np.concatenate([np.asarray(one.values, np.float64) for one in chart.curves])
    if everything.min() > 0 and everything.max() > WIDE_RANGE * np.median(everything):
        axes.set_yscale("log")
    axes.set_title(chart.title, fontsize="medium", color=INK)
    if chart.floor is not None:
        axes.set_ylim(bottom=chart.floor)
    axes.set_xlabel("step", color=INK, fontsize="small")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(color=INK, alpha=0.12, linewidth=0.6)
    axes.set_xlim(0, span.last * 1.02)
    axes.tick_params(colors=INK, labelsize="x-small", length=2)
    if (per_epoch := span.per_epoch) is not None:
        above = axes.secondary_xaxis(
            "top", functions=(partial(np.multiply, 1 / per_epoch), partial(np.multiply, per_epoch))
        )
        above.xaxis.set_major_formatter(NUMBER)
        above.set_xlabel("epoch", color=INK, fontsize="x-small", labelpad=2)
        above.tick_params(colors=INK, labelsize="x-small", length=2)
    for place in axes.spines.values():
        place.set_color(INK)
    axes.spines["right"].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="best", fontsize="x-small", frameon=False, labelcolor=INK)


def _colors(count: int) -> list[str]:
    return [COLORS[place % len(COLORS)] for place in range(count)]
