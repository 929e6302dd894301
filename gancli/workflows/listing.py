"""``gancli list``: what can be chosen, and all that is said of each; made from the entries, without JAX."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gancli.bibliography import BIBLIOGRAPHY
from gancli.config import TrainConfig, option_name
from gancli.data.catalog import DATASETS
from gancli.features.catalog import FEATURES
from gancli.games.augmentations import AUGMENTATIONS
from gancli.games.catalog import GAMES, UPDATES
from gancli.games.masks import MASKS
from gancli.latents.catalog import PATHS, PRIORS
from gancli.losses.catalog import LOSSES, PENALTIES
from gancli.losses.objective import Objective
from gancli.metrics.catalog import METRICS, MetricEntry
from gancli.models.catalog import MODELS, Architecture
from gancli.recipes.presets import PRESETS, Preset, made_for
from gancli.registry import Entry, Registry
from gancli.training.catalog import OPTIMIZERS


class Kind(NamedTuple):
    """A kind of things that can be chosen."""

    registry: Registry[Any]
    field: str | None  # of the configuration, that names one


KINDS: Registry[Kind] = Registry(
    "kind",
    {
        "datasets": Kind(DATASETS, "dataset"),
        "games": Kind(GAMES, "game"),
        "updates": Kind(UPDATES, "updates"),
        "masks": Kind(MASKS, "masks"),
        "losses": Kind(LOSSES, "loss"),
        "penalties": Kind(PENALTIES, "penalty"),
        "models": Kind(MODELS, "model"),
        "optimizers": Kind(OPTIMIZERS, "optimizer"),
        "priors": Kind(PRIORS, "prior"),
        "paths": Kind(PATHS, None),
        "augmentations": Kind(AUGMENTATIONS, "augment"),
        "presets": Kind(PRESETS, None),
        "metrics": Kind(METRICS, "metrics"),
        "features": Kind(FEATURES, None),
    },
)


@dataclasses.dataclass(frozen=True)
class Description:
    """All that is said of one thing."""

    name: str
    summary: str
    use: str
    facts: dict[str, str]  # what it needs, sets or reached, for people
    defaults: dict[str, Any]  # settings that it brings; those of losses by the data that they are for
    cite: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What an overview says: the summary, and of a preset what it reached, else what it is for."""
        return tuple(line for line in (self.summary, self.facts.get("reached") or self.use) if line)

    @property
    def references(self) -> list[str]:
        """The BibTeX entries."""
        return [BIBLIOGRAPHY[key] for key in self.cite]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "name"}

    def rows(self) -> list[tuple[str, str]]:
        """Return names and texts, as a table of two columns has them."""
        rows = [(self.name, self.summary), ("use", self.use), *self.facts.items()]
        rows += [("settings", text) for text in _settings(self.defaults)]
        return [row for row in rows if row[1]]


def list_entries(kind: str) -> dict[str, Description]:
    """Return what is said of everything of a kind, by name.

    Raises:
        UsageError: there is no such kind.
    """
    return {name: describe(kind, name) for name in KINDS[kind].registry}


def describe(kind: str, name: str) -> Description:
    """Return what is said of one thing.

    Raises:
        UsageError: there is no such kind, or nothing of that name.
    """
    found = KINDS[kind]
    entry = found.registry[name]
    if not isinstance(entry, Entry):
        return Description(name, f"{entry.summary}: {entry.facts()}", "", {}, dict(entry.defaults), tuple(entry.cite))
    facts = _facts(name, entry)
    if options := ", ".join(_options(found.field, name)):
        facts["options"] = options
    defaults = entry.fields if isinstance(entry, Preset) else dict(getattr(entry, "defaults", {}))
    if unbounded := getattr(entry, "unbounded", None):
        defaults = defaults | {"images without a penalty": dict(unbounded)}
    return Description(name, entry.summary, entry.use, facts, defaults, entry.cite)


def _facts(name: str, entry: Entry) -> dict[str, str]:
    match entry:
        case Objective():
            says = entry.reading
            return {
                "needs": f"--penalty {' or '.join(entry.needs_one_of)}" if entry.needs_one_of else "",
                "discriminator": "none" if entry.discriminator is None else entry.network,
                "the loss says": f"{says.name} ({says.key} in metrics.jsonl)" if says else "",
            }
        case Architecture():
            return {"discriminators": ", ".join(entry.discriminators)}
        case MetricEntry():
            ranked = f"{entry.key}, {'lower' if entry.lower_is_better else 'higher'} is better" if entry.key else ""
            return {
                "flag": f"gancli evaluate --{name}",
                "ranked by": ranked,
                "needs": "; ".join(need.value for need in entry.needs),
                "while training": f"--metrics {name}" if entry.while_training else "not measured",
            }
        case Preset():
            return {"for": made_for(name), "reached": entry.reached}
    return {}


def _options(field: str | None, name: str) -> Iterable[str]:
    """Return the options that only this and few other things use, by what the configuration's fields say."""
    for one in dataclasses.fields(TrainConfig):
        only: Mapping[str, tuple[str, ...]] = getattr(one.metadata.get("setting"), "only", None) or {}
        if field and name in only.get(field, ()):
            yield f"--{option_name(one.name)}"


def _settings(defaults: Mapping[str, Any], place: str = "") -> Iterable[str]:
    """Return settings as they are typed, those of one kind of data in a line."""
    here = {name: value for name, value in defaults.items() if not isinstance(value, Mapping)}
    if here:
        yield f"{place}{' '.join(_typed(name, value) for name, value in here.items())}"
    for name, value in defaults.items():
        if isinstance(value, Mapping):
            yield from _settings(value, "" if name == "always" else f"for {name}: ")


def _typed(name: str, value: Any) -> str:
    option = option_name(name)
    if name == "dataset":
        return str(value)
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"--{option} {text.lower() if value is None else text or 'none'}"
