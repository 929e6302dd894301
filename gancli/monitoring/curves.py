"""What a run measured, as charts over its steps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gancli.games.encodes import ENCODER
from gancli.games.infogan import CATEGORIES, SCALES
from gancli.games.pair import DISCRIMINATOR, GENERATOR
from gancli.imaging.charts import Chart, Curve
from gancli.metrics.catalog import METRICS, json_name
from gancli.metrics.cells import error_name, title
from gancli.training.game import Game
from gancli.training.spikes import COUNT

LETTERS = {  # of the papers
    **{DISCRIMINATOR: "D", GENERATOR: "G", ENCODER: "E"},
    **{"generator_ab": "G, A to B", "generator_ba": "G, B to A"},
    **{"discriminator_a": "D of A", "discriminator_b": "D of B"},
}
ACCURACIES = {
    "accuracy_train": "training data",
    "accuracy_held_out": "held-out data",
    "accuracy_fake": "samples",
    "memorization_gap": "training minus held-out",
}
INFORMATION = {CATEGORIES: "categories", SCALES: "continuous codes"}
LOSS, NORM, SPEED = "_loss", "_gradient_norm", "images_per_second"

Line = Mapping[str, Any]
Lines = Sequence[Line]


class Group(NamedTuple):
    """What is drawn in one chart."""

    title: str
    names: dict[str, str]  # of curves, by keys of lines
    limit: tuple[str, float] | None = None
    floor: float | None = None


def charts(game: Game, lines: Lines, best: int | None = None) -> tuple[Chart, ...]:
    """Return a chart of everything that lines of ``metrics.jsonl`` hold twice or more.

    What the game does not measure has none.

    Args:
        game: which says what its numbers are.
        lines: of a run.
        best: the step that is marked where metrics are drawn.
    """
    keys = list(dict.fromkeys(key for line in lines for key in line))
    losses, *groups = _groups(game, keys)
    named = {"step", "images_seen", *map(json_name, METRICS), *losses.names}
    named |= {key for group in groups for key in group.names}
    groups += [Group(key.replace("_", " "), {key: ""}) for key in keys if key not in named]  # of a user's game

    def drawn(group: Group) -> Chart:
        return Chart(group.title, _curves(lines, group.names), group.limit, floor=group.floor)

    found = [drawn(losses), *_of_metrics(lines, best), *map(drawn, groups)]
    return tuple(chart for chart in found if any(len(curve.steps) > 1 for curve in chart.curves))


def _groups(game: Game, keys: Sequence[str]) -> Iterator[Group]:
    """Yield what belongs together, the losses first."""
    objective: Any = getattr(game, "objective", None)
    yield Group("losses", _players(keys, LOSS) | {"penalty": "penalty"})
    if "d_real" in keys:
        title = "D(x), a probability" if objective.belief else f"{objective.shows[0]}, not a probability"
        yield Group(title, {"d_real": "data", "d_fake": "samples"})
    yield Group("lower bound of the information about codes (nats)", INFORMATION, floor=0.0)
    yield Group("share that D gets right", ACCURACIES)
    yield Group("gradient norms", _players(keys, NORM))
    yield Group("gradients far longer than usual", _players(keys, COUNT))
    if objective and (reading := objective.reading):
        title = f"{'lower bound of the ' if reading.is_bound else ''}{reading.name}"
        unit = f" ({reading.unit})" if reading.unit else ""
        yield Group(title + unit, {reading.key: ""}, ("the most there can be", reading.most) if reading.most else None)
    yield Group("images per second", {SPEED: ""}, floor=0.0)


def _players(keys: Sequence[str], end: str) -> dict[str, str]:
    """Return the names of players by the keys that begin with them and end so."""
    names = {key: key.removesuffix(end) for key in keys if key.endswith(end)}
    return {key: LETTERS.get(name, name.replace("_", " ")) for key, name in names.items()}


def _of_metrics(lines: Lines, best: int | None) -> Iterator[Chart]:
    """Yield a chart for each number of each metric, with its standard error where it has one."""
    for metric, entry in METRICS.items():
        key = json_name(metric)
        measured = [line[key] | {"step": line["step"]} for line in lines if line.get(key)]
        for number, better in entry.numbers.items():
            if not better or not measured:
                continue
            curve = _curve("", measured, number, error_name(number))
            if curve:
                total = measured[-1].get("total") if number == "hit" else None
                limit, floor = (("all there are", float(total)), 0.0) if total else (None, None)
                marked = best if number == entry.key else None
                yield Chart(title(metric, number), (curve,), limit, marked, floor)


def _curves(lines: Lines, names: Mapping[str, str]) -> tuple[Curve, ...]:
    """Return the curves of some keys, without those that have no number, or among others none but 0."""
    found = [_curve(name, lines, key) for key, name in names.items()]
    return tuple(one for one in found if one and (not one.name or any(one.values)))


def _curve(name: str, lines: Lines, key: str, errors: str | None = None) -> Curve | None:
    known = [line for line in lines if isinstance(line.get(key), int | float)]
    if not known:
        return None
    spread = [line.get(errors) for line in known] if errors else [None]
    steps, values = ([line[one] for line in known] for one in ("step", key))
    return Curve(name, steps, values, None if None in spread else [float(one or 0) for one in spread])
