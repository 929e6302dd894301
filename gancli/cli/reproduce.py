"""``gancli reproduce``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli.options import DataDir, Json, Quiet, parse_names, parse_seeds
from gancli.reproduce.papers import PAPERS

if TYPE_CHECKING:
    from gancli.reproduce.goodfellow2014.theory import Check


def reproduce(
    paper: Annotated[
        str,
        typer.Argument(
            metavar="PAPER",
            help="; ".join(
                f"{name} (rows {', '.join(paper.rows)})" if paper.rows else name for name, paper in PAPERS.items()
            ),
            autocompletion=lambda incomplete: [name for name in PAPERS if name.startswith(incomplete)],
        ),
    ],
    theory: Annotated[
        bool, typer.Option("--theory", help="Check sections 3, 4 and 6 on data of known density (two minutes).")
    ] = False,
    table: Annotated[
        int | None, typer.Option(help="1: train the rows and score them; hours on a CPU. Again: go on.")
    ] = None,
    figure: Annotated[
        int | None, typer.Option(help="1, 2 or 3: train what it shows, and draw it. Again: go on.")
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="0-2,5", help="Seeds of the runs of a table.")] = "0-2",
    rows: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="Rows of a table; default: all. Of goodfellow2014: recipe, tuned, tfd. 100 brings 100-alone.",
        ),
    ] = None,
    panels: Annotated[
        str, typer.Option(metavar="a,b,c,d", help="Panels of Figure 2: a MNIST, b TFD, c and d CIFAR-10.")
    ] = "a,c,d",
    steps: Annotated[int | None, typer.Option(help="Generator updates; default: those of each recipe.")] = None,
    outdir: Annotated[Path, typer.Option(help="Where tables, figures and their runs go.")] = Path("reproduced"),
    data_dir: DataDir = None,
    seed: Annotated[int, typer.Option(help="Of a figure's run and draws, or of the theory's.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare a paper's statements with what is found here.

    Examples:

      gancli reproduce goodfellow2014 --theory

      gancli reproduce goodfellow2014 --table 1 --seeds 0-2

      gancli reproduce goodfellow2014 --figure 1

      gancli reproduce salimans2016 --rows 100 --seeds 0-2

    Exit codes: 0 everything holds, 1 something does not, 2 wrong usage.
    """
    from gancli.errors import UsageError

    has_rows, parts = bool(PAPERS[paper].rows), theory + (table is not None) + (figure is not None)
    if has_rows and parts:
        raise UsageError(f"{paper} has rows of numbers, and no --theory, --table or --figure. Leave it out.")
    if not has_rows and parts != 1:
        raise UsageError("give one of --theory, --table 1 and --figure 1, 2 or 3.")
    if table not in (None, 1):
        raise UsageError(f"--table must be 1, got {table}.")
    if figure not in (None, 1, 2, 3):
        raise UsageError(f"--figure must be 1, 2 or 3, got {figure}.")
    if steps is not None and steps < 1:
        raise UsageError(f"--steps must be at least 1, got {steps}.")

    from gancli.cli.console import TerminalReporter, print_json, print_table

    if has_rows:
        from gancli.reproduce.numbers import reproduce_numbers

        with TerminalReporter(quiet=quiet) as reporter:
            found = reproduce_numbers(
                paper, outdir, parse_seeds(seeds), parse_names(rows), reporter, num_steps=steps, data_dir=data_dir
            )
        print((outdir / f"{paper}.json").read_text() if json else found.markdown, end="")
        return
    if table:
        from gancli.reproduce.goodfellow2014.table1 import table_1

        names, chosen = parse_names(rows), parse_seeds(seeds)
        with TerminalReporter(quiet=quiet) as reporter:
            result = table_1(outdir, chosen, names, reporter, num_steps=steps, data_dir=data_dir)
        print((outdir / "table1.json").read_text() if json else result.markdown, end="")
        return
    if figure:
        from gancli.reproduce.goodfellow2014.figures import figure as draw_figure

        chosen_panels = parse_names(panels) or ()
        with TerminalReporter(quiet=quiet) as reporter:
            drawn = draw_figure(
                figure, outdir, seed, reporter, panels=chosen_panels, num_steps=steps, data_dir=data_dir
            )
        if json:
            print_json({"figure": figure, "drawn": [vars(one) | {"output": str(one.output)} for one in drawn]})
            return
        for one in drawn:
            told = f"{one.preset or 'the 1-D game'}, seed {one.seed}"
            print_table(
                [(str(one.output), f"{told}: {one.steps:,} of {one.of_steps:,} steps, {one.epochs:.1f} epochs")]
            )
        return

    from gancli.reproduce.goodfellow2014.theory import check_theory

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
