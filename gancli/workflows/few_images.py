"""Few images, each of which D learns by heart: what is done about it, or said."""

import dataclasses

from gancli.config import AUTO, CONVOLUTIONAL, TRANSLATIONS, TrainConfig
from gancli.data.catalog import is_path
from gancli.data.load import Dataset
from gancli.recipes.presets import FOR_SMALL_DATA
from gancli.recipes.resolve import uses
from gancli.reporting import number_of

# To train on without augmentation: of 3,000 images it lowers the Fréchet distance of dcgan by a quarter, of 10,000 it
# raises it a little (docs/lab/results.md).
FEW_IMAGES = 5000


def with_augmentation(config: TrainConfig, dataset: Dataset) -> TrainConfig:
    """Return a configuration with the augmentation that ``auto`` stands for: that of few images, or none.

    It is for what was measured: convolutional networks that play the paper's game.
    """
    if config.augment != AUTO:
        return config
    plays = config.game == TrainConfig.game and config.model in CONVOLUTIONAL["model"]
    return dataclasses.replace(config, augment=FOR_SMALL_DATA if plays and len(dataset) < FEW_IMAGES else ())


def augmentation_said(asked: TrainConfig, config: TrainConfig, dataset: Dataset) -> str | None:
    """Return one line about the augmentation that ``auto`` chose; None: it chose none."""
    if asked.augment != AUTO or not config.augment:
        return None
    return (
        f"{_are_few(dataset)}: D sees data and samples shifted and cut, so that it cannot memorize them "
        f"(--augment {','.join(config.augment)})"
    )


def warning(config: TrainConfig, dataset: Dataset) -> str | None:
    """Return a warning where D may memorize the images, for want of others and of augmentation.

    Of a data set of the catalog only with the networks for which it was measured, and not of games that translate: a
    thousand images are usual there, and what augmentation is worth was not measured.
    """
    measured = is_path(config.dataset) or uses(config, "base_channels")
    able = uses(config, "augment") and measured and config.game not in TRANSLATIONS
    if not dataset.is_images or len(dataset) >= FEW_IMAGES or config.augment or not able:
        return None
    return f"{_are_few(dataset)} to train on: D may memorize them. Try --augment {','.join(FOR_SMALL_DATA)}."


def _are_few(dataset: Dataset) -> str:
    return f"{number_of(len(dataset), 'image is', 'images are')} few"
