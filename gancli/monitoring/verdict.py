"""What a run amounts to, from the lines of its ``metrics.jsonl`` alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gancli.config import TrainConfig
from gancli.metrics.health import COLLAPSE, PARTIAL, POOR, amounts_of_translations, amounts_to
from gancli.monitoring.balance import ended
from gancli.recipes.resolve import uses
from gancli.training.game import Game


@dataclass(frozen=True)
class Verdict:
    """What a run amounts to, and the rule that says so."""

    step: int  # at which that was so
    name: str  # of a game that goes on: healthy, poor samples, partial collapse, collapse; else imbalanced or stalled
    reason: str  # what decided first, in parentheses what did not
    cure: str | None  # one thing to try; None where nothing is wrong, or nothing is known to help

    @property
    def text(self) -> str:
        """The verdict in one line, without the cure."""
        return f"{self.name} at step {self.step}: {self.reason}"


def verdict(game: Game, lines: Sequence[Mapping[str, Any]]) -> Verdict | None:
    """Return what a run amounts to; None where nothing is known.

    A game that ended before its time comes first. Else it is what the last evaluation found.

    Args:
        game: of the run.
        lines: of its ``metrics.jsonl``.
    """
    found = _of_samples(game.config, lines)
    end = ended(game, lines)
    if end is None:
        return found
    reason = f"{end.reason} ({found.text})" if found else end.reason
    return Verdict(lines[-1]["step"], end.name, reason, end.cure)


def _of_samples(config: TrainConfig, lines: Sequence[Mapping[str, Any]]) -> Verdict | None:
    """Return what the last evaluation of modes, precision or translations amounts to."""
    for line in reversed(lines):
        if translations := line.get("translation") or line.get("pairs"):
            found = amounts_of_translations(translations)
            return found and Verdict(line["step"], *found, cure=None)
        modes, quality = line.get("modes"), line.get("precision_recall")
        if modes or quality:
            found = amounts_to(modes, quality["precision"] if quality else None)
            return found and Verdict(line["step"], *found, cure=_cure(config, found[0]))
    return None


def _cure(config: TrainConfig, name: str) -> str | None:
    if name in (POOR, PARTIAL):
        return f"more steps (--resume --steps {2 * config.num_steps})"
    if name != COLLAPSE:
        return None
    if uses(config, "packing") and config.packing == 1 and not config.conditional and config.batch_size % 2 == 0:
        return "--packing 2"
    return None if config.loss == "hinge" else "--loss hinge"
