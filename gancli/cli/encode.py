"""``gancli encode``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancli.cli import hosts
from gancli.cli.options import (
    Coordinator,
    DataDir,
    Ema,
    Json,
    Overwrite,
    Process,
    Processes,
    Quiet,
    RunFolder,
    Step,
    parse_step,
)

if TYPE_CHECKING:
    from gancli.workflows.encode import EncodeResult

NAMED = 5  # images that a table names


def encode(
    run: RunFolder,
    images: Annotated[
        str,
        typer.Argument(
            metavar="IMAGES", help="A folder, .zip, .npz or one image; or a data set, or a split of it: mnist/test."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(*("-o", "--output"), metavar="FILE.npz", help="Latents, names and distances, as arrays."),
    ] = None,
    reconstruct: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png", help="A picture: image, reconstruction, nearest training image of the first 30 images."
        ),
    ] = None,
    features: Annotated[
        bool, typer.Option("--features", help="Add the encoder's last hidden layer to the arrays.")
    ] = False,
    refine: Annotated[
        int, typer.Option(metavar="N", help="Steps of gradient descent on the latents, from the encoder's answer.")
    ] = 0,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of an encoder that is trained for the generator. Default: 3000."),
    ] = None,
    overwrite: Overwrite = False,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    coordinator: Coordinator = None,
    processes: Processes = None,
    process: Process = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Infer latents of images, and tell which of them the generator can draw.

    A run of `--game bidirectional` has an encoder. For another run one is trained, once, and kept in its folder.

    Examples:

      gancli encode ckpt mnist/test --output z.npz

      gancli encode ckpt photos/ --reconstruct faces.png --refine 200
    """
    wanted = parse_step(step)
    together = hosts.met(coordinator, processes, process)

    from gancli.cli.console import print_json, print_table, reporting, warn_of
    from gancli.workflows.encode import encode as workflow

    with hosts.dividing(together) as leads, reporting(quiet=quiet, leads=leads) as reporter:
        result = workflow(
            run,
            images,
            output,
            reporter,
            reconstruct=reconstruct,
            features=features,
            refine=refine,
            steps=steps,
            step=wanted,
            ema=ema,
            overwrite=overwrite,
            data_dir=data_dir,
        )
    if not leads:
        return
    warn_of(result.notes, result.step)
    if json:
        print_json(_to_dict(result))
    else:
        print_table(_rows(result))


def _to_dict(result: "EncodeResult") -> dict[str, Any]:
    drawable = result.representable
    images = [
        {"name": name, "distance": float(distance)}
        | ({"nearest": float(result.nearest[row])} if row < len(result.nearest) else {})
        | ({} if drawable is None else {"representable": bool(drawable[row])})
        for row, (name, distance) in enumerate(zip(result.names, result.distances, strict=True))
    ]
    written = {"output": result.output, "reconstruct": result.sheet}
    return {name: str(path) for name, path in written.items() if path} | {
        "encoder": result.origin,
        "explained_variance": result.explained,
        "distance": float(result.distances.mean()),
        "nearest_distance": float(result.nearest.mean()),
        "random_distance": float(result.random.mean()),
        "classes_kept": result.kept,
        "limit": result.limit,
        "num_held_out": result.num_held_out,
        "images": images,
        "step": result.step,
        "ema": result.ema,
    }


def _rows(result: "EncodeResult") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    if result.output:
        rows.append(("output", result.output))
    if result.sheet:
        rows.append(("picture", result.sheet))
    origin = {"played": "E of the run", "trained": "trained for the generator", "kept": "kept in the run's folder"}
    weights = "averaged weights" if result.ema else "raw weights"
    rows.append(("encoder", f"{origin[result.origin]}, step {result.step}, {weights}"))
    rows.append(("z explained", f"{result.explained:.0%} of its variance, on fresh samples"))
    rows.append(
        (
            "distance",
            f"{result.distances.mean():.2f} from reconstructions, {result.nearest.mean():.2f} from the nearest "
            f"training images, {result.random.mean():.2f} from random ones",
        )
    )
    if result.kept is not None:
        rows.append(("class kept", f"{result.kept:.1%} of reconstructions, as the data's classifier sees them"))
    drawable = result.representable
    if drawable is None:
        rows.append(("representable", f"unknown: only {result.num_held_out} images are held out"))
        return rows
    named = [name for name, can in zip(result.names, drawable, strict=True) if not can]
    more = f" and {len(named) - NAMED:,} more" if len(named) > NAMED else ""
    rows.append(("representable", f"{int(drawable.sum()):,} of {len(drawable):,}, within {result.limit:.2f}"))
    if named:
        rows.append(("not", f"{', '.join(named[:NAMED])}{more}"))
    return rows
