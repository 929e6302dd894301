"""``gancli parzen``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gancli.cli.options import DEFAULT_RUN, DataDir, Ema, Json, Seed, Step, parse_step

if TYPE_CHECKING:
    from gancli.metrics.parzen import FoldScores, ParzenScore
    from gancli.workflows.parzen import ParzenResult


def parzen(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|FILE", help="Run folder, or an .npz or .npy of samples.")
    ] = DEFAULT_RUN,
    dataset: Annotated[str | None, typer.Option(help="Data set for a FILE; default mnist.")] = None,
    samples: Annotated[int, typer.Option("--samples", help="Samples to draw from a run.")] = 10_000,
    sigma: Annotated[
        str, typer.Option(help="auto: the authors' grid, chosen on validation data; or a number, or several: 0.1,0.2.")
    ] = "auto",
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also score training examples and k-means centers.")
    ] = False,
    seed: Seed = 0,
    step: Step = "latest",
    ema: Ema = True,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Score samples by the Gaussian Parzen window log-likelihood of the 2014 paper (in nats; higher is better).

    Examples:

      gancli parzen

      gancli parzen ckpt --baselines

      gancli parzen their_samples.npz --dataset mnist --json
    """
    wanted = parse_step(step)

    from gancli.cli.console import TerminalReporter, print_json, warn, warn_of
    from gancli.workflows.parzen import parzen as workflow

    with TerminalReporter(quiet=False) as reporter:
        result = workflow(
            source,
            dataset_name=dataset,
            num_samples=samples,
            sigma=sigma,
            seed=seed,
            step=wanted,
            ema=ema,
            baselines=baselines,
            data_dir=data_dir,
            listener=reporter,
        )
    warn_of(result.notes, result.step)
    for fold in result.score.folds:
        if fold.sigma_at_edge:
            warn(
                f"the best sigma, {fold.sigma:.4g}, is at the edge of the grid; a wider one (--sigma) may score higher."
            )
    if json:
        print_json(_to_dict(result))
    else:
        _show(result)


def _score_to_dict(score: "ParzenScore") -> dict[str, Any]:
    return {
        "log_likelihood": score.log_likelihood,
        "standard_error": score.standard_error,
        "sigma": score.sigma,
        "sigmas": list(score.sigmas),
        "validation_log_likelihoods": list(score.validation_log_likelihoods),
        "num_samples": score.num_samples,
        "num_validation": score.num_validation,
        "num_test": score.num_test,
    }


def _folds_to_dict(scores: "FoldScores") -> dict[str, Any]:
    folds = [_score_to_dict(fold) for fold in scores.folds]
    if len(folds) == 1:
        return folds[0]
    return {"log_likelihood": scores.log_likelihood, "standard_error": scores.standard_error, "folds": folds}


def _to_dict(result: "ParzenResult") -> dict[str, Any]:
    source = {"source": result.source, "dataset": result.dataset, "step": result.step, "ema": result.ema}
    baselines = {baseline.name: _folds_to_dict(baseline.score) for baseline in result.baselines}
    return _folds_to_dict(result.score) | source | {"seed": result.seed, "baselines": baselines}


def _show(result: "ParzenResult") -> None:
    from gancli.cli.console import print_table

    score = result.score
    folds = list(score.folds)
    origin = result.source
    if result.step is not None:
        origin += f" step {result.step}, {'averaged' if result.ema else 'raw'} weights, seed {result.seed}"
    each = f" in each of {len(folds)} folds" if len(folds) > 1 else ""
    counts = sorted({fold.num_validation for fold in folds})
    held_out = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    rows: list[tuple[str, object]] = [
        ("log-likelihood", f"{score.text} nats"),
        ("samples", f"{folds[0].num_samples:,} from {origin}"),
        ("scored on", f"{sum(fold.num_test for fold in folds) // len(folds):,} {result.dataset} test examples{each}"),
        ("sigma", f"{score.sigmas_text}, the best of the grid on {held_out} validation examples{each}"),
    ]
    if len(folds[0].sigmas) == 1:
        rows[-1] = ("sigma", f"{folds[0].sigma:.4g}, as given")
    for baseline in result.baselines:
        one = baseline.score
        rows.append(("baseline", f"{one.text} nats (sigma {one.sigmas_text}): {baseline.name}"))
    print_table(rows)
    for number, fold in enumerate(folds, start=1):
        print()
        named = f"of fold {number} " if len(folds) > 1 else ""
        curve = zip(fold.sigmas, fold.validation_log_likelihoods, strict=True)
        heads = ("sigma", f"validation log-likelihood {named}(nats)")
        print_table([heads, *((f"{s:.4f}", f"{v:,.1f}") for s, v in curve)])
