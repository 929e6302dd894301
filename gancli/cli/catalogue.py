"""``gancli list``: what exists, by name."""

from typing import Annotated

import typer

from gancli.cli.options import Json


def catalogue(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="datasets, losses, metrics, models, optimizers, presets or priors.")
    ],
    json: Json = False,
) -> None:
    """List what can be chosen.

    Examples:

      gancli list datasets

      gancli list metrics --json
    """
    from gancli.workflows.catalogue import list_entries

    entries = list_entries(kind)
    if json:
        from gancli.cli.console import print_json

        print_json(entries)
        return
    from gancli.cli.console import print_table

    print_table(entries.items())
