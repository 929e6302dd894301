"""``gancli list``: what exists, by name, and the literature behind a run."""

from pathlib import Path
from typing import Annotated

import typer

from gancli.cli.options import DEFAULT_RUN, Json


def _kinds(ctx: typer.Context, incomplete: str) -> list[str]:
    from gancli.workflows.listing import KINDS

    del ctx
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def _names(ctx: typer.Context, incomplete: str) -> list[str]:
    from gancli.workflows.listing import KINDS

    kind = str(ctx.params.get("kind"))
    return [name for name in KINDS[kind].registry if name.startswith(incomplete)] if kind in KINDS else []


def catalog(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="datasets, games, updates, masks, losses, penalties, models, optimizers, priors, paths, "
            "augmentations, presets, metrics or features; with --cite, a run folder.",
            autocompletion=_kinds,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Say all that is known of one.", autocompletion=_names)
    ] = None,
    cite: Annotated[bool, typer.Option("--cite", help="Print the BibTeX of what a run used; by default ckpt.")] = False,
    json: Json = False,
) -> None:
    """List what can be chosen, say all about one thing, or cite what a run used.

    Examples:

      gancli list losses

      gancli list presets mnist-dcgan

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
    from gancli.workflows.listing import KINDS, describe, list_entries

    if kind is None:
        print_table((f"gancli list {one}", " ".join(KINDS[one].registry)) for one in KINDS)
    elif name is not None:
        found = describe(kind, name)
        if json:
            print_json(found.to_dict())
            return
        print_table(found.rows())
        for reference in found.references:
            print(f"\n{reference}")
    else:
        listed = list_entries(kind)
        if json:
            print_json({one: found.to_dict() for one, found in listed.items()})
            return
        rows = ((one, found.lines) for one, found in listed.items())
        print_table((one if at == 0 else "", line) for one, lines in rows for at, line in enumerate(lines))
