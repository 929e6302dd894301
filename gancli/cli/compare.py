"""``gancli compare``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli.options import Json

if TYPE_CHECKING:
    from gancli.workflows.compare import Column


def compare(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT.json...", help="Files that evaluate --json wrote, two or more.")
    ],
    json: Json = False,
) -> None:
    """Put results of evaluate side by side. Only numbers of one protocol are ranked.

    Examples:

      gancli evaluate runs/a --all --json > a.json

      gancli evaluate runs/b --all --json > b.json

      gancli compare a.json b.json
    """
    from gancli.cli.console import print_json, warn
    from gancli.workflows.compare import compare as workflow

    comparison = workflow(results)
    if comparison.unidentified:
        warn(
            f"{', '.join(comparison.unidentified)}: of an older gancli, which kept names and sizes of what it compared "
            f"and no content. Check that they are the same images, or measure again."
        )
    for column in comparison.columns:
        if column.differences:
            warn(f"{column.metric} is not ranked: the protocols differ in {'; '.join(column.differences)}.")
    if json:
        metrics = {
            column.metric: {"values": column.values, "ranks": column.ranks, "differences": column.differences}
            for column in comparison.columns
        }
        print_json({"results": comparison.names, "unidentified": comparison.unidentified, "metrics": metrics})
        return

    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("metric", no_wrap=True)
    for name in comparison.names:
        table.add_column(name, justify="right", overflow="fold")
    rows = [row for column in comparison.columns for row in _rows(column)]
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:  # a file or a pipe has no width; a narrower table would break numbers, or lack some
        console.width = console.measure(table, options=console.options.update(width=WIDEST)).maximum
    console.print(table)
    if any(cell.endswith(STAR) for _, *cells in rows for cell in cells):
        print("* best by one protocol; ↓ lower is better, ↑ higher is better")


WIDEST = 100_000  # columns of text
STAR = " *"


def _rows(column: "Column") -> list[list[str]]:
    """Return a row for each number that the metric's entry shows; the best of one protocol has a star."""
    from gancli.metrics.catalog import METRICS
    from gancli.metrics.cells import cell, label

    rows = []
    for name in METRICS[column.metric].columns:
        ranks = column.ranks.get(name) or [None] * len(column.values)
        cells = [
            (cell(one, name) if one else "-") + STAR * (rank == 1)
            for one, rank in zip(column.values, ranks, strict=True)
        ]
        rows.append([label(column.metric, name), *cells])
    return rows
