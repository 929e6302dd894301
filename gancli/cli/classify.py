"""``gancli classify``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli.options import DataDir, Ema, Json, Overwrite, Quiet, RunFolder, Step, parse_step

if TYPE_CHECKING:
    from gancli.workflows.classify import ClassifyResult

SHOWN = 20  # images in the table for people


def classify(
    run: RunFolder,
    images: Annotated[
        str, typer.Argument(metavar="IMAGES", help="A folder of images, .zip, .npz, .npy, one image, or mnist/test.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.csv", help="Write a table of images, classes and probabilities."),
    ] = None,
    overwrite: Overwrite = False,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Classify images by the discriminator of a semi-supervised run.

    Examples:

      gancli classify ckpt mnist/test

      gancli classify ckpt photos/ --output classes.csv
    """
    wanted = parse_step(step)

    from gancli.cli.console import TerminalReporter, print_json, warn_of
    from gancli.workflows.classify import classify as workflow

    with TerminalReporter(quiet=quiet) as reporter:
        result = workflow(
            run, images, reporter, output=output, overwrite=overwrite, step=wanted, ema=ema, data_dir=data_dir
        )
    warn_of(result.notes, result.step)
    if json:
        print_json(result.to_dict())
    else:
        _show(result)


def _show(result: "ClassifyResult") -> None:
    from gancli.cli.console import print_table

    count = len(result.names)
    if count <= SHOWN and result.written is None:
        found = zip(result.names, result.predicted, result.confidences, strict=True)
        print_table([(name, f"{label}  {probability:.3f}") for name, label, probability in found])
        print()
    weights = "averaged weights" if result.ema else "raw weights"
    rows: list[tuple[str, object]] = [
        ("images", f"{count:,} of {result.source}"),
        ("classifier", f"step {result.step}, {weights}, {result.num_labels:,} labels"),
        ("classes", ", ".join(f"{name} {number:,}" for name, number in result.counts.items() if number)),
    ]
    if result.mistakes:
        rows.append(("error", result.mistakes.text))
    if result.written:
        rows.append(("output", result.written))
    print_table(rows)
