"""``gancli report``."""

from pathlib import Path
from typing import Annotated

import typer

from gancli.cli.options import DEFAULT_RUN, DataDir, Json, Overwrite, Quiet


def report(
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN...", help="Run folders, as written by train. Default: ckpt.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            *("-o", "--output"),
            metavar="FILE.html",
            help="The page. Default: report.html in the run's folder; of several runs, in the current one.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a page on a run, or on several side by side: one HTML file that needs no other and no network.

    It has the verdict and what to try, metrics with their protocol, curves, samples over time, nearest training
    images, settings, and the command that trains the run again.

    Examples:

      gancli report ckpt

      gancli report runs/a runs/b --output both.html
    """
    from gancli.cli.console import TerminalReporter, print_json, print_table
    from gancli.workflows.report import report as workflow

    runs = runs or [DEFAULT_RUN]
    with TerminalReporter(quiet=quiet) as reporter:
        page = workflow(runs, output, reporter, data_dir=data_dir, overwrite=overwrite)
    if json:
        print_json({"output": str(page), "runs": [str(run) for run in runs]})
    else:
        print_table([("output", page)])
