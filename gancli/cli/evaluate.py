"""``gancli evaluate``."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancli.cli import hosts
from gancli.cli.options import (
    DEFAULT_RUN,
    Coordinator,
    DataDir,
    Ema,
    Json,
    Process,
    Processes,
    Quiet,
    Reject,
    Seed,
    Step,
    parse_labels,
    parse_numbers,
    parse_step,
)
from gancli.config import defaults
from gancli.errors import UsageError
from gancli.features.catalog import FEATURES
from gancli.metrics.catalog import METRICS, json_name

if TYPE_CHECKING:
    from gancli.compute.hosts import Launch
    from gancli.workflows.evaluate import EvaluateResult

FLAGS, INPUT, OUTPUT, ANOMALY = "Metrics", "What is compared", "Output", "Unusual images (--anomaly)"
BATCH_SIZE = 1000
COLLAPSED = 4  # exit code of --fail-on-collapse


def with_metrics(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb that takes ``**flags`` a flag for every metric, made from its entry."""
    signature = inspect.signature(verb)
    own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    flags = [
        inspect.Parameter(
            json_name(name),
            inspect.Parameter.KEYWORD_ONLY,
            default=False,
            annotation=Annotated[bool, typer.Option(f"--{name}", help=entry.flag, rich_help_panel=FLAGS)],
        )
        for name, entry in METRICS.items()
    ]
    first, *rest = own  # the source, then the metrics, as the help shows them
    made = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (first, *flags, *rest)]
    verb.__signature__ = signature.replace(parameters=made)  # pyright: ignore[reportFunctionMemberAccess]
    verb.__annotations__ = {one.name: one.annotation for one in made}
    return verb


@with_metrics
def evaluate(
    source: Annotated[
        str,
        typer.Argument(metavar="RUN|FOLDER|FILE|DATASET", help="Run, folder of images, .npz, .npy, or mnist/test."),
    ] = str(DEFAULT_RUN),
    everything: Annotated[
        bool, typer.Option("--all", help="Every metric that applies here.", rich_help_panel=FLAGS)
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET|FOLDER|FILE",
            help="Reference: data set (mnist, mnist/test), folder, arrays, or saved statistics. "
            "Default: the training split of the run's data.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="Drawn from a run; default 10000.", rich_help_panel=INPUT)
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(FEATURES)}. auto: those of the run's training, else the data's built-in classifier, "
            "else Inception-v3; with --anomaly those of the run's discriminator.",
            autocompletion=lambda incomplete: [name for name in FEATURES if name.startswith(incomplete)],
            rich_help_panel=INPUT,
        ),
    ] = "auto",
    inception_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Inception-v3's published weights (a .pth file); downloaded once if not given.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="N|all",
            help="Labeled images that --probe learns from; default 100.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER|FILE.zip",
            help="Masks of the test images of a run that translates, named as they are: white where a translation may "
            "change them.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    truncation: Annotated[
        str | None,
        typer.Option(
            metavar="LIMIT,...",
            help="Of a run: a table and a figure over these bounds of its latents' components, as in 0.4,0.6,0.8,1.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    reject: Reject = False,
    seed: Seed = 0,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    batch_size: Annotated[
        int, typer.Option(help="Images read at a time; changes no number.", rich_help_panel=INPUT)
    ] = BATCH_SIZE,
    max_pixels: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Largest image of a folder, width times height; raise it for large scans.",
            rich_help_panel=INPUT,
        ),
    ] = defaults()["max_pixels"],
    save_statistics: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npz",
            help="Write mean and covariance of the samples' features, for --against.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Closest pairs that --nearest found, curves of --truncation, or what --anomaly found. Default: "
            "nearest.png, truncation.png or anomaly.png in RUN/pictures; none without a run.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace the files that --figure, --save-statistics and --output name.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    fail_on_collapse: Annotated[
        bool,
        typer.Option(
            "--fail-on-collapse",
            help="Exit 4 if the verdict of --modes, or of --translation, is collapse.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    anomaly: Annotated[
        bool,
        typer.Option(
            "--anomaly",
            help="Score how unusual the images of --against are to the run, by their reconstructions.",
            rich_help_panel=ANOMALY,
        ),
    ] = False,
    normal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="A class of the images that is not unusual; may be repeated. Default: those that the run was "
            "trained on.",
            rich_help_panel=ANOMALY,
        ),
    ] = None,
    refine: Annotated[
        int,
        typer.Option(
            metavar="N", help="Steps of gradient descent on latents, see `gancli encode`.", rich_help_panel=ANOMALY
        ),
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            *("-o", "--output"),
            metavar="FILE.csv",
            help="Write a table of images and scores, the most unusual first.",
            rich_help_panel=ANOMALY,
        ),
    ] = None,
    coordinator: Coordinator = None,
    processes: Processes = None,
    process: Process = None,
    json: Json = False,
    quiet: Quiet = False,
    **flags: bool,
) -> None:
    """Measure samples: of a run, of a folder of images, of anybody's arrays.

    Without a metric, a run is measured by those that it is evaluated by while it trains.

    Examples:

      gancli evaluate

      gancli evaluate --fid

      gancli evaluate ckpt --all --json > a.json

      gancli evaluate photos/ --fid --kid --against reference_photos/

      gancli evaluate ckpt --anomaly --against digits/test --output unusual.csv

      gancli evaluate ckpt --truncation 0.4,0.6,0.8,1

      gancli evaluate ckpt --fid --precision-recall --reject

    Exit codes: 0 done, 1 failed, 2 wrong usage, 4 collapse with --fail-on-collapse.
    """
    chosen = [name for name in METRICS if flags[json_name(name)]]
    whole = {  # what --truncation does not go with
        "--all": everything,
        "--reject": reject,
        "--save-statistics": save_statistics,
        "--masks": masks,
        "--fail-on-collapse": fail_on_collapse,
    }
    others = whole | {
        **{f"--{name}": True for name in chosen},
        "--samples": samples is not None,
        "--labels": labels is not None,
        "--batch-size": batch_size != BATCH_SIZE,
        "--max-pixels": max_pixels != defaults()["max_pixels"],
        "--truncation": truncation,
    }
    unusual = {"--normal": normal, "--refine": refine, "--output": output}
    if anomaly and (option := _first(others)):
        raise UsageError(f"{option} does not go with --anomaly. Leave it out.")
    if not anomaly and (option := _first(unusual)):
        raise UsageError(f"{option} is for --anomaly. Leave it out, or give --anomaly.")
    if truncation is not None and (option := _first(whole)):
        raise UsageError(f"--truncation and {option} exclude each other. Leave one of them out.")
    limits = None if truncation is None else parse_numbers("--truncation", truncation)
    options = {
        "against": against,
        "features": features,
        "weights": inception_weights,
        "seed": seed,
        "step": parse_step(step),
        "ema": ema,
        "data_dir": data_dir,
        "figure": figure,
        "overwrite": overwrite,
    }
    measuring = options | {
        "num_samples": samples,
        "num_labels": parse_labels(labels),
        "batch_size": batch_size,
        "max_pixels": max_pixels,
    }
    together = hosts.met(coordinator, processes, process)
    if anomaly:
        from gancli.cli.anomaly import score

        options |= {"normal": normal or (), "refine": refine, "output": output}
        score(Path(source), options, together, json=json, quiet=quiet)
    elif limits is not None:
        _truncated(source, limits, chosen, measuring, together, json=json, quiet=quiet)
    else:
        measuring |= {"everything": everything, "save_statistics": save_statistics, "masks": masks}
        measuring |= {"reject": reject, "judge": fail_on_collapse}
        _measured(source, chosen, measuring, together, json=json, quiet=quiet)


def _first(options: Mapping[str, object]) -> str | None:
    """Return the first of several options that is set."""
    return next((option for option, value in options.items() if value), None)


def _measured(
    source: str,
    metrics: list[str],
    options: dict[str, Any],
    together: "Launch | None",
    *,
    json: bool,
    quiet: bool,
) -> None:
    """Measure, and show the numbers."""
    from gancli.cli.console import print_json, reporting, warn
    from gancli.workflows.evaluate import evaluate as workflow

    with hosts.dividing(together) as leads, reporting(quiet=quiet, leads=leads) as reporter:
        result = workflow(source, metrics, reporter, **options)
    if not leads:
        return
    notes = [f"{note} Using step {result.step}." for note in result.notes]
    for note in notes + [note for one in result.measured for note in one.notes]:
        warn(note)
    if json:
        print_json(result.to_dict())
    else:
        _show(result)
    if options["judge"] and result.verdict == "collapse":
        raise typer.Exit(COLLAPSED)


def _truncated(
    source: str,
    limits: list[float],
    metrics: list[str],
    options: dict[str, Any],
    together: "Launch | None",
    *,
    json: bool,
    quiet: bool,
) -> None:
    """Measure over truncations, and show the table."""
    from gancli.cli.console import print_columns, print_json, print_table, reporting, warn
    from gancli.workflows.truncation import truncation_curve

    with hosts.dividing(together) as leads, reporting(quiet=quiet, leads=leads) as reporter:
        result = truncation_curve(Path(source), limits, metrics, reporter, **options)
    if not leads:
        return
    for note in dict.fromkeys(note for one in result.results for found in one.measured for note in found.notes):
        warn(note)
    if json:
        print_json(result.to_dict())
        return
    print_columns(result.rows())
    print_table([("written", result.output)])
    print("\nprotocol")
    for one in result.results[-1].measured:
        print(f"  {one.protocol_text}")


def _show(result: "EvaluateResult") -> None:
    from gancli.cli.console import print_columns, print_table
    from gancli.workflows.evaluate import by_reason

    where = f" step {result.step}" if result.step is not None else ""
    rows: list[tuple[str, object]] = [("samples", f"{result.count:,} from {result.source}{where}")]
    if result.acceptance_rate is not None:
        rows += [("accepted", f"{result.acceptance_rate:.1%} of the samples drawn, by the discriminator")]
    rows += [(METRICS[one.metric].label, one.text) for one in result.measured]
    left_out = by_reason(result.unavailable).items()
    rows += [("not measured", f"{', '.join(names)}: {reason}") for reason, names in left_out]
    rows += [("written", path) for path in result.written]
    print_table(rows)
    for one in result.measured:
        if one.table:
            print()
            print_columns(one.table)
    if result.measured:
        print("\nprotocol")
        for one in result.measured:
            print(f"  {one.protocol_text}")
