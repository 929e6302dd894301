"""The names of all that can be chosen, without importing what they name; for help, completion and checks."""

from gancli.data.catalog import DATASETS
from gancli.features.catalog import FEATURES
from gancli.games.catalog import GAMES
from gancli.games.masks import MASKS
from gancli.losses.catalog import LOSSES
from gancli.metrics.catalog import METRICS
from gancli.models.catalog import MODELS
from gancli.recipes.presets import PRESETS
from gancli.registry import Registry


def names(kind: str) -> tuple[str, ...]:
    """Return the names of every thing of a kind: data set, game, loss, model and so on; of metrics, while training."""
    return {
        "data set": tuple(DATASETS),
        "features": tuple(FEATURES),
        "game": tuple(GAMES),
        "loss": tuple(LOSSES),
        "mask": tuple(MASKS),
        "metric": tuple(name for name, entry in METRICS.items() if entry.while_training),
        "model": tuple(MODELS),
        "preset": tuple(PRESETS),
    }[kind]


def is_known(kind: str, name: str) -> bool:
    """Return whether ``name`` is one of gancli's, as against one in your own file."""
    return name in names(kind)


def check_name(kind: str, name: str) -> None:
    """Raise a UsageError unless ``name`` is known, or stands in a file: ``FILE.py:NAME``."""
    if ".py:" not in name:
        Registry(kind, dict.fromkeys(names(kind)))[name]
