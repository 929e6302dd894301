"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_RUN = Path("ckpt")

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, as written by train.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the random draws.")]
Step = Annotated[
    str,
    typer.Option(
        "--step",
        metavar="N|latest|best",
        help="Checkpoint to use: a step, the newest whole one, or the best by the run's first metric.",
    ),
]
Ema = Annotated[
    bool, typer.Option("--ema/--no-ema", help="Use the moving average of the generator's weights, or the raw ones.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Folder of the original archives, or prepared by TensorFlow Datasets. "
        "Default: TFDS_DATA_DIR, else ~/tensorflow_datasets.",
    ),
]
ClassName = Annotated[
    str | None,
    typer.Option("--class", metavar="NAME|N", help="Of a class-conditional run: this class alone."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results, warnings and errors only.")]


def parse_step(text: str) -> int | str:
    """Return the step, or ``latest`` or ``best``."""
    if text in ("latest", "best"):
        return text
    if not text.isdigit():
        raise typer.BadParameter(f"must be a step, 'latest' or 'best', got '{text}'.", param_hint="--step")
    return int(text)


def parse_names(text: str | None) -> tuple[str, ...] | None:
    """Return the names in ``fid,modes``."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def parse_dataset(text: str) -> str:
    """Return the name of a data set; of your images the absolute path, which holds in any folder."""
    from gancli.data.catalog import is_path

    return str(Path(text).absolute()) if is_path(text) else text


def parse_loss(text: str | None) -> str | None:
    """Return the name of an objective; of one in a file, with the file's absolute path, which holds in any folder."""
    if text is None or ".py:" not in text:
        return text
    path, _, name = text.rpartition(":")
    return f"{Path(path).absolute()}:{name}"


def parse_seeds(text: str) -> list[int]:
    """Return the seeds in ``0-2,5``."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or (dash and int(last) < int(first)):
            raise typer.BadParameter(f"must be seeds like 0-2,5, got '{text}'.", param_hint="--seeds")
        seeds += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(seeds))


def parse_numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    """Return the whole numbers in ``1200,1200``."""
    if text is None:
        return None
    parts = text.split(",")
    if not all(part.strip().isdigit() for part in parts):
        raise typer.BadParameter(f"must be whole numbers separated by commas, got '{text}'.", param_hint=option)
    return tuple(int(part) for part in parts)


def parse_shares(text: str | None, option: str) -> tuple[float, ...] | None:
    """Return the numbers in ``0.5,0.3``."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"must be numbers separated by commas, got '{text}'.", param_hint=option) from None
