"""Whether the game still goes on: not where D has won, and not where no gradient reaches G."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gancli.losses.objective import Objective
from gancli.training.game import Game

SURE = 0.95  # share of the largest divergence there can be, from which on D is sure of everything
LASTING = 0.1  # share of the steps so far, at their end, for which that must hold
FEWEST_LINES = 5  # of metrics, for the same
RIGHT = 0.995  # share of data and of samples from which on D is right about everything, where it was asked
FADED = 0.05  # share of its largest value below which the length of G's gradient has all but vanished
NO_GRADIENT = (
    1e-12  # length of G's gradient, in the mean over a line's steps, up to which it is rounding and no gradient
)


class Ended(NamedTuple):
    """How a game ended before its time."""

    name: str  # imbalanced or stalled
    reason: str
    cure: str  # one thing to try


def has_no_gradient(measured: Mapping[str, Any]) -> bool:
    """Return whether no gradient reached G in the steps of a line; False where the game has no G."""
    length = measured.get("generator_gradient_norm")
    return length is not None and length <= NO_GRADIENT


def stalled_since(lines: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the step of the first of the last lines without a gradient for G; None where the last one has one."""
    count = next((place for place, line in enumerate(reversed(lines)) if not has_no_gradient(line)), len(lines))
    return lines[-count]["step"] if count else None


def sure_since(objective: Objective, lines: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the step since which D has been sure of everything, if that lasts and G depends on it; else None.

    Args:
        objective: which can say so only if the divergence that its loss bounds has a largest value.
        lines: of ``metrics.jsonl``.
    """
    if not _depends_on_scores(objective):
        return None
    count = next((place for place, line in enumerate(reversed(lines)) if not _is_sure(objective, line)), len(lines))
    if count < max(FEWEST_LINES, LASTING * len(lines)):
        return None
    return lines[-count]["step"]


def beaten_at(objective: Objective, lines: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the last step, if D was right about everything there and hardly a gradient reached G; else None.

    It takes few lines, and no divergence with a largest value where D's accuracies are known: for the first steps.
    """
    last = lines[-1] if lines else {}
    if "generator_gradient_norm" not in last or not _depends_on_scores(objective):
        return None
    known = [last[name] for name in ("accuracy_train", "accuracy_fake") if name in last]
    right = min(known) >= RIGHT if known else _is_sure(objective, last)
    longest = max(line.get("generator_gradient_norm", 0.0) for line in lines)
    faded = last["generator_gradient_norm"] < FADED * longest
    return last["step"] if right and faded else None


def ended(game: Game, lines: Sequence[Mapping[str, Any]]) -> Ended | None:
    """Return how the game ended, since when, and one thing to try; None where it goes on.

    Args:
        game: that is played.
        lines: of ``metrics.jsonl``.
    """
    config = game.config
    if (since := stalled_since(lines)) is not None:
        cure = f"a lower --generator-learning-rate (now {config.generator_learning_rate:g})"
        return Ended("stalled", f"no gradient reaches G since step {since}, so it learns nothing", cure)
    objective = getattr(game, "objective", None)
    if not isinstance(objective, Objective):
        return None
    cure = (
        f"more noise on what D sees (now --instance-noise {config.instance_noise:g})"
        if game.domains[0].is_images
        else f"a lower --discriminator-learning-rate (now {config.discriminator_learning_rate:g})"
    )
    if (since := sure_since(objective, lines)) is not None:
        return Ended("imbalanced", f"D tells all samples from data since step {since}, so G learns little", cure)
    if (step := beaten_at(objective, lines)) is not None:
        reason = f"D tells all samples from data at step {step}, and G's gradient has all but vanished"
        return Ended("imbalanced", reason, cure)
    return None


def _depends_on_scores(objective: Objective) -> bool:
    return objective.compares in ("outputs", "features")


def _is_sure(objective: Objective, line: Mapping[str, Any]) -> bool:
    reading = objective.reading
    if reading is None or reading.most is None or reading.key not in line:
        return False
    return line[reading.key] >= SURE * reading.most
