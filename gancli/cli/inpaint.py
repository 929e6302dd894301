"""``gancli inpaint``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancli.cli.options import DataDir, Ema, Json, Overwrite, Quiet, RunFolder, Scale, Seed, Step, parse_step
from gancli.games.masks import MASKS

if TYPE_CHECKING:
    from gancli.workflows.inpaint import InpaintResult


def inpaint(
    run: RunFolder,
    images: Annotated[
        str,
        typer.Argument(
            metavar="IMAGES", help="A folder, .zip, .npz or one image; or a data set, or a split of it: mnist/test."
        ),
    ],
    mask: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE.png",
            help=f"What is hidden: {', '.join(MASKS)}; or an image, white where pixels are hidden.",
            autocompletion=lambda incomplete: [name for name in MASKS if name.startswith(incomplete)],
        ),
    ],
    count: Annotated[int, typer.Option("-n", "--count", help="How many answers to each question.")] = 8,
    seed: Seed = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            *("-o", "--output"),
            metavar="PATH",
            help=".png or .webp: a sheet of the first 10 images; .npz: arrays of all. Default: "
            "RUN/pictures/completions.png.",
        ),
    ] = None,
    scale: Scale = None,
    overwrite: Overwrite = False,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Complete images of which a part is hidden: several answers to each question.

    A run of `--game completion` draws them. For another run they are looked for among its samples, by projection.

    Examples:

      gancli inpaint ckpt mnist/test --mask left

      gancli inpaint ckpt photo.png --mask painted.png -n 4 --output answers.png
    """
    wanted = parse_step(step)

    from gancli.cli.console import TerminalReporter, print_json, print_table, warn_of
    from gancli.workflows.inpaint import inpaint as workflow

    with TerminalReporter(quiet=quiet) as reporter:
        result = workflow(
            run,
            images,
            mask,
            output,
            reporter,
            count=count,
            seed=seed,
            step=wanted,
            ema=ema,
            scale=scale,
            overwrite=overwrite,
            data_dir=data_dir,
        )
    warn_of(result.notes, result.step)
    if json:
        print_json(_to_dict(result))
    else:
        print_table(_rows(result))


def _to_dict(result: "InpaintResult") -> dict[str, Any]:
    return {
        "output": str(result.output),
        "images": list(result.names),
        "answers": result.answers,
        "mask": result.mask,
        "observed": result.observed,
        "method": result.method,
        "spread": result.spread,
        "distance": result.distance,
        "step": result.step,
        "ema": result.ema,
        "seed": result.seed,
    }


def _rows(result: "InpaintResult") -> list[tuple[str, object]]:
    from gancli.reporting import number_of

    weights = "averaged weights" if result.ema else "raw weights"
    source = f"step {result.step}, {weights}, seed {result.seed}"
    asked = number_of(len(result.names), "image", "images")
    rows: list[tuple[str, object]] = [
        ("output", result.output),
        ("answers", f"{result.answers} to each of {asked}, {source}"),
        ("mask", f"{result.mask}, {result.observed:.0%} of the pixels are observed"),
    ]
    if result.distance is not None:
        rows.append(("method", "projection on the observed pixels: the run was not trained to complete images"))
        rows.append(("distance", f"{result.distance:.2f} from the observed pixels, before they were put in"))
    if result.spread is not None:
        rows.append(("spread", f"{result.spread:.2f} between two answers"))
    return rows
