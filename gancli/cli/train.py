"""``gancli train``."""

import dataclasses
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancli.cli import hosts
from gancli.cli.options import (
    DEFAULT_RUN,
    Coordinator,
    DataDir,
    Json,
    Process,
    Processes,
    Quiet,
    parse_seeds,
    parse_time,
)
from gancli.cli.settings import (
    RESUME,
    ConfigFile,
    DatasetName,
    LearningRate,
    PresetName,
    completion,
    typed_options,
    was_typed,
    with_settings,
)
from gancli.config import TrainConfig
from gancli.data.catalog import is_path
from gancli.errors import UsageError
from gancli.recipes.files import RECORD, is_run
from gancli.recipes.request import Request
from gancli.recipes.resolve import toml_of
from gancli.reporting import number_of

if TYPE_CHECKING:
    from gancli.compute.hosts import Launch


def _help_all(ctx: typer.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        print(ctx.get_help(), end="")
        raise typer.Exit


@with_settings
def train(
    ctx: typer.Context,
    dataset: DatasetName = None,
    outdir: Annotated[Path, typer.Option(metavar="DIR", help="Run folder to write.")] = DEFAULT_RUN,
    preset: PresetName = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    lr: LearningRate = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="30m|2h",
            help="Train as many steps as take about this long on this machine. Default for dcgan, resnet, translators "
            "and your own images: 1h.",
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="0-2,5", help="Train a run for each seed, in folders inside --outdir, and summarize."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="[auto]",
            help="Continue the run in --outdir, bit for bit; auto: or start it, if it is not there.",
            autocompletion=completion(("auto",)),
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --outdir.")] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print what differs from the defaults as TOML, for --config.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the settings, and sizes and speed of a rehearsal; keep nothing.")
    ] = False,
    coordinator: Coordinator = None,
    processes: Processes = None,
    process: Process = None,
    quiet: Quiet = False,
    json: Json = False,
    help_all: Annotated[
        bool, typer.Option("--help-all", is_eager=True, callback=_help_all, help="Show all options and exit.")
    ] = False,
    **options: Any,
) -> None:
    """Train a GAN into a run folder.

    Defaults depend on the data set and the model: add `--help` to a command to see its own.

    Examples:

      gancli train digits --outdir runs/digits

      gancli train mnist --model dcgan --lr 1e-3 --steps 5000

      gancli train ./my-images --resolution 32 --mirror

      gancli train --config runs/digits/config.toml --seed 1 --outdir runs/other

      gancli train ring --seeds 0-7 --outdir runs/ring --resume auto

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 diverged; 130, 143 and 129 stopped by Ctrl-C, SIGTERM
    and SIGHUP after saving.
    """
    from gancli.cli.console import reporting, warn

    typed = typed_options(ctx, options)
    if resume not in (None, *RESUME):
        raise UsageError(f"--resume must be auto, or stand alone, got '{resume}'.")
    if resume and overwrite:
        raise UsageError("--resume and --overwrite exclude each other.")
    if time and print_config:
        raise UsageError("--time and --print-config exclude each other: a time becomes steps when a run begins.")
    seconds = None if time is None else parse_time(time)
    if seeds is not None and "seed" in typed:
        raise UsageError("--seeds and --seed exclude each other.")
    if dataset and is_path(dataset) and is_run(Path(dataset)):
        if not resume:
            raise UsageError(
                f"'{dataset}' is a run, no data set. Continue it with --resume, or begin another one like it with "
                f"--config {dataset}."
            )
        outdir, dataset = outdir if was_typed(ctx, "outdir") else Path(dataset), None
    request = Request.read(dataset, preset, config, typed, lr, data_dir)
    goes_on = seeds is None and (resume == "run" or (resume == "auto" and (outdir / RECORD).is_file()))
    recipe: dict[str, Any] = {}
    budget = None
    if goes_on and seconds is not None and resume == "run":
        raise UsageError("--time is for a new run. To go further with this one, say --steps.")
    if goes_on:
        if seconds is not None:
            warn(f"--time {time} is not used: the run in '{outdir}' goes on to its own steps.")
        from gancli.runs.folder import Run

        run = Run.open(outdir).record.config
        recipe = request.continued(run)
        settled = TrainConfig.from_dict(run.to_dict() | request.options)
    else:
        settled = request.config()
        budget = request.budget(seconds, settled)
        if line := request.warning(settled):
            warn(line)
    if print_config:
        print(toml_of(settled, request.measured(settled) if budget else ()), end="")
        return
    if hosts.launch(coordinator, processes, process, os.environ):
        _check_together(budget is not None, dry_run, seeds is not None)
    together = hosts.met(coordinator, processes, process)

    from gancli.cli import results
    from gancli.workflows import train as workflow

    with hosts.joined(together) as leads, reporting(quiet=quiet, leads=leads) as reporter:
        if together:
            reporter.status(_introduction(together))
        if budget and (dry_run or seeds is None):
            from gancli.workflows.budget import within

            settled = within(settled, budget.seconds, request.said, reporter, data_dir, most_steps=budget.most_steps)
        if dry_run:
            from gancli.workflows.plan import plan

            show = partial(results.show_plan, plan(settled, reporter, data_dir))
        elif seeds is not None:
            from gancli.workflows.several import train_seeds

            configs = [dataclasses.replace(settled, seed=number) for number in parse_seeds(seeds)]
            summary = train_seeds(
                configs,
                outdir,
                reporter,
                budget=budget,
                said=request.said,
                data_dir=data_dir,
                resume=bool(resume),
                overwrite=overwrite,
            )
            show = partial(results.show_seeds, summary, outdir)
        elif goes_on:
            result = workflow.resume_run(outdir, recipe, request.options, reporter, data_dir=data_dir)
            show = partial(results.show_result, result)
        else:
            result = workflow.new_run(settled, outdir, reporter, data_dir=data_dir, overwrite=overwrite)
            show = partial(results.show_result, result)
    if leads:
        show(as_json=json)


def _check_together(measures: bool, dry_run: bool, seeds: bool) -> None:
    """Raise a UsageError where several processes cannot do what was asked for."""
    if measures:
        raise UsageError("several processes cannot measure how many steps take a time. Give --steps.")
    for option, wanted in (("--dry-run", dry_run), ("--seeds", seeds)):
        if wanted:
            raise UsageError(f"{option} is for a process that is alone. Leave it out, or add --processes 1.")


def _introduction(together: "Launch") -> str:
    """Return one line about the processes of a run; all must call it together."""
    import jax

    from gancli.compute.hosts import names as host_names

    count = len(set(host_names()))
    return (
        f"{together.processes} processes on {number_of(count, 'host', 'hosts')} with {len(jax.devices())} devices; "
        f"process 0 keeps the run"
    )
