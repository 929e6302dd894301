"""``gancli sweep``: the runs of a grid, trained, tabled and ranked."""

import contextlib
import csv
import io
import math
import shlex
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gancli.errors import DivergedError, GancliError
from gancli.files import write_atomically
from gancli.imaging.charts import Chart, Curve, Span, sheet
from gancli.metrics.catalog import METRICS
from gancli.metrics.cells import score_name, title
from gancli.monitoring.verdict import verdict
from gancli.recipes.grid import Member
from gancli.recipes.request import Budget
from gancli.recipes.resolve import toml_of
from gancli.reporting import Reporter
from gancli.runs.folder import Run
from gancli.workflows.several import Goal, Outcome, numbers_of, try_all, with_steps

TABLE, PICTURE, SCRIPT = "sweep.csv", "sweep.png", "sweep.slurm"
MOST_CURVES = 6  # in one chart, the best ones


@dataclass(frozen=True)
class Row:
    """One run of a grid, after training."""

    member: Member
    folder: Path
    failure: str | None  # why it did not get to its end
    steps: int
    best_step: int | None  # by the run's first metric; None: it was not measured
    score: float | None  # of that step
    scores: dict[int, float]  # by step
    verdict: str | None
    numbers: dict[str, float]  # of the line of its best step, else of its last one

    @property
    def status(self) -> str:
        """What became of it, in a word."""
        return "done" if self.failure is None else "failed"


@dataclass(frozen=True)
class Setting:
    """What a combination of values came to over its seeds."""

    values: dict[str, str]  # by option, as they were typed
    scores: tuple[float, ...]  # of the runs that were measured, each at its best step
    runs: int

    @property
    def mean(self) -> float | None:
        """The mean of the scores."""
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def standard_error(self) -> float | None:
        """The standard error of the mean; None for fewer than two runs."""
        count = len(self.scores)
        return statistics.stdev(self.scores) / math.sqrt(count) if count > 1 else None


@dataclass(frozen=True)
class Sweep:
    """A trained grid."""

    metric: str  # that ranks
    lower_is_better: bool
    rows: list[Row]
    settings: list[Setting]  # best first, unmeasured ones last
    table: Path
    picture: Path | None  # None: nothing was measured twice


def sweep(
    members: Sequence[Member],
    outdir: Path,
    reporter: Reporter,
    *,
    budget: Budget | None = None,
    said: Collection[str] = (),
    data_dir: Path | None = None,
    overwrite: bool = False,
) -> Sweep:
    """Train what is not trained yet of a grid, go on where a run fails, and write ``sweep.csv`` and ``sweep.png``.

    Args:
        members: the runs; they go to folders of their own inside ``outdir``.
        outdir: gets the runs, the table and the picture.
        reporter: receives progress.
        budget: how long a run may take, where that decides the steps. It is measured with the first run, once: all
            runs have the same steps, also when the grid goes on later.
        said: fields that the user set.
        data_dir: where the data lies.
        overwrite: replace the runs that are there.

    Raises:
        UsageError: a run that is there began with other settings, or the runs are ranked by different metrics.
        GancliError: no run got to its end, or the table cannot be written.
        Interrupted: a signal stopped it; every run is saved where it was.
    """
    members = settled(members, outdir, reporter, budget=budget, said=said, data_dir=data_dir, overwrite=overwrite)
    goals = [Goal(one.config, outdir / one.folder) for one in members]
    failures: dict[int, GancliError] = {}
    found = {} if overwrite else _finished(members, goals)

    def ended(index: int, outcome: Outcome) -> None:
        """Write the table of the runs that have ended so far, if they did not all fail."""
        failure = outcome if isinstance(outcome, GancliError) else None
        if failure:
            failures[index] = failure
        if failure or index not in found:
            found[index] = _row(members[index], goals[index], failure)
        if len(failures) < len(found):
            write_atomically(outdir / TABLE, _csv([found[index] for index in sorted(found)]))

    try_all(goals, reporter, data_dir, ended=ended, overwrite=overwrite)
    if len(failures) == len(goals):
        raise failures[0]
    rows = [found[index] for index in range(len(goals))]
    metric = members[0].config.metrics[0]
    lower = METRICS[metric].lower_is_better
    ranked = _ranked(rows, lower_is_better=lower)
    drawn = _picture(rows, ranked, metric, outdir / PICTURE)
    return Sweep(score_name(metric), lower, rows, ranked, outdir / TABLE, drawn)


def settled(
    members: Sequence[Member],
    outdir: Path,
    reporter: Reporter,
    *,
    budget: Budget | None,
    said: Collection[str],
    data_dir: Path | None,
    overwrite: bool,
) -> list[Member]:
    """Return the runs with their steps, which a budget decides for all of them at once; arguments as of `sweep`."""
    goals = [Goal(one.config, outdir / one.folder) for one in members]
    goals = with_steps(goals, reporter, budget=budget, said=said, data_dir=data_dir, overwrite=overwrite)
    return [replace(one, config=goal.config) for one, goal in zip(members, goals, strict=True)]


def write_script(members: Sequence[Member], outdir: Path, data_dir: Path | None) -> Path:
    """Write the settings of each run and a Slurm array script that trains them, and return where the script lies.

    A job that Slurm stops before its end saves, goes back into the queue, and goes on.

    Raises:
        GancliError: something cannot be written.
    """
    files = []
    for one in members:
        path = outdir / one.folder.with_suffix(".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, toml_of(one.config))
        files.append(path.absolute())
    where = f" --data-dir {shlex.quote(str(data_dir.absolute()))}" if data_dir else ""
    script = outdir / SCRIPT
    write_atomically(
        script,
        "\n".join(
            [
                "#!/bin/bash",
                "# Trains the runs of a grid, one a task: sbatch " + script.name,
                "# Add what your cluster asks for: --partition, --time, --gres, --mem.",
                "#SBATCH --job-name=gancli",
                f"#SBATCH --array=0-{len(files) - 1}",
                f"#SBATCH --output={script.absolute().parent}/slurm-%a.log",
                "#SBATCH --open-mode=append",
                "#SBATCH --requeue",
                "#SBATCH --signal=TERM@120",
                "runs=(",
                *(f"  {shlex.quote(str(path.with_suffix('')))}" for path in files),
                ")",
                'run="${runs[$SLURM_ARRAY_TASK_ID]}"',
                f'srun gancli train --config "$run.toml" --outdir "$run" --resume auto{where}',
                "code=$?",
                '[ "$code" -eq 143 ] && scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
                'exit "$code"',
                "",
            ]
        ),
    )
    return script


def _finished(members: Sequence[Member], goals: Sequence[Goal]) -> dict[int, Row]:
    """Return the rows of the runs that an earlier command brought to their end, by their place in the grid."""
    rows = [_row(member, goal, None) for member, goal in zip(members, goals, strict=True)]
    return {index: row for index, row in enumerate(rows) if row.steps >= row.member.config.num_steps}


def _row(member: Member, goal: Goal, failure: GancliError | None) -> Row:
    lines: list[dict[str, Any]] = []
    scores: dict[int, float] = {}
    best, found = None, None
    with contextlib.suppress(GancliError):  # it has not begun, or its record is damaged
        run = Run.open(goal.folder)
        lines, scores = run.metrics(), run.scores()
        best = run.best_step(scores) if scores else None
        found = verdict(run.record.game(), lines)
    shown = next((line for line in lines if line["step"] == best), lines[-1] if lines else {})
    said = None if failure is None else f"{'diverged: ' if isinstance(failure, DivergedError) else ''}{failure}"
    return Row(
        member,
        goal.folder,
        said,
        lines[-1]["step"] if lines else 0,
        best,
        None if best is None else scores[best],
        scores,
        found.name if found else None,
        dict(numbers_of(shown)),
    )


def _ranked(rows: Sequence[Row], *, lower_is_better: bool) -> list[Setting]:
    together: dict[str, list[Row]] = {}
    for row in rows:
        together.setdefault(row.member.setting, []).append(row)
    found = [
        Setting(
            of_one[0].member.values,
            tuple(row.score for row in of_one if row.failure is None and row.score is not None),
            len(of_one),
        )
        for of_one in together.values()
    ]
    sign = 1 if lower_is_better else -1
    return sorted(found, key=lambda one: math.inf if one.mean is None else sign * one.mean)


def _csv(rows: Sequence[Row]) -> str:
    """Return a table with a line for each run."""
    options = list(rows[0].member.values)
    measured = list(dict.fromkeys(name for row in rows for name in row.numbers if name != "step"))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", *options, "seed", "status", "steps_done", "best_step", "verdict", *measured, "failure"])
    for row in rows:
        values = row.member.values
        writer.writerow(
            [
                row.member.folder,
                *(values[name] for name in options),
                row.member.config.seed,
                row.status,
                row.steps,
                row.best_step if row.best_step is not None else "",
                row.verdict or "",
                *(row.numbers.get(name, "") for name in measured),
                row.failure or "",
            ]
        )
    return text.getvalue()


def _picture(rows: Sequence[Row], ranked: Sequence[Setting], metric: str, path: Path) -> Path | None:
    """Draw the metric of the best settings over steps, the mean and standard error of their seeds."""
    curves = []
    for one in ranked[:MOST_CURVES]:
        of_one = [row.scores for row in rows if row.member.values == one.values and row.failure is None]
        curve = _mean_curve(", ".join(f"{name} {text}" for name, text in one.values.items()), of_one)
        if curve:
            curves.append(curve)
    number = METRICS[metric].key
    if not curves or number is None:
        return None
    words = title(metric, number)
    chart = Chart(f"{words}: the best {len(curves)} settings" if len(ranked) > len(curves) else words, tuple(curves))
    write_atomically(path, sheet([chart], Span(max(curve.steps[-1] for curve in curves), None), path.parent.name))
    return path


def _mean_curve(name: str, runs: Sequence[Mapping[int, float]]) -> Curve | None:
    """Return the mean over runs at the steps that all of them measured; None for fewer than two steps."""
    steps = sorted(set.intersection(*(set(one) for one in runs))) if runs else []
    if len(steps) < 2:
        return None
    values = [[one[step] for one in runs] for step in steps]
    errors = None
    if len(runs) > 1:
        errors = [statistics.stdev(found) / math.sqrt(len(runs)) for found in values]
    return Curve(name, steps, [statistics.fmean(found) for found in values], errors)
