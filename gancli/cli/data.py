"""``gancli data``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli.options import Json, Quiet
from gancli.cli.settings import Command
from gancli.config import defaults, settings

if TYPE_CHECKING:
    from gancli.workflows.check_data import DataCheck

DEFAULTS = defaults()
MAX_PIXELS, HELD_OUT = (f"As for `gancli train`: {settings()[name].help}" for name in ("max_pixels", "held_out"))
SHOWN = 5  # of each kind, the most frequent or the first

app = typer.Typer(no_args_is_help=True, help="Look at your images before training on them.")


@app.command(cls=Command)
def check(
    path: Annotated[Path, typer.Argument(help="A folder of images, or a .zip, .npz or .npy file.")],
    resolution: Annotated[int, typer.Option(help="As for `gancli train`; 0: chosen by the images.")] = 0,
    channels: Annotated[str, typer.Option(help="As for `gancli train`: auto, 1, 3 or 4.")] = "auto",
    max_pixels: Annotated[int, typer.Option(metavar="N", help=MAX_PIXELS)] = DEFAULTS["max_pixels"],
    held_out: Annotated[float, typer.Option(metavar="SHARE", help=HELD_OUT)] = DEFAULTS["held_out"],
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """List sizes, color modes, classes, splits, broken and duplicate files of your images.

    Every image is decoded. Exit code 1 if some are broken, so that a script can ask.

    Examples:

      gancli data check ./my-images

      gancli data check photos.zip --json
    """
    from gancli.cli.console import TerminalReporter, print_json, print_table
    from gancli.data.images.decode import Framing
    from gancli.workflows.check_data import check_data

    with TerminalReporter(quiet=quiet) as reporter:
        framing = Framing(resolution, channels=channels, max_pixels=max_pixels, held_out=held_out)
        found = check_data(path, framing, reporter)
    if json:
        print_json(found.to_dict())
    else:
        print_table(_rows(found))
    if found.broken:
        raise typer.Exit(1)


def _rows(found: "DataCheck") -> list[tuple[str, str]]:
    rows = [("images", f"{found.count:,} in '{found.path}'")]
    rows.append(("passed over", _counted(found.passed_over) if found.passed_over else "none"))
    rows += [("", note) for note in found.notes]
    if found.shortest:
        least, median, greatest = found.shortest
        rows.append(("sizes", _counted(found.sizes)))
        rows.append(("shorter side", f"{least} to {greatest} pixels, median {median:g}"))
        rows.append(("color modes", _counted(found.modes)))
    rows.append(("classes", _counted(found.classes) if found.classes else "none"))
    rows += [(split, _total(counts)) for split, counts in found.splits.items()]
    rows += _listed("broken", [f"{name}: {reason}" for name, reason in found.broken.items()])
    rows += _listed("duplicates", [" = ".join(group) for group in found.duplicates])
    if found.trained_as:
        rows.append(("trained as", "x".join(map(str, found.trained_as))))
    return rows


def _total(counts: dict[str, int]) -> str:
    """Return how many images a split has and, where there are classes, how many of each."""
    return f"{sum(counts.values()):,}" + (f" ({_counted(counts)})" if len(counts) > 1 else "")


def _counted(counts: dict[str, int]) -> str:
    shown = ", ".join(f"{name or '(none)'}: {count:,}" for name, count in list(counts.items())[:SHOWN])
    return shown + (f" and {len(counts) - SHOWN:,} more" if len(counts) > SHOWN else "")


def _listed(name: str, lines: list[str]) -> list[tuple[str, str]]:
    rows = [(name, f"{len(lines):,}" if lines else "none"), *(("", line) for line in lines[:SHOWN])]
    return rows + ([("", f"and {len(lines) - SHOWN:,} more")] if len(lines) > SHOWN else [])
