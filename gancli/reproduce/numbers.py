"""Numbers that papers state, beside what runs of the same settings reach here."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gancli.compute import devices
from gancli.data.synthetic import mixture
from gancli.errors import UsageError
from gancli.files import write_atomically
from gancli.metrics.modes import count_gaussians
from gancli.recipes.resolve import resolve
from gancli.registry import Registry
from gancli.reporting import Reporter, Silence, duration
from gancli.reproduce.papers import PAPERS, Paper, Row
from gancli.runs.folder import Run
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw_latents, generate
from gancli.workflows.classify import classify
from gancli.workflows.evaluate import ALL, NUM_SAMPLES, evaluate
from gancli.workflows.several import Goal, train_all

FEW_SAMPLES = 100  # where the metric is asked for what it measures on images
LEAST_SHARE = 0.2  # of its share of samples: with fewer a Gaussian counts as missed


@dataclass(frozen=True)
class Found:
    """What one run reached."""

    row: str
    seed: int
    value: float
    steps: int
    epochs: float
    seconds: float  # of training, by the rates in the log


@dataclass(frozen=True)
class Numbers:
    """The table, and what it is made from."""

    paper: str
    found: tuple[Found, ...]
    markdown: str
    written: tuple[Path, ...]


def reproduce_numbers(
    paper: str,
    outdir: Path,
    seeds: Sequence[int],
    names: Sequence[str] | None,
    reporter: Reporter,
    *,
    num_steps: int | None = None,
    data_dir: Path | None = None,
) -> Numbers:
    """Train each row for each seed, as far as it is not trained yet, measure it, and write the table.

    The same command again continues where an earlier one stopped.

    Args:
        paper: a name of :data:`gancli.reproduce.papers.PAPERS` with rows.
        outdir: gets a run folder for each row and seed, ``PAPER.md`` and ``PAPER.json``.
        seeds: of the runs.
        names: of rows, to which those come that stand beside them; None: all.
        reporter: receives progress.
        num_steps: generator updates; by default those of each row.
        data_dir: where the data lies.

    Raises:
        UsageError: there is no such row.
        GancliError, DivergedError, Interrupted: as in training and measuring; what was trained stays.
    """
    about = PAPERS[paper]
    known = Registry("row", dict(about.rows))
    if names == ():
        raise UsageError("--rows must name at least one.")
    asked = [name for one in names or known for name in (one, known[one].beside) if name]
    rows = {name: known[name] for name in asked}  # a wrong name fails before any training
    found = []
    for name, row in rows.items():
        goals = [_goal(outdir, paper, name, row, seed, num_steps) for seed in seeds]
        for goal, result in zip(goals, train_all(goals, reporter, data_dir), strict=True):
            assert about.measure is not None, "a paper with rows has a measure"
            value = about.measure(goal.folder, data_dir)
            epochs = result.images_seen / Run.open(goal.folder).record.data.num_examples
            one = Found(name, goal.config.seed, value, result.steps, epochs, _seconds(goal))
            reporter.status(f"{goal.folder.name}: {value:.{about.digits}f} {about.what}")
            found.append(one)
    markdown = _markdown(about, rows, found)
    content = {"paper": paper, "what": about.what, "machine": devices.describe()}
    content |= {"rows": {name: row.published for name, row in rows.items()}, "runs": [asdict(one) for one in found]}
    contents = {".md": markdown, ".json": json.dumps(content, indent=2) + "\n"}
    for end, text in contents.items():
        write_atomically(outdir / f"{paper}{end}", text)
    return Numbers(paper, tuple(found), markdown, tuple(outdir / f"{paper}{end}" for end in contents))


def _goal(outdir: Path, paper: str, name: str, row: Row, seed: int, num_steps: int | None) -> Goal:
    options = dict(row.settings) | {"seed": seed} | ({"num_steps": num_steps} if num_steps else {})
    return Goal(resolve(row.dataset, row.preset, options), outdir / f"{paper}-{name}-seed{seed}")


def _seconds(goal: Goal) -> float:
    """Return how long the run trained, in however many commands."""
    seen, seconds = 0, 0.0
    for line in Run.open(goal.folder).metrics():
        if line.get("images_per_second"):
            seconds += (line["images_seen"] - seen) / line["images_per_second"]
            seen = line["images_seen"]
    return seconds


def wrong(folder: Path, data_dir: Path | None) -> float:
    """Return how many test images the classifier of a run gets wrong."""
    dataset = Run.open(folder).record.config.dataset
    found = classify(folder, f"{dataset}/test", Silence(), data_dir=data_dir).mistakes
    assert found is not None, "the classes of test images are known"
    return float(found.wrong)


def nearest_wrong(folder: Path, data_dir: Path | None) -> float:
    """Return the share of test images, in percent, that the nearest training image by features of E gets wrong."""
    result = evaluate(str(folder), ["probe"], Silence(), data_dir=data_dir, num_labels=ALL)
    return 100 * float(result.measured[0].values["nearest"])


def unmatched(folder: Path, data_dir: Path | None) -> float:
    """Return the share of held-out images, in percent, that are not of the class that matches their category."""
    result = evaluate(str(folder), ["categories"], Silence(), data_dir=data_dir, num_samples=FEW_SAMPLES)
    return 100 * float(result.measured[0].values["held_out_error"])


def modes(folder: Path, data_dir: Path | None) -> float:
    """Return how many Gaussians have their share of samples, or a fifth of it at least, near their centers."""
    del data_dir  # such data is drawn
    trained = Trained.load(folder, step="latest", ema=True)
    density = mixture(trained.game.config.dataset)
    points = generate(trained.pair, draw_latents(trained.pair.draws, NUM_SAMPLES, 0))
    found = count_gaussians(points, density.centers, density.standard_deviation)
    near = np.array(found.shares) * (found.high_quality or 0.0)
    return float(np.count_nonzero(near >= LEAST_SHARE / found.total))


def _markdown(about: Paper, rows: dict[str, Row], found: Sequence[Found]) -> str:
    machine = ", ".join(map(str, devices.describe()["devices"]))  # pyright: ignore[reportArgumentType]
    lines = [f"# {about.summary.removesuffix('.')}", "", f"{about.what[0].upper()}{about.what[1:]}.", ""]
    lines += ["| row | paper | here | seeds | epochs | time a seed |", "|---|---|---|---|---|---|"]
    for name, row in rows.items():
        own = [one for one in found if one.row == name]
        values = ", ".join(f"{one.value:.{about.digits}f}" for one in own)
        mean = f"**{_spread([one.value for one in own], max(about.digits, 1))}**" if len(own) > 1 else f"**{values}**"
        seeds = ", ".join(str(one.seed) for one in own) + (f": {values}" if len(own) > 1 else "")
        took = duration(float(np.mean([one.seconds for one in own])))
        lines.append(f"| {name} | {row.published} | {mean} | {seeds} | {own[0].epochs:.1f} | {took} |")
    lines += ["", f"± is the standard deviation over seeds. {about.note} Time is that of training, on {machine}.", ""]
    return "\n".join(lines)


def _spread(values: Sequence[float], digits: int) -> str:
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"
