"""Pairs of images for translation: as one image of twice the channels, so that both are always taken together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from gancli.config import TrainConfig
from gancli.data.catalog import is_path
from gancli.data.files import Arrays
from gancli.data.images.pairs import find_pairs
from gancli.data.load import Dataset, OpenDataset, framing_of, open_dataset
from gancli.data.two_domains import LETTERS, of_class
from gancli.errors import UsageError
from gancli.reporting import Aside, Reporter, show_shape

# Folders by split, the preferred one first: pix2pix calls the validation pairs "val".
FOLDERS = {"train": ("train",), "validation": ("val", "validation", "test"), "test": ("test", "val", "validation")}


def load_pairs(config: TrainConfig, data_dir: Path | None, listener: Reporter) -> Dataset:
    """Load the training pairs ``[N, H, W, 2 C]``: the channels of what is translated, then those of its translation.

    Folders ``train``, ``val`` and ``test`` are the splits; without them pairs are held out as of any images.

    Raises:
        UsageError: these are no pairs.
        GancliError: the data cannot be had.
    """
    if not is_path(config.dataset):
        raise UsageError(
            f"--game {config.game} is for your own pairs of images; data set '{config.dataset}' has none. Give a "
            f"folder or .zip of images side by side, or one with folders A and B."
        )
    if config.to_domain not in ("", *LETTERS):
        raise UsageError(f"--to must be A or B with --game {config.game}, got '{config.to_domain}'.")
    framing = replace(framing_of(config), pairs=True)
    splits = {one.label for one in find_pairs(Path(config.dataset)).files}
    named = "train" in splits and len(splits - {"", "train"}) > 0
    framing = replace(framing, held_out=0.0) if named else framing
    whole = open_dataset(config.dataset, data_dir, framing, Aside(listener))
    whole = _of_folders(whole) if named else replace(whole, classes=())
    pairs = (_turned(whole) if config.to_domain == LETTERS[0] else whole).split("train")
    height, width, channels = pairs.shape
    shape = show_shape((height, width, channels // 2))
    listener.status(f"pairs of {shape}: {len(pairs):,} to train on, {len(pairs.other('test')):,} to test")
    return pairs


def sides(pairs: Dataset) -> tuple[Dataset, Dataset]:
    """Return what is translated, and the true translations in the same order."""
    channels = pairs.shape[-1] // 2
    parts = (pairs.examples[..., :channels], pairs.examples[..., channels:])
    source, target = (
        replace(pairs, name=f"{Path(pairs.name).name}/{name}", examples=part, opened=None)
        for name, part in zip(("source", "target"), parts, strict=True)
    )
    return source, target


def both_domains(datasets: Mapping[str, Dataset]) -> tuple[Dataset, Dataset]:
    """Return both domains of a translation, which has a data set for each, or one of pairs."""
    found = tuple(datasets.values())
    return sides(found[0]) if len(found) == 1 else (found[0], found[1])


def _of_folders(whole: OpenDataset) -> OpenDataset:
    """Return the data set whose splits are its folders."""

    def read(split: str, fold: int = 0) -> Arrays:
        folder = next(name for name in FOLDERS[split] if name in whole.classes)
        return of_class(whole, folder, whole.name).read("train", fold)

    return OpenDataset(whole.name, (), read)


def _turned(whole: OpenDataset) -> OpenDataset:
    """Return a data set of pairs the other way round."""

    def read(split: str, fold: int = 0) -> Arrays:
        examples, labels = whole.read(split, fold)
        return np.roll(examples, examples.shape[-1] // 2, axis=-1), labels

    return replace(whole, read=read)
