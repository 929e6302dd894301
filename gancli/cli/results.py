"""What verbs print."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gancli.cli.console import print_json, print_table
from gancli.cli.settings import used_rows
from gancli.metrics.cells import ERRORS
from gancli.reporting import duration, number_of

if TYPE_CHECKING:
    from gancli.monitoring.best import Best
    from gancli.workflows.plan import Plan
    from gancli.workflows.train import TrainResult


def show_result(result: "TrainResult", *, as_json: bool) -> None:
    """Print what a training run came to."""
    measured = result.last.to_dict() if result.last else {}
    if as_json:
        values = {"run": str(result.folder), "steps": result.steps, "images_seen": result.images_seen}
        values |= {"seconds": result.seconds, "evaluation_seconds": result.evaluation_seconds}
        values |= {"peak_bytes": result.peak_bytes}
        best = result.best
        values |= {"best_step": best.step if best else None, "best_score": best.score if best else None}
        values |= {"last_score": best.last if best else None}
        values |= {"verdict": asdict(result.verdict) if result.verdict else None}
        values |= {"spikes": result.spikes}
        print_json(values | measured | result.accuracies)
        return
    rows = [("run", result.folder), ("steps", f"{result.steps:,} ({result.images_seen:,} images)")]
    if result.last:
        rows += [
            ("time", f"{duration(result.seconds)} ({result.images_per_second:,.0f} images/s)"),
            *_told(result),
            ("samples", _samples(result)),
        ]
    if result.last and result.peak_bytes:
        rows.append(("memory", f"{result.peak_bytes / 2**20:,.0f} MiB at its peak"))
    if result.evaluations:
        share = result.evaluation_seconds / result.seconds
        spent = duration(result.evaluation_seconds)
        rows.append(("evaluation", f"{result.evaluations} in {spent} ({share:.1%} of the time)"))
    if result.best:
        rows.append(("best", best_told(result.best)))
    if result.spikes:
        rows.append(("spikes", f"{number_of(result.spikes, 'gradient', 'gradients')} far longer than usual"))
    if result.verdict:
        rows.append(("verdict", result.verdict.text))
        if result.verdict.cure:
            rows.append(("try", result.verdict.cure))
    print_table(rows)


def _samples(result: "TrainResult") -> str:
    """Return the picture to look at: that of the best step where the last one is worse and a picture was kept."""
    best, folder = result.best, result.folder / "samples"
    last = f"fakes{result.steps:06d}.png"
    if best is None or best.step == best.last_step or best.differs is False:
        return str(folder / last)
    picture = folder / f"fakes{best.step:06d}.png"
    return f"{picture} (of the best step; of the last one: {last})" if picture.is_file() else str(folder / last)


def best_told(best: "Best") -> str:
    """Return the best step of a run, and what the last one has beside it."""
    if best.step == best.last_step:
        beside = "the last one"
    elif best.last is None:
        beside = "--step best"
    elif best.differs is False:
        beside = f"the last one has {best.last:.4g}, worse by less than {ERRORS:g} standard errors"
    else:
        beside = f"--step best; the last one has {best.last:.4g}"
    return f"step {best.step}, {best.metric} {best.score:.4g} ({beside})"


def _told(result: "TrainResult") -> list[tuple[str, str]]:
    """Return rows on what the objective's value says, and on what D can tell."""
    rows = []
    for name, text in (result.last.concluded if result.last else {}).items():
        spread = "" if result.null_spread is None else f" (two batches of data: 0 ± {result.null_spread:.2g})"
        rows.append((name, text + spread))
    if found := result.accuracies:
        kinds = {"accuracy_train": "train", "accuracy_held_out": "held out", "accuracy_fake": "samples"}
        parts = [f"{kind} {found[name]:.0%}" for name, kind in kinds.items() if name in found]
        rows.append(("D accuracy", ", ".join(parts)))
    return rows


def show_seeds(summary: dict[str, Any], outdir: Path, *, as_json: bool) -> None:
    """Print what the runs of several seeds came to."""
    if as_json:
        print_json(summary)
        return
    count = len(summary["runs"])
    print(f"{count} runs in {outdir}")
    if any(summary["best"]):
        from gancli.monitoring.best import Best

        print("best checkpoint of each:")
        print_table(
            (Path(run).name, best_told(Best(**best)) if best else "not evaluated")
            for run, best in zip(summary["runs"], summary["best"], strict=True)
        )
    if verdicts := Counter(filter(None, summary["verdicts"])):
        print("verdicts: " + ", ".join(f"{number} {name}" for name, number in verdicts.most_common()))
    print("mean and standard deviation over them, also in summary.json there:")
    width = max(len(name) for name in summary["metrics"])
    for name, found in summary["metrics"].items():
        spread = "" if found["standard_deviation"] is None else f" ± {found['standard_deviation']:.4g}"
        counted = "" if found["count"] == count else f"  ({found['count']} of {count} runs)"
        print(f"{name:{width}}  {found['mean']:.6g}{spread}{counted}")


def show_plan(plan: "Plan", *, as_json: bool) -> None:
    """Print what a dry run found: the settings that the run uses, and what it costs."""
    measured = {
        "parameters": plan.parameters,
        "epochs": plan.epochs,
        "num_devices": plan.num_devices,
        "state_bytes": plan.state_bytes,
        "data_bytes": plan.data_bytes,
        "data_placement": plan.placement.where,
        "working_bytes": plan.working_bytes,
        "peak_bytes": plan.peak_bytes,
        "seconds_to_compile": plan.seconds_to_compile,
        "seconds_per_1000_steps": plan.seconds_per_1000_steps,
    }
    if as_json:
        print_json({"config": plan.config.to_dict()} | measured)
        return
    mebibytes = [f"{size / 2**20:,.0f} MiB" for size in (plan.state_bytes, plan.data_bytes, plan.working_bytes)]
    where = f" on each of {plan.num_devices} devices, which share the batch" if plan.num_devices > 1 else ""
    total = plan.config.num_steps * plan.seconds_per_1000_steps / 1000
    print_table(
        [
            *used_rows(plan.config),
            ("", ""),
            ("parameters", ", ".join(f"{name} {count:,}" for name, count in plan.parameters.items())),
            ("epochs", f"{plan.epochs:,.1f}"),
            ("data", str(plan.placement)),
            ("memory", "state {}, data {}, temporary {}".format(*mebibytes) + where),
            *([("peak memory", f"{plan.peak_bytes / 2**20:,.0f} MiB expected")] if plan.peak_bytes else []),
            ("compiling", duration(plan.seconds_to_compile)),
            ("1,000 steps", f"{duration(plan.seconds_per_1000_steps)} (so {duration(total)} for all)"),
        ]
    )
