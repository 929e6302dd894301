"""Options that several commands share."""

import re
from pathlib import Path
from typing import Annotated

import typer

from gancli.config import settings
from gancli.errors import UsageError

DEFAULT_RUN = Path("ckpt")
NUMBER = re.compile(r"[0-9]{1,18}")
DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
MOST_RUNS = 1000  # of one command
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
TIME = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,9}})?)([{''.join(SECONDS)}])", re.ASCII)
LEAST_TIME, MOST_TIME = 10, 365 * SECONDS["d"]

TOGETHER = "Several processes"  # a panel of the help

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
Reject = Annotated[
    bool,
    typer.Option("--reject", help="Keep the samples that the discriminator lets pass; it is calibrated first."),
]
Scale = Annotated[
    int | None,
    typer.Option(
        "--scale",
        metavar="N",
        help="Enlarge each image of a grid N times. Default: so that the sheet is about 1024 pixels wide.",
    ),
]
Coordinator = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Where several processes that do this together meet: the host of process 0. Under srun and mpirun they "
        "find each other.",
        rich_help_panel=TOGETHER,
    ),
]
Processes = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="How many such processes there are; 1: this one is alone.", rich_help_panel=TOGETHER
    ),
]
Process = Annotated[
    int | None,
    typer.Option(
        metavar="I", help="Which of them this one is, from 0. Process 0 keeps the results.", rich_help_panel=TOGETHER
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file that --output names.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results, warnings and errors only.")]


def parse_step(text: str) -> int | str:
    """Return the step, or ``latest`` or ``best``."""
    if text in ("latest", "best"):
        return text
    if not NUMBER.fullmatch(text):
        raise UsageError(f"--step must be a step, 'latest' or 'best', got '{text}'.")
    return int(text)


def parse_labels(text: str | None) -> int | str | None:
    """Return how many labels a probe learns from, or ``all``."""
    if text is None or text == "all":
        return text
    if not NUMBER.fullmatch(text):
        raise UsageError(f"--labels must be a whole number or 'all', got '{text}'.")
    return int(text)


def parse_names(text: str | None) -> tuple[str, ...] | None:
    """Return the names in ``fid,modes``."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def parse_numbers(option: str, text: str) -> list[float]:
    """Return the numbers in ``0.4,0.6,1``."""
    parts = [part.strip() for part in text.split(",")]
    if not all(DECIMAL.fullmatch(part) for part in parts):
        raise UsageError(f"{option} must be numbers like 0.4,0.6,1, got '{text}'.")
    return [float(part) for part in parts]


def parse_time(text: str) -> float:
    """Return the seconds in ``90s``, ``30m``, ``1.5h`` or ``2d``."""
    found = TIME.fullmatch(text.strip())
    seconds = float(found[1]) * SECONDS[found[2]] if found else 0.0
    if not LEAST_TIME <= seconds <= MOST_TIME:
        raise UsageError(f"--time must be from 10s to 365d, as in 90s, 30m, 1.5h or 2d, got '{text}'.")
    return seconds


def parse_seeds(text: str) -> list[int]:
    """Return the seeds in ``0-2,5``."""
    spans = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not NUMBER.fullmatch(first) or (dash and not NUMBER.fullmatch(last)) or (dash and int(last) < int(first)):
            raise UsageError(f"--seeds must be seeds like 0-2,5, got '{text}'.")
        spans.append(range(int(first), int(last or first) + 1))
    below = settings()["seed"].below
    if most := [span[-1] for span in spans if below and span[-1] >= below]:
        raise UsageError(f"--seeds must be below {below}, got {max(most)}.")
    if (count := sum(map(len, spans))) > MOST_RUNS:
        raise UsageError(f"--seeds must be at most {MOST_RUNS:,} seeds, a run each, got {count:,} in '{text}'.")
    return list(dict.fromkeys(seed for span in spans for seed in span))
