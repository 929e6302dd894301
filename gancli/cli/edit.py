"""``gancli edit``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancli.cli.options import (
    DEFAULT_RUN,
    DataDir,
    Ema,
    Json,
    Overwrite,
    Quiet,
    RunFolder,
    Scale,
    Seed,
    Step,
    parse_step,
)

if TYPE_CHECKING:
    from gancli.workflows.edit import EditResult


def edit(
    run: RunFolder = DEFAULT_RUN,
    images: Annotated[
        str | None,
        typer.Argument(
            metavar="IMAGES",
            help="A folder, .zip, .npz or one image; or a data set, or a split of it: mnist/test. Default: samples.",
        ),
    ] = None,
    toward: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=STRENGTH",
            help="Where to: a class of the run's data, an axis (sefa:1 is the first), or a direction's file (.npz). "
            "Strengths are standard deviations of the prior; below 0 they lead away. Several add up.",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("-n", "--count", help="How many samples, without IMAGES. Default: 8.")
    ] = None,
    seed: Seed = 0,
    refine: Annotated[
        int, typer.Option(metavar="N", help="Steps of gradient descent on the latents, see `gancli encode`.")
    ] = 0,
    output: Annotated[
        str | None,
        typer.Option(
            *("-o", "--output"),
            metavar="PATH",
            help=".png or .webp: a strip of strengths, an image a row; .npz: the edited images and their latents; "
            "without an ending, or with / at its end: a folder, one PNG for each. Default: RUN/pictures/edit.png.",
        ),
    ] = None,
    save_direction: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Write the sum of the directions, for --toward FILE.npz=1."),
    ] = None,
    scale: Scale = None,
    overwrite: Overwrite = False,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Move images, or samples, along directions in latent space.

    A class leads from the mean latents of the others to its own, by the run's encoder (Larsen et al. 2016).

    An axis needs no labels: it changes the generator's first layer most (SeFa, Shen and Zhou 2021).

    Examples:

      gancli edit ckpt --toward sefa:1=2

      gancli edit ckpt digits/test --toward 3=2 --refine 200

      gancli edit ckpt -n 100 --toward 3=1.5 --toward sefa:2=-1 --output edited/
    """
    wanted = parse_step(step)

    from gancli.cli.console import TerminalReporter, print_json, print_table, warn_of
    from gancli.workflows.edit import edit as workflow

    with TerminalReporter(quiet=quiet) as reporter:
        result = workflow(
            run,
            toward or [],
            reporter,
            source=images,
            output=None if output is None else Path(output),
            into_folder=output is not None and output.endswith("/"),
            save_direction=save_direction,
            count=count,
            seed=seed,
            refine=refine,
            scale=scale,
            step=wanted,
            ema=ema,
            overwrite=overwrite,
            data_dir=data_dir,
        )
    warn_of(result.notes, result.step)
    if json:
        print_json(_to_dict(result))
    else:
        print_table(_rows(result))


def _to_dict(result: "EditResult") -> dict[str, Any]:
    directions = [
        {"name": one.toward.name, "kind": one.kind, "strength": one.toward.strength, "apart": one.apart}
        for one in result.directions
    ]
    saved = {"direction": str(result.saved)} if result.saved else {}
    return (
        {"output": str(result.output)}
        | saved
        | {
            "directions": directions,
            "num_images": result.num_images,
            "shown": result.shown,
            "images": None if result.names is None else list(result.names),
            "distance": result.distance,
            "encoder": result.origin,
            "step": result.step,
            "ema": result.ema,
            "seed": result.seed,
        }
    )


def _rows(result: "EditResult") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [("output", result.output)]
    if result.saved:
        rows.append(("direction", result.saved))
    weights = "averaged weights" if result.ema else "raw weights"
    what = "images" if result.names is not None else "samples"
    seed = f", seed {result.seed}" if result.seed is not None else ""
    first = f", the first {result.shown} in the picture" if 0 < result.shown < result.num_images else ""
    rows.append((what, f"{result.num_images:,}, step {result.step}, {weights}{seed}{first}"))
    for one in result.directions:
        apart = "" if one.apart is None else f"; the mean of the class is {one.apart:.2f} away from that of the others"
        rows.append((f"toward {one.toward.name}", f"{one.toward.strength:+g} standard deviations{apart}"))
    if result.distance is not None:
        rows.append(("distance", f"{result.distance:.2f} of the images from their reconstructions, before the edit"))
    return rows
