"""What a run amounts to, from the lines of its ``metrics.jsonl`` alone: its modes, its samples, its balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gancli.monitoring.accuracy import imbalance
from gancli.training.game import Game


@dataclass(frozen=True)
class Verdict:
    """What a run amounts to, and the rule that says so."""

    step: int  # at which that was so
    name: str  # healthy, partial collapse, collapse or imbalanced
    reason: str  # the number behind it first
    cure: str | None  # one thing to try


def verdict(game: Game, lines: Sequence[dict[str, Any]]) -> Verdict | None:
    """Return what a run amounts to; None where nothing is known.

    Args:
        game: of the run.
        lines: of its ``metrics.jsonl``.
    """
    if won := imbalance(game, lines):
        reason, _, cure = won.partition("; try ")
        return Verdict(lines[-1]["step"], "imbalanced", reason, cure or None)
    counted = next((line for line in reversed(lines) if line.get("modes")), None)
    if counted is None:
        return None
    modes = counted["modes"]
    return Verdict(
        counted["step"], modes["verdict"], f"{modes['hit']} of {modes['total']} modes, KL {modes['kl']:.3f} nats", None
    )
