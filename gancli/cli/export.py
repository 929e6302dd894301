"""``gancli export``."""

from pathlib import Path
from typing import Annotated

import typer

from gancli.cli.options import DEFAULT_RUN, Ema, Json, RunFolder, Step, parse_names, parse_step


def export(
    run: RunFolder = DEFAULT_RUN,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")] = Path("exported"),
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME,NAME",
            help="safetensors (the weights by name; always written), stablehlo (the function, for JAX without gancli).",
        ),
    ] = "safetensors,stablehlo",
    evaluation: Annotated[
        Path | None, typer.Option(help="What `gancli evaluate --json` printed, for the model card.")
    ] = None,
    step: Step = "latest",
    ema: Ema = True,
    json: Json = False,
) -> None:
    """Write a generator or translators for others: weights, functions, configuration, model card and pictures.

    Examples:

      gancli export ckpt --output my-generator

      gancli evaluate ckpt --all --json > scores.json && gancli export ckpt --step best --evaluation scores.json
    """
    wanted, names = parse_step(step), parse_names(formats) or ()

    from gancli.cli.console import print_json, print_table, warn_of
    from gancli.workflows.export import export as workflow

    result = workflow(run, output, formats=names, step=wanted, ema=ema, evaluation=evaluation)
    warn_of(result.notes, result.step)
    if json:
        print_json({"output": str(result.output), "files": result.files, "step": result.step, "ema": result.ema})
        return
    weights = "averaged weights" if result.ema else "raw weights"
    print_table(
        [("output", result.output), ("files", ", ".join(result.files)), ("weights", f"step {result.step}, {weights}")]
    )
