"""Table 1 of Goodfellow et al. 2014: their recipe and a tuned one trained, and scored by their protocol."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gancli.compute import devices
from gancli.data.catalog import DATASETS, FoldedFile
from gancli.data.folded import find_folded
from gancli.data.prepared import default_data_dir
from gancli.errors import GancliError, UsageError
from gancli.files import write_atomically
from gancli.imaging.plots import curves
from gancli.metrics.parzen import FoldScores, ParzenScore
from gancli.recipes.presets import PRESETS
from gancli.registry import Registry
from gancli.reporting import Reporter
from gancli.reproduce.published import published
from gancli.runs.folder import CONFIG, Run
from gancli.workflows.parzen import Baseline, parzen
from gancli.workflows.several import Goal, train_all

ROWS: Registry[str] = Registry(
    "row",
    {"recipe": "goodfellow2014-mnist", "tuned": "goodfellow2014-mnist-tuned", "tfd": "goodfellow2014-tfd"},
)
# As published: mean log-likelihood of the test set in nats, and its standard error, for MNIST and for TFD.
PUBLISHED = {
    "DBN": ((138.0, 2.0), (1909.0, 66.0)),
    "Stacked CAE": ((121.0, 1.6), (2110.0, 50.0)),
    "Deep GSN": ((214.0, 1.1), (1890.0, 29.0)),
    "Adversarial nets": ((225.0, 2.0), (2057.0, 26.0)),
}
SCORES = "scores.json"  # of a run, inside its folder
SCORES_PER_RUN = 10  # points of the curve of a whole run, evenly spaced


@dataclass(frozen=True)
class Point:
    """A run scored at one step."""

    steps: int
    epochs: float
    seconds: float  # of training up to here, without what an interruption threw away
    averaged: FoldScores
    raw: FoldScores


@dataclass(frozen=True)
class Row:
    """One trained run, scored on its way."""

    name: str  # of ROWS
    seed: int
    curve: tuple[Point, ...]  # in the order of steps, at least one

    @property
    def last(self) -> Point:
        """The run's end."""
        return self.curve[-1]


@dataclass(frozen=True)
class Table1:
    """The table, and where it was written."""

    rows: tuple[Row, ...]
    markdown: str
    written: tuple[Path, ...]


def table_1(
    outdir: Path,
    seeds: Sequence[int],
    names: Sequence[str] | None,
    reporter: Reporter,
    *,
    num_steps: int | None = None,
    data_dir: Path | None = None,
) -> Table1:
    """Train each row for each seed, as far as it is not trained yet, scoring it on its way, and write the table.

    The same command again continues where an earlier one stopped.

    Args:
        outdir: gets a run folder and a file of scores for each row and seed, ``table1.md``, ``table1.json``,
            ``table1-curve.png`` and ``table1-sigma.png``.
        seeds: of the runs.
        names: of ROWS; None: all. ``tfd`` is left empty where its data is not at hand.
        reporter: receives progress.
        num_steps: generator updates; by default those of each recipe.
        data_dir: where the data lies.

    Raises:
        UsageError: there is no such row.
        GancliError, DivergedError, Interrupted: as in training and scoring; what was trained stays.
    """
    if names == ():
        raise UsageError("--rows must name at least one.")
    rows = []
    for name, preset in {name: ROWS[name] for name in names or ROWS}.items():  # a wrong name fails before any training
        if not _at_hand(preset, data_dir):
            reporter.warning(f"no data for row '{name}': it stays empty.")
            continue
        goals = [published(outdir, preset, seed, num_steps) for seed in seeds]
        for reached in _stretches(goals[0].config.num_steps):
            stretch = [published(outdir, preset, seed, reached) for seed in seeds]
            missing = [goal for goal in stretch if reached not in _scored(goal) and _steps_done(goal) <= reached]
            for goal, result in zip(missing, train_all(missing, reporter, data_dir), strict=True):
                averaged = parzen(goal.folder, data_dir=data_dir).score
                raw = parzen(goal.folder, ema=False, data_dir=data_dir).score
                before = max((point.seconds for point in _scored(goal).values()), default=0.0)
                epochs = result.images_seen / Run.open(goal.folder).record.data.num_examples
                point = Point(reached, epochs, before + result.seconds, averaged, raw)
                _keep(goal, point)
                reporter.status(f"{goal.folder.name}: {averaged.text} nats after {point.epochs:.1f} epochs")
        for goal in goals:
            points = [point for steps, point in sorted(_scored(goal).items()) if steps <= goal.config.num_steps]
            rows.append(Row(name, goal.config.seed, tuple(points)))
    baselines = _baselines(outdir, rows, data_dir)
    markdown = _markdown(rows, baselines)
    contents: dict[str, bytes | str] = {
        ".md": markdown,
        ".json": json.dumps(_to_dict(rows, baselines), indent=2) + "\n",
    }
    of_mnist = {f"{row.name}, seed {row.seed}": row for row in rows if len(row.last.averaged.folds) == 1}
    if of_mnist:
        contents |= {"-curve.png": _training_curves(of_mnist), "-sigma.png": _sigma_curves(of_mnist)}
    for end, content in contents.items():
        write_atomically(outdir / f"table1{end}", content)
    return Table1(tuple(rows), markdown, tuple(outdir / f"table1{end}" for end in contents))


def _at_hand(preset: str, data_dir: Path | None) -> bool:
    """Return whether the data of a preset can be had; only that of TFD must be asked for."""
    dataset = PRESETS[preset].dataset
    entry = DATASETS[dataset]
    if not isinstance(entry, FoldedFile):
        return True
    try:
        find_folded(entry, dataset, data_dir or default_data_dir())
    except GancliError:
        return False
    return True


def _steps_done(goal: Goal) -> int:
    """Return how far a run is; what it was like before cannot be scored any more."""
    if not (goal.folder / CONFIG).is_file():
        return 0
    with Run.open(goal.folder).checkpoints() as checkpoints:
        return max(checkpoints.steps(), default=0)


def _stretches(num_steps: int) -> list[int]:
    """Return the steps at which a run is scored, the last one included."""
    return sorted({-(-num_steps * part // SCORES_PER_RUN) for part in range(1, SCORES_PER_RUN + 1)})


def _scored(goal: Goal) -> dict[int, Point]:
    """Return what is known of a run already, by steps."""
    path = goal.folder / SCORES
    if not path.is_file():
        return {}
    points = {}
    for values in json.loads(path.read_text()):
        for kind in ("averaged", "raw"):
            values[kind] = FoldScores(tuple(ParzenScore(**fold) for fold in values[kind]))
        points[values["steps"]] = Point(**values)
    return points


def _keep(goal: Goal, point: Point) -> None:
    points = sorted((_scored(goal) | {point.steps: point}).items())
    write_atomically(goal.folder / SCORES, json.dumps([_point(one) for _, one in points], indent=2) + "\n")


def _point(point: Point) -> dict[str, Any]:
    folds = {kind: [vars(fold) for fold in getattr(point, kind).folds] for kind in ("averaged", "raw")}
    return {"steps": point.steps, "epochs": point.epochs, "seconds": point.seconds} | folds


def _baselines(outdir: Path, rows: Sequence[Row], data_dir: Path | None) -> tuple[Baseline, ...]:
    """Score training images and k-means centers of MNIST, where a row is about it."""
    for row in rows:
        if PRESETS[ROWS[row.name]].dataset == "mnist":
            goal = published(outdir, ROWS[row.name], row.seed, None)
            return parzen(goal.folder, baselines=True, data_dir=data_dir).baselines
    return ()


def _spread(scores: Sequence[FoldScores]) -> str:
    """Return mean and standard deviation over seeds."""
    values = [score.log_likelihood for score in scores]
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"


def _markdown(rows: Sequence[Row], baselines: Sequence[Baseline]) -> str:
    machine = ", ".join(map(str, devices.describe()["devices"]))  # pyright: ignore[reportArgumentType]
    lines = [
        "# Table 1",
        "",
        "Test log-likelihood by Gaussian Parzen windows, in nats.",
        "",
        "| | MNIST | TFD | |",
        "|---|---|---|---|",
    ]
    for name, (mnist, tfd) in PUBLISHED.items():
        lines.append(f"| {name} | {mnist[0]:g} ± {mnist[1]:g} | {tfd[0]:g} ± {tfd[1]:g} | as published |")
    for name in ROWS:
        of_name = [row for row in rows if row.name == name]
        faces = PRESETS[ROWS[name]].dataset == "tfd"
        if not of_name:
            if faces:
                lines.append("| Adversarial nets, here | | | not run: TFD was not at hand |")
            continue
        for kind in ("averaged", "raw"):
            scores = [getattr(row.last, kind) for row in of_name]
            if len(scores) > 1:
                told = f"mean ± standard deviation over {len(scores)} seeds"
                lines.append(_line(f"**{name}, {kind} weights**", _spread(scores), told, faces))
            for row, score in zip(of_name, scores, strict=True):
                told = (
                    f"seed {row.seed}: {row.last.epochs:.1f} epochs, {row.last.seconds:,.0f} s, σ {score.sigmas_text}"
                )
                lines.append(_line(f"{name}, {kind} weights", score.text, told, faces))
    for one in baselines:
        lines.append(_line(f"{one.name} as samples", one.score.text, f"baseline, σ {one.score.sigmas_text}", False))
    counts = rows[0].last.averaged.folds[0] if rows else None
    if counts:
        lines += [
            "",
            f"± beside a score is the standard error over test images, for TFD over folds. {counts.num_samples:,} "
            f"samples, σ by the first {counts.num_validation:,} validation images. Seconds are those of training, on "
            f"{machine}.",
        ]
    lines += [
        "",
        "Parzen windows measure images poorly (Theis et al. 2016): a score above that of real images means "
        "smoother, not better.",
        "",
    ]
    return "\n".join(lines)


def _line(name: str, score: str, told: str, faces: bool) -> str:
    return f"| {name} | | {score} | {told} |" if faces else f"| {name} | {score} | | {told} |"


def _to_dict(rows: Sequence[Row], baselines: Sequence[Baseline]) -> dict[str, Any]:
    return {
        "published": PUBLISHED,
        "runs": [
            {"row": row.name, "preset": ROWS[row.name], "seed": row.seed, "curve": [_point(one) for one in row.curve]}
            for row in rows
        ],
        "baselines": {one.name: [vars(fold) for fold in one.score.folds] for one in baselines},
        "machine": devices.describe(),
    }


def _training_curves(rows: Mapping[str, Row]) -> bytes:
    lines = {}
    for name, row in rows.items():
        epochs = [point.epochs for point in row.curve]
        for kind in ("averaged", "raw"):
            lines[f"{name}, {kind}"] = (epochs, [getattr(point, kind).log_likelihood for point in row.curve])
    return curves(lines, x_label="epochs", y_label="test log-likelihood (nats)", logarithmic_x=False)


def _sigma_curves(rows: Mapping[str, Row]) -> bytes:
    lines = {}
    for name, row in rows.items():
        (score,) = row.last.averaged.folds
        lines[name] = (score.sigmas, score.validation_log_likelihoods)
    return curves(lines, x_label=r"$\sigma$", y_label="validation log-likelihood (nats)", logarithmic_x=True)
