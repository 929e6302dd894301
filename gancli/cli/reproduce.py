"""``gancli reproduce``."""

from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli.options import Json, Quiet, Seed

if TYPE_CHECKING:
    from gancli.workflows.theory import Check


def reproduce(
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="goodfellow2014.")],
    theory: Annotated[
        bool, typer.Option("--theory", help="Check sections 3, 4 and 6 on data of known density (two minutes).")
    ] = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare a paper's statements with what is found here.

    Examples:

      gancli reproduce goodfellow2014 --theory

    Exit codes: 0 everything holds, 1 something does not, 2 wrong usage.
    """
    from gancli.errors import UsageError
    from gancli.registry import Registry

    _ = Registry("paper", {"goodfellow2014": None})[paper]
    if not theory:
        raise UsageError("nothing to reproduce: give --theory.")

    from gancli.cli.console import TerminalReporter, print_json
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
