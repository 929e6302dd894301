"""A run, read from its folder, as what a page holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gancli import __version__
from gancli.config import TrainConfig, option_name, settings
from gancli.data.two_domains import domain_names
from gancli.errors import GancliError
from gancli.evaluation.extractors import features_of
from gancli.fields import shown
from gancli.games.translates import goes_to_classes, ways_of
from gancli.imaging.charts import Chart, Span, svg
from gancli.metrics import cells
from gancli.metrics.catalog import METRICS, json_name
from gancli.metrics.cells import ERRORS, differ, title
from gancli.monitoring.curves import charts
from gancli.monitoring.verdict import verdict
from gancli.recipes.resolve import command_of, resolve, uses
from gancli.reporting import duration, number_of, show_shape
from gancli.reports.page import Figure, RunPage, Table
from gancli.runs.folder import Run
from gancli.training.game import Game

MOST_PICTURES = 12  # of samples over time
OF_FEW = (
    "With few images the Fréchet distance is too high, and the kernel distance is unbiased. ± is one standard error of "
    "choosing images."
)


@dataclass(frozen=True)
class Recorded:
    """What a run's folder holds, but for checkpoints."""

    name: str
    run: Run
    game: Game
    lines: list[dict[str, Any]]  # of metrics.jsonl, at least one
    best: int | None  # the best step by the run's first metric; None: it was never measured

    @classmethod
    def read(cls, folder: Path, name: str) -> "Recorded":
        """Read it; ``name`` is what a page calls it.

        Raises:
            GancliError: there is no run, or it has measured nothing yet.
        """
        run = Run.open(folder)
        lines = run.metrics()
        if not lines:
            raise GancliError(f"the run in '{folder}' has measured nothing yet. Train it first.")
        scores = run.scores()
        return cls(name, run, run.record.game(), lines, run.best_step(scores) if scores else None)

    @property
    def config(self) -> TrainConfig:
        """Its configuration."""
        return self.run.record.config

    @property
    def title(self) -> str:
        """What it trains, in a few words."""
        config = self.config
        return f"{self.name}: {Path(config.dataset).name}, {config.model}, {config.loss}"

    @property
    def epoch(self) -> float:
        """Steps of one epoch."""
        domain = self.game.domains[0]
        return domain.num_examples / domain.rows_per_step

    @property
    def span(self) -> Span:
        """What the axes of its charts show."""
        return Span(self.lines[-1]["step"], self.epoch)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All that it measured."""
        return charts(self.game, self.lines, self.best)

    @property
    def evaluated(self) -> dict[int, dict[str, Any]]:
        """Its lines with metrics, by their steps."""
        names = [json_name(metric) for metric in METRICS]
        return {line["step"]: line for line in self.lines if any(line.get(name) for name in names)}


def run_page(one: Recorded, nearest: Figure | None, no_nearest: str, *, with_curves: bool) -> RunPage:
    """Return what a page holds of a run.

    Args:
        one: the run.
        nearest: a picture of samples with their nearest training images.
        no_nearest: why there is none.
        with_curves: whether the run is alone on its page.
    """
    found = verdict(one.game, one.lines)
    sentences, advice = _course(one)
    if found:
        sentences = (sentence(f"Step {found.step:,}: {found.reason}"), *sentences)
        advice = (*([sentence(found.cure)] if found.cure else []), *advice)
    else:
        sentences = (_no_verdict(one.game), *sentences)
    measured, samples = _metrics(one), _samples(one)
    return RunPage(
        name=one.name,
        verdict=found.name if found else "no verdict",
        sentences=sentences,
        advice=advice,
        facts=_facts(one),
        metrics=measured,
        protocol=protocol(one) if measured else "",
        curves=figures(one.charts, one.span) if with_curves else (),
        samples=samples,
        pictured="images" if ways_of(one.game) else "latents",
        more_samples=len(one.run.samples()) - len(samples),
        nearest=nearest,
        no_nearest=no_nearest,
        settings=_settings(one),
        command=command_of(one.config),
        machine=_machine(one),
    )


def _no_verdict(game: Game) -> str:
    """Return why there is no verdict."""
    if goes_to_classes(game):
        return "Translations to classes have no rule for a verdict."
    what = "compared translations with one another" if ways_of(game) else "counted modes or measured precision"
    return f"Nothing {what} in this run, so there is no verdict."


def sentence(text: str) -> str:
    """Return a text with a capital and a full stop."""
    return text[0].upper() + text[1:].rstrip(".") + "."


def figures(drawn: Sequence[Chart], span: Span) -> tuple[Figure, ...]:
    """Return charts as figures of a page."""
    return tuple(Figure(chart.title, chart.text, svg=svg(chart, span)) for chart in drawn)


def shown_value(config: TrainConfig, name: str) -> str:
    """Return a setting as people read it."""
    value = getattr(config, name)
    return ("yes" if value else "no") if isinstance(value, bool) else shown(value) or "none"


def numbers() -> Iterator[tuple[str, str, str, str]]:
    """Yield the numbers of all metrics: names of metric and number in JSON, words for both, and what is better."""
    for metric, entry in METRICS.items():
        for number, better in entry.numbers.items():
            yield json_name(metric), number, title(metric, number), better


def cell(found: Mapping[str, Any] | None, number: str) -> str:
    """Return a number of a metric with its standard error; empty where it was not measured."""
    return "" if found is None or found.get(number) is None else cells.cell(found, number)


def _course(one: Recorded) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what became of the metric that ranks checkpoints, in sentences, and what to try."""
    config = one.config
    ranking = METRICS[config.metrics[0]]
    name, key = json_name(config.metrics[0]), ranking.key
    measured = {line["step"]: line[name] for line in one.lines if line.get(name)}
    if not measured or one.best is None or key is None:
        return ("No metric was measured while it trained.",), ("--evaluate-every 1000, to see how it goes.",)
    last = max(measured)
    if len(measured) == 1:
        return (f"The {ranking.label} was measured once.",), ()
    if last == one.best:
        more = f"More steps, which may help: --resume --steps {2 * config.num_steps}."
        return (f"The {ranking.label} was best at the last step.",), (more,) if last == config.num_steps else ()
    worse = f"The {ranking.label} was best at step {one.best:,} and is worse at step {last:,}"
    if differ(measured[one.best], measured[last], key) is False:
        return (f"{worse}, by less than {ERRORS:g} standard errors.",), ()
    return (f"{worse}.",), ("--step best, which every command takes.",)


def _facts(one: Recorded) -> Table:
    data, config, last = one.run.record.data, one.config, one.lines[-1]
    kind = "training images" if data.is_images else "points an epoch"
    seconds, seen = 0.0, 0
    for line in one.lines:
        seconds += (line["images_seen"] - seen) / line["images_per_second"]
        seen = line["images_seen"]
    classes = f", {number_of(len(data.classes), 'class', 'classes')}" if data.classes else ""
    count = f"{data.num_examples:,} {kind}"
    if ways_of(one.game) and not goes_to_classes(one.game):
        counts = " and ".join(f"{record.num_examples:,}" for record in one.run.record.domains)
        pairs = "" if len(one.run.record.domains) > 1 else "pairs of "
        count = f"{counts} {pairs}{kind} of {' and '.join(domain_names(config))}"
    rows = [
        ("data", f"{config.dataset}: {count}, {show_shape(data.shape)}{classes}"),
        ("game", f"{config.loss}, {config.model}"),
        ("steps", f"{last['step']:,} of {config.num_steps:,}, {last['step'] / one.epoch:,.1f} epochs"),
        ("training", f"{duration(seconds)}, {seen / seconds:,.0f} images/s, without evaluations"),
    ]
    return Table((), tuple(rows))


def _metrics(one: Recorded) -> Table | None:
    """Return what was measured at the best step and at the last one."""
    evaluated = one.evaluated
    steps = sorted({step for step in (one.best, *list(evaluated)[-1:]) if step is not None})
    rows = []
    for metric, number, name, _ in numbers():
        found = [cell(evaluated[step].get(metric), number) for step in steps]
        if any(found):
            rows.append((name, *found))
    heads = [f"step {step:,}{', the best' if step == one.best else ''}" for step in steps]
    return Table(("metric", *heads), tuple(rows)) if rows else None


def protocol(one: Recorded) -> str:
    """Return how the metrics were measured while training."""
    record = one.run.record
    config, data = record.config, record.data
    weights = "averaged" if config.ema_decay else "raw"
    features = features_of(config.dataset) if config.features == "auto" else config.features
    if goes_to_classes(one.game):
        return (
            f"Measured while training, by the {weights} weights, on images held out from training, at most "
            f"{config.evaluate_samples:,}, each translated to another class: translations against images of that "
            f"class; features: {features}. {OF_FEW}"
        )
    if ways := ways_of(one.game):
        names = domain_names(config)
        return (
            f"Measured while training, by the {weights} weights, on images held out from training, at most "
            f"{config.evaluate_samples:,} of each domain: translations of {names[0]} against images of {names[1]}"
            f"{', and the other way round' if len(ways) > 1 else ''}; features: {features}. {OF_FEW}"
        )
    text = (
        f"Measured while training, on {config.evaluate_samples:,} samples of the {weights} weights, "
        f"always of the same latents (seed {config.seed})"
    )
    if not data.is_images:
        return f"{text}."
    return (
        f"{text}, against the {data.num_examples:,} training images of {config.dataset} "
        f"(SHA-256 {data.sha256[:12]}...); features: {features}. ± is one standard error of drawing "
        f"samples. Another seed of training differs by more."
    )


def _samples(one: Recorded) -> tuple[Figure, ...]:
    """Return the pictures of the first step, of some between, closer together at first, and of the last one."""
    found = one.run.samples()
    steps = sorted(found)
    if len(steps) > MOST_PICTURES:
        # Their places in between are spread evenly, and so keep the early ones, which are closer together.
        places = {round(place * (len(steps) - 1) / (MOST_PICTURES - 1)) for place in range(MOST_PICTURES)}
        steps = [steps[place] for place in sorted(places)]
    return tuple(Figure(f"step {step:,}", f"Samples of step {step:,}", png=found[step].read_bytes()) for step in steps)


def _settings(one: Recorded) -> Table:
    """Return the used settings that differ from those of ``gancli train DATASET``."""
    config = one.config
    plain = resolve(config.dataset, None, {})
    rows = [
        (f"--{option_name(name)}", shown_value(config, name), shown_value(plain, name))
        for name in settings()
        if uses(config, name) and getattr(config, name) != getattr(plain, name)
    ]
    return Table(("setting", "this run", "default"), tuple(rows))


def _machine(one: Recorded) -> Table:
    record = one.run.record
    machine = record.machine
    began = datetime.fromtimestamp((one.run.folder / "config.toml").stat().st_mtime, UTC)
    rows = [("gancli", f"{record.gancli} (this page: {__version__})")]
    rows += [(name, str(version)) for name, version in machine.get("versions", {}).items()]
    rows += [
        (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in machine.items()
        if name not in ("versions", "environment")
    ]
    rows += [(name, str(value)) for name, value in machine.get("environment", {}).items()]
    rows += [("settings written", f"{began:%Y-%m-%d %H:%M} UTC"), ("seed", str(record.config.seed))]
    return Table((), tuple(rows))
