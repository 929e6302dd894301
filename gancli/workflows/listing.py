"""``gancli list``: the names that options take, each with a line about it."""

import sys
from collections.abc import Callable, Mapping

from gancli.data.catalog import DATASETS
from gancli.latents import PRIORS
from gancli.losses.catalog import LOSSES
from gancli.metrics.catalog import METRICS, MetricEntry
from gancli.models import MODELS
from gancli.recipes.presets import PRESETS
from gancli.registry import Registry
from gancli.training.optimizers import OPTIMIZERS


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0].replace("``", "")


def _metric(entry: MetricEntry) -> str:
    order = {True: "; lower is better", False: "; higher is better"}[entry.lower_is_better] if entry.key else ""
    return entry.label + order + ("" if entry.while_training else "; not while training")


def _described(table: Mapping[str, object]) -> dict[str, str]:
    return {name: _first_line(thing) for name, thing in table.items()}


KINDS: Registry[Callable[[], dict[str, str]]] = Registry(
    "kind",
    {
        "datasets": lambda: {name: f"{entry.summary}: {entry.facts()}" for name, entry in DATASETS.items()},
        "losses": lambda: {name: _first_line(loss.generator) for name, loss in LOSSES.items()},
        "metrics": lambda: {name: _metric(entry) for name, entry in METRICS.items()},
        "models": lambda: {
            name: _first_line(sys.modules[model.generator.__module__]) for name, model in MODELS.items()
        },
        "optimizers": lambda: _described(OPTIMIZERS),
        "presets": lambda: {
            name: f"{values.get('dataset', 'own pictures')}, {values['num_steps']:,} steps"
            for name, values in PRESETS.items()
        },
        "priors": lambda: _described(PRIORS),
    },
)


def list_entries(kind: str) -> dict[str, str]:
    """Return the names of a kind and a line about each.

    Raises:
        UsageError: there is no such kind.
    """
    return KINDS[kind]()
