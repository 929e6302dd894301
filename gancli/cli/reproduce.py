"""``gancli reproduce``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli.options import DataDir, Json, Quiet, Seed, parse_seeds

if TYPE_CHECKING:
    from gancli.workflows.theory import Check


def reproduce(
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="goodfellow2014.")],
    theory: Annotated[
        bool, typer.Option("--theory", help="Check sections 3, 4 and 6 on data of known density (two minutes).")
    ] = False,
    table: Annotated[
        int | None, typer.Option(help="1: train the recipe for MNIST and score it; hours on a CPU. Again: go on.")
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="0-2,5", help="Seeds of the runs of a table.")] = "0-2",
    steps: Annotated[int | None, typer.Option(help="Generator updates of a table's runs; default 125000.")] = None,
    outdir: Annotated[Path, typer.Option(help="Where a table and its runs go.")] = Path("reproduced"),
    data_dir: DataDir = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare a paper's statements with what is found here.

    Examples:

      gancli reproduce goodfellow2014 --theory

      gancli reproduce goodfellow2014 --table 1 --seeds 0-2

    Exit codes: 0 everything holds, 1 something does not, 2 wrong usage.
    """
    from gancli.errors import UsageError
    from gancli.registry import Registry

    _ = Registry("paper", {"goodfellow2014": None})[paper]
    if theory == (table is not None):
        raise UsageError("give either --theory or --table 1.")
    if table not in (None, 1):
        raise UsageError(f"--table must be 1, got {table}.")

    from gancli.cli.console import TerminalReporter, print_json

    if table:
        from gancli.workflows.table1 import table_1

        with TerminalReporter(quiet=quiet) as reporter:
            result = table_1(outdir, parse_seeds(seeds), reporter, num_steps=steps, data_dir=data_dir)
        print((outdir / "table1.json").read_text() if json else result.markdown, end="")
        return

    from gancli.workflows.theory import check_theory

    with TerminalReporter(quiet=quiet) as reporter:
        checks = check_theory(reporter, seed)
    if json:
        print_json({"paper": paper, "seed": seed, "checks": [vars(check) | {"holds": check.holds} for check in checks]})
    else:
        _show(checks)
    if not all(check.holds for check in checks):
        raise typer.Exit(1)


def _show(checks: "list[Check]") -> None:
    """Print one table in Markdown's form, for terminals and documents alike."""
    print("| statement | setting | expected | measured | tolerance | |")
    print("|---|---|---|---|---|---|")
    for check in checks:
        relation = {"=": "", "<=": "at most ", ">=": "at least "}[check.relation]
        verdict = "holds" if check.holds else "**fails**"
        numbers = f"{relation}{check.expected:.4f} | {check.measured:.4f} | {check.tolerance:.4f}"
        print(f"| {check.claim} | {check.setting} | {numbers} | {verdict} |")
