"""``gancli interpolate``."""

from pathlib import Path
from typing import Annotated

import typer

from gancli.cli.options import (
    DEFAULT_RUN,
    ClassName,
    DataDir,
    Ema,
    Json,
    Overwrite,
    RunFolder,
    Scale,
    Seed,
    Step,
    parse_step,
)
from gancli.errors import UsageError
from gancli.latents.catalog import PATHS


def interpolate(
    run: RunFolder = DEFAULT_RUN,
    rows: Annotated[
        int | None, typer.Option(metavar="N", help="Walks, each between two independent draws. Default: 8.")
    ] = None,
    frames: Annotated[int, typer.Option(help="Samples along a walk, both ends counted.")] = 10,
    path: Annotated[
        str,
        typer.Option(
            help=f"{' or '.join(PATHS)} (along the great circle).",
            autocompletion=lambda incomplete: [name for name in PATHS if name.startswith(incomplete)],
        ),
    ] = "linear",
    seed: Seed = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            *("-o", "--output"),
            metavar="PATH",
            help=".png: a walk a row; .gif, .webp or .mp4 (by the program ffmpeg): all walks at once, there and back. "
            "Default: RUN/pictures/interpolation.png.",
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="IMAGE", help="Walk from the latents of this image, with --to.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="IMAGE", help="To those of this one.")] = None,
    refine: Annotated[
        int, typer.Option(metavar="N", help="Steps of gradient descent on both, see `gancli encode`.")
    ] = 0,
    class_name: ClassName = None,
    scale: Scale = None,
    overwrite: Overwrite = False,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Walk through latent space between draws of the prior (Figure 3), or between two images.

    Examples:

      gancli interpolate

      gancli interpolate ckpt --rows 4 --frames 24 --path slerp --output walk.gif

      gancli interpolate ckpt --from a.png --to b.png --refine 200
    """
    wanted = parse_step(step)
    if (start is None) != (end is None):
        raise UsageError("--from and --to belong together. Give both, or none of them.")

    from gancli.cli.console import TerminalReporter, print_json, print_table, warn_of
    from gancli.workflows.interpolate import interpolate as workflow

    with TerminalReporter(quiet=json) as reporter:
        result = workflow(
            run,
            output,
            rows=rows,
            frames=frames,
            path=path,
            class_name=class_name,
            seed=seed,
            step=wanted,
            ema=ema,
            scale=scale,
            overwrite=overwrite,
            between=None if start is None or end is None else (start, end),
            refine=refine,
            data_dir=data_dir,
            reporter=reporter,
        )
    warn_of(result.notes, result.step)
    if json:
        values = {"output": str(result.output), "rows": result.rows, "frames": result.frames, "path": result.path}
        print_json(values | {"step": result.step, "ema": result.ema, "seed": result.seed})
    else:
        weights = "averaged weights" if result.ema else "raw weights"
        walks = (
            f"{result.rows} x {result.frames} frames, {result.path}, step {result.step}, {weights}, seed {result.seed}"
        )
        print_table([("output", result.output), ("walks", walks)])
