"""``gancli list``: what exists, by name, and the literature behind a run."""

from pathlib import Path
from typing import Annotated

import typer

from gancli.cli.options import DEFAULT_RUN, Json


def catalog(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="datasets, losses, metrics, models, optimizers, presets or priors; with --cite, a run folder.",
        ),
    ] = None,
    cite: Annotated[bool, typer.Option("--cite", help="Print the BibTeX of what a run used; by default ckpt.")] = False,
    json: Json = False,
) -> None:
    """List what can be chosen, or cite what was.

    Examples:

      gancli list datasets

      gancli list metrics --json

      gancli list --cite ckpt/ > references.bib
    """
    from gancli.cli.console import print_json, print_table

    if cite:
        from gancli.workflows.citations import citations

        entries = citations(Path(kind) if kind else DEFAULT_RUN)
        if json:
            print_json(entries)
        else:
            print("\n\n".join(entries.values()))
        return
    from gancli.workflows.listing import KINDS, list_entries

    if kind is None:
        print_table(("gancli list " + name, " ".join(list_entries(name))) for name in KINDS)
        return
    entries = list_entries(kind)
    if json:
        print_json(entries)
    else:
        print_table(entries.items())
