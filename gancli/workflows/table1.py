"""Table 1 of Goodfellow et al. 2014 (MNIST): the authors' recipe trained and scored by their protocol."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gancli import devices
from gancli.figures import curves
from gancli.files import write_atomically
from gancli.presets import PRESETS, resolve
from gancli.runs import CONFIG
from gancli.workflows.parzen import ParzenResult, parzen
from gancli.workflows.reporting import Reporter
from gancli.workflows.train import new_run, resume_run

PRESET = "goodfellow2014-mnist"
# As published: mean log-likelihood of the test set in nats, and its standard error.
PUBLISHED = {
    "DBN": (138.0, 2.0),
    "Stacked CAE": (121.0, 1.6),
    "Deep GSN": (214.0, 1.1),
    "Adversarial nets": (225.0, 2.0),
}


@dataclass(frozen=True)
class Row:
    """One trained run, scored twice."""

    seed: int
    steps: int
    epochs: float
    seconds: float  # of training in this call; what a resumed run took before is not known
    averaged: ParzenResult
    raw: ParzenResult


@dataclass(frozen=True)
class Table1:
    """The table, and where it was written."""

    rows: tuple[Row, ...]
    markdown: str
    written: tuple[Path, ...]


def table_1(
    outdir: Path,
    seeds: Sequence[int],
    reporter: Reporter,
    *,
    num_steps: int | None = None,
    data_dir: Path | None = None,
) -> Table1:
    """Train the recipe for each seed, as far as it is not trained yet, score it, and write the table.

    The same command again continues where an earlier one stopped, and only scores what is complete.

    Args:
        outdir: gets a run folder for each seed, ``table1.md``, ``table1.json`` and ``table1-sigma.png``.
        seeds: of the runs.
        reporter: told of progress.
        num_steps: generator updates; by default those of the recipe, 250 epochs.
        data_dir: where MNIST lies.

    Raises:
        GancliError, DivergedError, Interrupted: as in training and scoring; what was trained stays.
    """
    rows = []
    baselines: ParzenResult | None = None
    for seed in seeds:
        folder = outdir / f"{PRESET}-seed{seed}"
        began = time.perf_counter()
        options: dict[str, Any] = {"seed": seed} | ({"num_steps": num_steps} if num_steps else {})
        config = resolve("mnist", PRESET, options)
        if (folder / CONFIG).is_file():
            recipe = {name: value for name, value in PRESETS[PRESET].items() if name != "num_steps"}
            goal = {"seed": seed, "num_steps": config.num_steps}
            trained = resume_run(folder, recipe, goal, reporter, data_dir=data_dir)
        else:
            trained = new_run(config, folder, reporter, data_dir=data_dir)
        seconds = time.perf_counter() - began
        averaged = parzen(folder, baselines=baselines is None, data_dir=data_dir)
        baselines = baselines or averaged
        raw = parzen(folder, ema=False, data_dir=data_dir)
        epochs = trained.images_seen / 50_000
        rows.append(Row(seed, trained.steps, epochs, seconds, averaged, raw))
        reporter.status(f"seed {seed}: {_score(averaged)} nats after {epochs:.1f} epochs")
    assert baselines is not None
    markdown = _markdown(rows, baselines)
    written = tuple(outdir / name for name in ("table1.md", "table1.json", "table1-sigma.png"))
    contents = (markdown, json.dumps(_to_dict(rows, baselines), indent=2) + "\n", _sigma_curves(rows))
    for path, content in zip(written, contents, strict=True):
        write_atomically(path, content)
    return Table1(tuple(rows), markdown, written)


def _score(result: ParzenResult) -> str:
    return f"{result.score.log_likelihood:.1f} ± {result.score.standard_error:.1f}"


def _spread(results: Sequence[ParzenResult]) -> str:
    """Return mean and standard deviation over seeds."""
    values = [result.score.log_likelihood for result in results]
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} over {len(values)} seeds"


def _markdown(rows: Sequence[Row], baselines: ParzenResult) -> str:
    lines = [
        "| | test log-likelihood (nats) | |",
        "|---|---|---|",
        *(f"| {name} | {mean:g} ± {error:g} | as published |" for name, (mean, error) in PUBLISHED.items()),
    ]
    for row in rows:
        told = f"seed {row.seed}, {row.epochs:.1f} epochs, sigma"
        lines.append(
            f"| the recipe, averaged weights | {_score(row.averaged)} | {told} {row.averaged.score.sigma:.4g} |"
        )
        lines.append(f"| the recipe, raw weights | {_score(row.raw)} | {told} {row.raw.score.sigma:.4g} |")
    for name, results in (("averaged", [row.averaged for row in rows]), ("raw", [row.raw for row in rows])):
        lines.append(f"| the recipe, {name} weights, all seeds | {_spread(results)} | |")
    for one in baselines.baselines:
        error = f"{one.score.log_likelihood:.1f} ± {one.score.standard_error:.1f}"
        lines.append(f"| {one.name} as samples | {error} | baseline, sigma {one.score.sigma:.4g} |")
    machine = ", ".join(map(str, devices.describe()["devices"]))  # pyright: ignore[reportArgumentType]
    seconds = ", ".join(f"{row.seconds:.0f} s" for row in rows)
    return "\n".join(
        [
            "# Table 1 (MNIST)",
            "",
            *lines,
            "",
            f"± beside a score is the standard error over {baselines.score.num_test:,} test images, beside a mean the "
            f"standard deviation over seeds. {baselines.score.num_samples:,} samples, sigma by "
            f"{baselines.score.num_validation:,} validation images. Training in this call: {seconds} on {machine}.",
            "",
            "Parzen windows are poor judges of images (Theis et al. 2016): a score above that of real images says "
            "smoother, not better.",
            "",
        ]
    )


def _to_dict(rows: Sequence[Row], baselines: ParzenResult) -> dict[str, Any]:
    return {
        "published": PUBLISHED,
        "runs": [
            {
                "seed": row.seed,
                "steps": row.steps,
                "epochs": row.epochs,
                "seconds": row.seconds,
                "averaged": vars(row.averaged.score),
                "raw": vars(row.raw.score),
            }
            for row in rows
        ],
        "baselines": {one.name: vars(one.score) for one in baselines.baselines},
        "machine": devices.describe(),
    }


def _sigma_curves(rows: Sequence[Row]) -> bytes:
    lines = {
        f"seed {row.seed}": (row.averaged.score.sigmas, row.averaged.score.validation_log_likelihoods) for row in rows
    }
    return curves(lines, x_label=r"$\sigma$", y_label="validation log-likelihood (nats)", logarithmic_x=True)
