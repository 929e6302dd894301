"""``gancli list --cite``: the literature behind a run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gancli.bibliography import BIBLIOGRAPHY
from gancli.config import TrainConfig
from gancli.data.catalog import DATASETS
from gancli.games.augmentations import AUGMENTATIONS
from gancli.games.catalog import GAMES, UPDATES
from gancli.games.masks import MASKS
from gancli.latents.catalog import PRIORS
from gancli.losses.catalog import LOSSES, PENALTIES
from gancli.metrics.catalog import METRICS
from gancli.models.catalog import MODELS
from gancli.recipes.resolve import uses
from gancli.registry import Registry
from gancli.training.catalog import OPTIMIZERS

T = TypeVar("T")

OF_ALL = ("goodfellow2014gan", "jax2018", "flax2020")

# Fields of the configuration that name entries, whose citations they are.
CHOICES: "dict[str, Registry[Any]]" = {
    "dataset": DATASETS,
    "game": GAMES,
    "updates": UPDATES,
    "masks": MASKS,
    "loss": LOSSES,
    "penalty": PENALTIES,
    "model": MODELS,
    "prior": PRIORS,
    "optimizer": OPTIMIZERS,
    "augment": AUGMENTATIONS,
}


class Technique(NamedTuple):
    """Something that a run does beside what its entries name."""

    applies: Callable[[TrainConfig], object]
    cite: tuple[str, ...]


def _normalizes(config: TrainConfig) -> bool:
    return config.model in ("dcgan", "resnet") and config.batch_norm


TECHNIQUES = {
    "packing": Technique(lambda run: run.packing > 1, ("lin2018pacgan",)),
    "unroll": Technique(lambda run: run.unroll, ("metz2017unrolled",)),
    "lookahead": Technique(lambda run: run.lookahead, ("chavdarova2021taming", "zhang2019lookahead")),
    "historical_weight": Technique(lambda run: run.historical_weight, ("salimans2016improved",)),
    "top_k": Technique(lambda run: run.top_k < 1, ("sinha2020topk",)),
    "pulling_away": Technique(lambda run: run.pulling_away, ("zhao2017energy",)),
    "batch_norm": Technique(_normalizes, ("ioffe2015batch", "brock2019large")),
    "blocks that start as nothing": Technique(
        lambda run: run.model == "resnet" and not (run.batch_norm and "spectral-norm" in run.penalty),
        ("zhang2019fixup",),
    ),
    "conditional": Technique(lambda run: run.conditional, ("mirza2014conditional", "miyato2018cgans")),
    "dropout, max_column_norm": Technique(
        lambda run: run.input_dropout or any(run.hidden_dropout) or run.max_column_norm, ("srivastava2014dropout",)
    ),
    "instance_noise": Technique(lambda run: run.instance_noise, ("sonderby2017amortised", "arjovsky2017principled")),
    "init_range": Technique(
        lambda run: (
            any(not family.own_init for family in _chosen(MODELS, run.model))
            and None in (run.generator_init_range, run.discriminator_init_range)
        ),
        ("he2015delving",),
    ),
    "contrast": Technique(lambda run: run.contrast, ("coates2011analysis",)),
    "ema_decay": Technique(lambda run: run.ema_decay, ("polyak1992acceleration",)),
}


def keys(config: TrainConfig) -> Iterator[str]:
    """Return the keys of what a run uses; some may come twice. Of your own images and files you know the authors."""
    first, *libraries = OF_ALL
    yield first
    for field, registry in CHOICES.items():
        if field != "dataset" and not uses(config, field):
            continue
        for entry in _chosen(registry, getattr(config, field)):
            yield from entry.cite
    for technique in TECHNIQUES.values():
        if technique.applies(config):
            yield from technique.cite
    if config.evaluate_every:
        for entry in _chosen(METRICS, config.metrics):
            yield from entry.cite
    yield from libraries


def _chosen(registry: Registry[T], names: str | tuple[str, ...]) -> list[T]:
    names = (names,) if isinstance(names, str) else names
    return [registry[name] for name in names if name in registry]


def citations(folder: Path) -> dict[str, str]:
    """Return the BibTeX entries, by key, of what a run used: data, loss, networks, optimizer and metrics.

    Raises:
        GancliError: there is no such run.
    """
    from gancli.runs.folder import Run

    config = Run.open(folder).record.config
    return {key: BIBLIOGRAPHY[key] for key in dict.fromkeys(keys(config))}
