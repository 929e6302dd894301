"""``gancli sample``."""

from pathlib import Path
from typing import Annotated

import typer

from gancli.cli import hosts
from gancli.cli.options import (
    DEFAULT_RUN,
    ClassName,
    Coordinator,
    DataDir,
    Ema,
    Json,
    Overwrite,
    Process,
    Processes,
    Quiet,
    Reject,
    RunFolder,
    Scale,
    Seed,
    Step,
    parse_step,
)


def sample(
    run: RunFolder = DEFAULT_RUN,
    count: Annotated[int, typer.Option("-n", "--count", help="How many samples.")] = 64,
    seed: Seed = 0,
    output: Annotated[
        str | None,
        typer.Option(
            *("-o", "--output"),
            metavar="PATH",
            help=".png or .webp: a grid; .npz: arrays; without an ending, or with / at its end: a folder, one PNG an "
            "image. Default: RUN/pictures/samples.png.",
        ),
    ] = None,
    nearest: Annotated[
        bool, typer.Option("--nearest", help="Add the nearest training example of each row's last sample (Figure 2).")
    ] = False,
    class_name: ClassName = None,
    class_balanced: Annotated[
        bool, typer.Option("--class-balanced", help="Of a class-conditional run: every class in turn, a column each.")
    ] = False,
    code: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of an infogan run: the code that changes along a row of the grid; default 1."),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(
            metavar="LIMIT", help="No component of a latent beyond plus or minus this: better, less varied samples."
        ),
    ] = None,
    reject: Reject = False,
    scale: Scale = None,
    overwrite: Overwrite = False,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    coordinator: Coordinator = None,
    processes: Processes = None,
    process: Process = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw samples from a trained generator.

    Examples:

      gancli sample ckpt/ -n 64

      gancli sample runs/digits -n 10000 --output samples.npz

      gancli sample ckpt -n 100 --nearest --output figure2.png

      gancli sample ckpt --truncation 0.7 --output typical.png

      gancli sample ckpt --reject --output best.png
    """
    wanted = parse_step(step)
    together = hosts.met(coordinator, processes, process)

    from gancli.cli.console import print_json, print_table, reporting, warn_of
    from gancli.workflows.sample import sample as workflow

    with hosts.dividing(together) as leads, reporting(quiet=quiet, leads=leads) as reporter:
        result = workflow(
            run,
            None if output is None else Path(output),
            count=count,
            seed=seed,
            step=wanted,
            ema=ema,
            nearest=nearest,
            class_name=class_name,
            class_balanced=class_balanced,
            code=code,
            truncation=truncation,
            reject=reject,
            into_folder=output is not None and output.endswith("/"),
            scale=scale,
            overwrite=overwrite,
            data_dir=data_dir,
            reporter=reporter,
        )
    if not leads:
        return
    warn_of(result.notes, result.step)
    values = {
        "output": str(result.output),
        "num_samples": result.num_samples,
        "step": result.step,
        "ema": result.ema,
        "seed": result.seed,
    }
    values |= {} if result.truncation is None else {"truncation": result.truncation}
    rows: list[tuple[str, object]] = []
    if result.looked_at is not None:
        rate = result.num_samples / result.looked_at
        values |= {"looked_at": result.looked_at, "acceptance_rate": rate}
        rows = [("accepted", f"{rate:.1%} of {result.looked_at:,} samples, by the discriminator")]
    if json:
        print_json(values)
    else:
        weights = "averaged weights" if result.ema else "raw weights"
        drawn = f"{result.num_samples:,} of step {result.step}, {weights}, seed {result.seed}"
        drawn += "" if result.truncation is None else f", truncation {result.truncation:g}"
        print_table([("output", result.output), ("samples", drawn), *rows])
