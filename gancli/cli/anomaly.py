"""``gancli evaluate --anomaly``, and what it prints."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gancli.cli import hosts

if TYPE_CHECKING:
    from gancli.compute.hosts import Launch
    from gancli.workflows.anomaly import AnomalyResult

SHOWN = 10  # images in the table for people
LABELS = {"score": "", "pixels": " by pixels", "features": " by features"}


def score(run: Path, options: dict[str, Any], together: "Launch | None", *, json: bool, quiet: bool) -> None:
    """Score images, and show which are unusual; options are those of :func:`gancli.workflows.anomaly.anomalies`."""
    from gancli.cli.console import print_json, reporting, warn_of
    from gancli.workflows.anomaly import anomalies

    with hosts.dividing(together) as leads, reporting(quiet=quiet, leads=leads) as reporter:
        found = anomalies(run, reporter=reporter, **options)
    if not leads:
        return
    warn_of(found.notes, found.step)
    if json:
        print_json(to_dict(found))
    else:
        show(found)


def to_dict(result: "AnomalyResult") -> dict[str, Any]:
    """Return the JSON result; images in the order of their names."""
    scores, classes, unusual = result.scores, result.classes_of(), result.unusual
    images = [
        {"file": name}
        | {kind: float(values[row]) for kind, values in scores.items()}
        | ({} if classes is None else {"class": classes[row]})
        | ({} if unusual is None else {"normal": not unusual[row]})
        for row, name in enumerate(result.images.names)
    ]
    measured = {
        kind: {"roc_auc": one.roc_auc.to_dict(), "average_precision": one.average_precision.to_dict()}
        for kind, one in result.found.items()
    }
    written = {"output": str(result.output)} if result.output else {}
    return written | {
        "figure": str(result.figure),
        "source": result.source,
        "against": result.against,
        "features": result.described_by,
        "normal": list(result.normal),
        "detection": measured,
        "encoder": result.origin,
        "refine": result.refine,
        "images": images,
        "step": result.step,
        "ema": result.ema,
        "seed": result.seed,
    }


def show(result: "AnomalyResult") -> None:
    """Print what was found, and the most unusual images."""
    from gancli.cli.console import print_table
    from gancli.workflows.anomaly import WEIGHT

    weights = "averaged weights" if result.ema else "raw weights"
    kind = "pixels alone (the run has no discriminator)"
    if result.features is not None:
        kind = f"{1 - WEIGHT:g} x pixels + {WEIGHT:g} x features of {result.described_by}"
    refined = f", {result.refine} steps of refining" if result.refine else ""
    rows: list[tuple[str, object]] = [
        ("images", f"{len(result.images):,} of {result.against}"),
        ("score", f"{kind}, step {result.step}, {weights}{refined}"),
        ("picture", result.figure),
    ]
    if result.output:
        rows.append(("output", result.output))
    unusual = result.unusual
    if unusual is None:
        rows.append(("ROC-AUC", f"unknown: {result.reason}"))
    else:
        normal = f"{int((~unusual).sum()):,} of {', '.join(result.normal)}; {int(unusual.sum()):,} others are not"
        rows.append(("normal", normal))
        for name, one in result.found.items():
            rows.append((f"ROC-AUC{LABELS[name]}", one.roc_auc.text))
        for name, one in result.found.items():
            share = f"; {unusual.mean():.3f} by chance" if name == "score" else ""
            rows.append((f"average precision{LABELS[name]}", f"{one.average_precision.text}{share}"))
    print_table(rows)
    classes, scores = result.classes_of(), result.scores["score"]
    width = max(len(f"{scores[row]:.4g}") for row in result.order[:SHOWN])
    print("\nmost unusual")
    print_table(
        [
            (
                f"  {result.images.names[row]}",
                f"{scores[row]:{width}.4g}" + ("" if classes is None else f"  class {classes[row]}"),
            )
            for row in result.order[:SHOWN]
        ]
    )
