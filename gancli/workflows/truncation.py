"""What truncated latents bring and cost: metrics of a run over the limit of its latents' components."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gancli.errors import UsageError
from gancli.evaluation.image_sets import is_run
from gancli.files import write_atomically
from gancli.imaging.plots import Trade, trades
from gancli.metrics.catalog import METRICS
from gancli.metrics.cells import row, title
from gancli.reporting import Reporter
from gancli.runs.folder import PICTURES
from gancli.runs.trained import Trained
from gancli.sampling.draws import check_truncation
from gancli.sampling.outputs import choose_output
from gancli.workflows.evaluate import EvaluateResult, evaluate

METRICS_OF_IMAGES = ("fid", "precision-recall", "density-coverage")
METRICS_OF_POINTS = ("modes",)
WHOLE = "none"  # in the place of a limit: the whole prior
# What one number is paid for with the other, along the axes x and y.
PAIRS = {"precision-recall": ("recall", "precision"), "density-coverage": ("coverage", "density")}


@dataclass(frozen=True)
class TruncationResult:
    """Metrics of a run at each truncation, rising, and last without any."""

    results: tuple[EvaluateResult, ...]
    output: Path  # the figure

    def rows(self) -> list[dict[str, str]]:
        """Return the table, a row a truncation, by column."""
        return [
            {"truncation": _name(one)}
            | {label: text for found in one.measured for label, text in row(found.metric, found.values).items()}
            for one in self.results
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON result."""
        return {"figure": str(self.output), "results": [{"truncation": None, **one.to_dict()} for one in self.results]}


def truncation_curve(
    folder: Path,
    truncations: Sequence[float],
    metrics: Sequence[str],
    reporter: Reporter,
    *,
    figure: Path | None = None,
    overwrite: bool = False,
    step: int | str = "latest",
    ema: bool = True,
    **options: Any,
) -> TruncationResult:
    """Measure samples of a run at several truncations of its latents, and of the whole prior, from the same seed.

    Args:
        folder: of the run.
        truncations: limits, as in :func:`gancli.workflows.evaluate.evaluate`.
        metrics: names of the catalog; none: Fréchet distance, precision, recall, density and coverage, or of points
            their modes.
        reporter: receives progress.
        figure: where the curves go. Default: ``pictures/truncation.png`` in the folder of the run.
        overwrite: replace that file where it exists.
        step: a checkpoint, ``latest`` or ``best``.
        ema: averaged weights of the generator rather than raw ones.
        options: of :func:`gancli.workflows.evaluate.evaluate`.

    Raises:
        UsageError: the folder is no run, a truncation is out of range, or a metric does not apply.
        GancliError: something cannot be read, had or written.
    """
    if not is_run(folder):
        raise UsageError(f"--truncation is for runs, and '{folder}' is none.")
    if figure is not None and figure.suffix != ".png":
        raise UsageError(f"--figure must end in .png, got '{figure}'.")
    trained = Trained.load(folder, step=step, ema=ema)
    for one in truncations:
        check_truncation(trained.pair.draws, one)
    metrics = metrics or (METRICS_OF_IMAGES if trained.is_images else METRICS_OF_POINTS)
    if "nearest" in metrics:
        raise UsageError("--nearest draws pairs of one set of samples. Leave out --nearest or --truncation.")
    output = choose_output(figure, folder / PICTURES / "truncation.png", overwrite=overwrite, option="--figure")
    results = []
    for one in (*sorted(set(truncations)), None):
        reporter.status(f"truncation {WHOLE if one is None else f'{one:g}'}")
        step = trained.step
        results.append(evaluate(str(folder), metrics, reporter, truncation=one, step=step, ema=ema, **options))
    write_atomically(output, trades(_charts(results)))
    return TruncationResult(tuple(results), output)


def _name(result: EvaluateResult) -> str:
    return WHOLE if result.truncation is None else f"{result.truncation:g}"


def _charts(results: Sequence[EvaluateResult]) -> list[Trade]:
    """Return what is drawn: pairs of numbers against each other, others over the truncation."""
    names = [_name(one) for one in results]
    found = []
    for place, one in enumerate(results[0].measured):
        values = [result.measured[place].values for result in results]
        entry = METRICS[one.metric]
        if one.metric in PAIRS:
            x, y = PAIRS[one.metric]
            found.append(Trade(x, y, [v[x] for v in values], [v[y] for v in values], names))
            continue
        for number, better in entry.numbers.items():
            if better and all(isinstance(v.get(number), int | float) for v in values):
                y = title(one.metric, number)
                found.append(Trade("truncation", y, list(range(len(names))), [v[number] for v in values], names))
    return found
