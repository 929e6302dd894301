"""``gancli translate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli import hosts
from gancli.cli.options import Coordinator, Ema, Json, Process, Processes, Quiet, RunFolder, Step, parse_step
from gancli.config import defaults
from gancli.reporting import number_of

if TYPE_CHECKING:
    from gancli.workflows.translate import TranslateResult


def translate(
    run: RunFolder,
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="A folder, .zip, .npz or .npy, or one image.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="A|B|NAME|all",
            help="The domain of the translations, as the run calls it; for runs that translate both ways. Of a run of "
            "--game attributes: a class, or all.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of the translations. Default: only the sheet."),
    ] = None,
    answers: Annotated[
        int, typer.Option("-n", metavar="N", help="Answers to each image, of a run whose translator has noise.")
    ] = 1,
    attention: Annotated[
        bool,
        typer.Option(
            "--attention",
            help="Also write where the translator looks, as colors over each image; of a run of --model ugatit.",
        ),
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="A picture of the first 30 images beside their translations. Default: RUN/pictures/translated.png.",
        ),
    ] = None,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out images whose translation is in --output already.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    step: Step = "latest",
    ema: Ema = True,
    max_pixels: Annotated[
        int, typer.Option(metavar="N", help="Images of more pixels, width times height, are left out.")
    ] = defaults()["max_pixels"],
    coordinator: Coordinator = None,
    processes: Processes = None,
    process: Process = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Translate images to another domain, by a run of `--game cycle`, contrastive, paired or attributes.

    Images keep their size, name and transparency. Nothing of the other domain is needed.

    Examples:

      gancli translate ckpt photos/ --to B --output zebras/

      gancli translate ckpt horse.jpg --to zebra --sheet zebra.png

      gancli translate facades labels/ -n 3 --output houses/

      gancli translate ages photo.png --to 60-69 --output older/

      gancli translate anime selfies/ --to B --attention --output faces/
    """
    wanted = parse_step(step)
    together = hosts.met(coordinator, processes, process)

    from gancli.cli.console import print_json, print_table, reporting, warn_of
    from gancli.workflows.translate import translate as workflow

    dividing = hosts.dividing(together, all_keep=True)  # its translations
    with dividing as leads, reporting(quiet=quiet, leads=leads) as reporter:
        result = workflow(
            run,
            images,
            to,
            output,
            reporter,
            answers=answers,
            attention=attention,
            sheet=sheet,
            skip_existing=skip_existing,
            overwrite=overwrite,
            step=wanted,
            ema=ema,
            max_pixels=max_pixels,
        )
    if not leads:
        return
    warn_of(result.notes, result.step)
    if json:
        print_json(result.to_dict())
    else:
        print_table(_rows(result))


def _rows(result: "TranslateResult") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    if result.output:
        rows.append(("output", result.output))
    if result.sheet:
        rows.append(("picture", result.sheet))
    skipped = f", {result.skipped:,} there already" if result.skipped else ""
    count = number_of(len(result.images) - result.skipped, "image", "images")
    rows.append(("translated", f"{count}, {result.way[0]} to {result.way[1]}{skipped}"))
    rows.append(("translator", f"step {result.step}, {'averaged' if result.ema else 'raw'} weights"))
    return rows
