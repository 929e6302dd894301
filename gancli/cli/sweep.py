"""``gancli sweep``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancli.cli.options import DataDir, Json, Quiet, parse_seeds, parse_time
from gancli.cli.settings import ConfigFile, DatasetName, LearningRate, PresetName, typed_options, with_settings
from gancli.errors import UsageError
from gancli.recipes.grid import combined, members, parse_grid
from gancli.recipes.request import Request

if TYPE_CHECKING:
    from gancli.workflows.sweep import Setting, Sweep


@with_settings
def sweep(
    ctx: typer.Context,
    dataset: DatasetName = None,
    outdir: Annotated[Path, typer.Option(metavar="DIR", help="Gets a folder for each run, and the table.")] = Path(
        "sweep"
    ),
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OPTION=V1,V2",
            help="Values of an option of train; repeat for every combination. Separate lists by semicolons: "
            "'penalty=r1;r1,r2'.",
        ),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="0-2,5", help="Train each combination with each seed. Default: --seed.")
    ] = None,
    preset: PresetName = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    lr: LearningRate = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="30m|2h",
            help="Each run takes as many steps as take about this long here, by one measurement for all. Default for "
            "dcgan, resnet, translators and your own images: 1h.",
        ),
    ] = None,
    slurm: Annotated[
        bool,
        typer.Option("--slurm", help="Train nothing: write a Slurm array script that trains a run a task."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the runs that are there.")] = False,
    quiet: Quiet = False,
    json: Json = False,
    **options: Any,
) -> None:
    """Train every combination of some options and seeds, and rank the settings.

    Settings are ranked by the first of --metrics, each run at its best step.
    The same command goes on with what is there. A run that fails is named,
    and the others go on. --outdir gets a run folder each, sweep.csv with a
    line a run, and sweep.png with the curves. Other options are those of train.

    Examples:

      gancli sweep ring --grid loss=hinge,non-saturating --grid lr=1e-3,1e-4 --seeds 0-2 --outdir runs/s

      gancli sweep digits --grid "penalty=none;r1;r1,r2" --steps 2000 --outdir runs/penalties

      gancli sweep cifar10 --grid final-rate=0.1,0.3,1 --slurm --outdir runs/cifar

    Exit codes: 0 all runs are done, 1 one failed, 2 wrong usage, 3 all
    diverged; 130, 143 and 129 stopped by Ctrl-C, SIGTERM and SIGHUP.
    """
    from gancli.cli.console import TerminalReporter, print_json, warn

    typed = typed_options(ctx, options)
    if seeds is not None and "seed" in typed:
        raise UsageError("--seeds and --seed exclude each other.")
    if not grid and seeds is None:
        raise UsageError("nothing varies. Give --grid OPTION=V1,V2, --seeds 0-2, or both.")
    seconds = None if time is None else parse_time(time)
    values = parse_grid(grid or ())
    request = Request.read(dataset, preset, config, typed, lr, data_dir)
    runs = members(request, values, parse_seeds(seeds) if seeds is not None else [typed.get("seed", 0)])
    first = combined(request, runs[0].values)
    budget = first.budget(seconds, runs[0].config)
    if line := request.warning(runs[0].config):
        warn(line)

    from gancli.workflows import sweep as workflow

    with TerminalReporter(quiet=quiet) as reporter:
        if slurm:
            shared = workflow.settled(
                runs, outdir, reporter, budget=budget, said=first.said, data_dir=data_dir, overwrite=overwrite
            )
            script = workflow.write_script(shared, outdir, data_dir)
            if json:
                print_json({"script": str(script), "runs": [str(outdir / one.folder) for one in shared]})
                return
            print(f"{len(shared)} runs in {script}. Start them with `sbatch {script}`.")
            print("When they are done, the same command without --slurm ranks them.")
            return
        result = workflow.sweep(
            runs,
            outdir,
            reporter,
            budget=budget,
            said=first.said,
            data_dir=data_dir,
            overwrite=overwrite,
        )
    _show(result, as_json=json)
    if any(row.failure for row in result.rows):
        raise typer.Exit(1)


def _show(result: "Sweep", *, as_json: bool) -> None:
    from gancli.cli.console import print_json

    if as_json:
        print_json(
            {
                "metric": result.metric,
                "runs": [
                    {
                        "run": str(row.folder),
                        "values": row.member.values,
                        "seed": row.member.config.seed,
                        "status": row.status,
                        "failure": row.failure,
                        "steps": row.steps,
                        "best_step": row.best_step,
                        "score": row.score,
                        "verdict": row.verdict,
                    }
                    for row in result.rows
                ],
                "settings": [
                    {
                        "values": one.values,
                        "mean": one.mean,
                        "standard_error": one.standard_error,
                        "measured": len(one.scores),
                        "runs": one.runs,
                    }
                    for one in result.settings
                ],
            }
        )
        return

    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in result.settings[0].values:
        table.add_column(name, overflow="fold")
    table.add_column(f"{result.metric} {'↓' if result.lower_is_better else '↑'}", justify="right")
    table.add_column("runs", justify="right")
    for one in result.settings:
        table.add_row(*one.values.values(), _score(one), _counted(one))
    Console(markup=False, highlight=False).print(table)
    if any(one.standard_error is not None for one in result.settings):
        print("± is one standard error of the mean over seeds; each run at its best step.")
    for row in result.rows:
        if row.failure:
            print(f"failed: {row.folder}: {row.failure}")
    print(f"every run: {result.table}" + (f"; curves: {result.picture}" if result.picture else ""))


def _score(one: "Setting") -> str:
    if one.mean is None:
        return "not measured"
    return f"{one.mean:.4g}" + (f" ± {one.standard_error:.2g}" if one.standard_error is not None else "")


def _counted(one: "Setting") -> str:
    return str(one.runs) if len(one.scores) == one.runs else f"{len(one.scores)} of {one.runs}"
