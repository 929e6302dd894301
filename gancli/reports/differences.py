"""What several runs differ in: settings, metrics, curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from gancli.config import option_name, settings
from gancli.imaging.charts import Chart, Curve, Span
from gancli.metrics.cells import ERRORS, differ
from gancli.recipes.resolve import uses
from gancli.reports.page import Comparison, Table
from gancli.reports.run import Recorded, cell, figures, numbers, protocol, shown_value


def comparison(runs: Sequence[Recorded]) -> Comparison:
    """Return what a page holds of several runs side by side."""
    names = tuple(one.name for one in runs)
    rows = []
    for name in ("dataset", *settings()):
        used = [name == "dataset" or uses(one.config, name) for one in runs]
        values = [
            shown_value(one.config, name) if is_used else "not used" for one, is_used in zip(runs, used, strict=True)
        ]
        if any(used) and len(set(values)) > 1:
            rows.append(("data set" if name == "dataset" else f"--{option_name(name)}", *values))
    metrics, notes = _metrics(runs)
    return Comparison(Table(("setting", *names), tuple(rows)), metrics, notes, figures(overlaid(runs), _span(runs)))


def _metrics(runs: Sequence[Recorded]) -> tuple[Table | None, tuple[str, ...]]:
    """Return the metrics at each run's best step, and which of them differ from the best by two standard errors."""
    at_best = [one.evaluated.get(one.best or 0, {}) for one in runs]
    comparable = len({(protocol(one), one.run.record.data.sha256) for one in runs}) == 1
    rows = []
    for metric, number, name, better in numbers():
        found = [line.get(metric) for line in at_best]
        known = [one for one in found if one and isinstance(one.get(number), int | float)]
        if known and better:
            best = (min if better == "lower" else max)(known, key=lambda one, number=number: one[number])
            rows.append((name, *(_ranked(one, best, number) if comparable else cell(one, number) for one in found)))
    if not rows:
        return None, ("No metric was measured while these runs trained.",)
    steps = ("step", *("" if one.best is None else f"{one.best:,}" for one in runs))
    notes = [
        "Each run at its best step. ± is one standard error of drawing samples. "
        "It covers no differences between seeds of training."
    ]
    if not comparable:
        notes.append("The numbers are not ranked: the runs were measured on other data, or by other protocols.")
    return Table(("metric", *(one.name for one in runs)), (steps, *rows)), tuple(notes)


def _ranked(found: Mapping[str, Any] | None, best: Mapping[str, Any], number: str) -> str:
    text = cell(found, number)
    if found is None or not text:
        return text
    if found[number] == best[number]:
        return f"{text}, the best"
    differs = differ(found, best, number)
    if differs is None:
        return text
    return f"{text}, {'more' if differs else 'less'} than {ERRORS:g} standard errors behind"


def _span(runs: Sequence[Recorded]) -> Span:
    epochs = {one.epoch for one in runs}
    return Span(max(one.span.last for one in runs), epochs.pop() if len(epochs) == 1 else None)


def overlaid(runs: Sequence[Recorded]) -> list[Chart]:
    """Return a chart for each curve that any run has, with those of all runs in it."""
    together: dict[str, Chart] = {}
    for one in runs:
        for chart in one.charts:
            for curve in chart.curves:
                title = f"{chart.title}: {curve.name}" if curve.name else chart.title
                before = together.get(title, Chart(title, (), chart.limit, floor=chart.floor))
                named = Curve(one.name, curve.steps, curve.values, curve.errors)
                together[title] = Chart(title, (*before.curves, named), before.limit, floor=before.floor)
    return list(together.values())
