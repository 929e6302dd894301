"""From a data set, a preset and the user's options to a configuration."""

from typing import Any

from gancli.config import TrainConfig
from gancli.data.catalog import DATASETS, Mixture
from gancli.data.images.pictures import is_pictures
from gancli.errors import UsageError
from gancli.losses.catalog import LOSSES
from gancli.models.catalog import MODELS
from gancli.own_files import is_own
from gancli.recipes.defaults import DATASET_DEFAULTS, OWN_PICTURES
from gancli.recipes.presets import PRESETS, made_for


def resolve(dataset: str, preset: str | None, options: dict[str, Any]) -> TrainConfig:
    """Build a configuration: what the user said, over the objective's defaults, over the preset or the data set's.

    Args:
        dataset: a name of the catalog, or a path of one's own pictures.
        preset: a recipe; it takes the place of the data set's defaults.
        options: the fields that the user set.

    Raises:
        UsageError: a name is unknown, the preset is for another data set, or a value breaks a rule.
    """
    own = is_pictures(dataset)
    points = not own and isinstance(DATASETS[dataset], Mixture)
    base = OWN_PICTURES if own else DATASET_DEFAULTS[dataset]
    if preset is not None:
        base = PRESETS[preset].fields
        if base.get("dataset") != (None if own else dataset):
            raise UsageError(f"preset '{preset}' is for {made_for(preset)}, not '{dataset}'.")
    else:
        model = options.get("model", base.get("model", TrainConfig.model))
        base = base | ({} if is_own(model) else dict(MODELS[model].defaults))
    made_for_it = base.get("loss", TrainConfig.loss)
    loss = options.get("loss", made_for_it)
    kinds = ("always",) if preset else ("always", "points" if points else "images", dataset)
    for kind in kinds if loss != made_for_it and not is_own(loss) else ():
        base = base | dict(LOSSES[loss].defaults.get(kind, {}))
    values: dict[str, Any] = {"dataset": dataset} | base | options
    return TrainConfig(**values)
