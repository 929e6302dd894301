"""Two sets of images for translation: folders ``trainA`` and ``trainB``, two data sets, or two classes of one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gancli.config import TrainConfig
from gancli.data.catalog import is_path
from gancli.data.class_names import find
from gancli.data.files import Arrays
from gancli.data.images.find import find_images
from gancli.data.images.prepare import Seen
from gancli.data.load import Dataset, OpenDataset, framing_of, open_dataset
from gancli.errors import UsageError
from gancli.reporting import Aside, Reporter, show_shape

LETTERS = ("A", "B")
PAIRED = "paired"  # the game whose domains are the images of pairs
TRAIN, TEST = "train", "test"  # how folders of a data set for translation begin; a letter follows
FOLDERS = tuple(f"{TRAIN}{letter}" for letter in LETTERS)


def domain_names(config: TrainConfig) -> tuple[str, str]:
    """Return what people call the two domains, source and target: classes, names of two data sets, or A and B."""
    if config.from_domain:
        return config.from_domain, config.to_domain
    if config.game == PAIRED:
        return ("B", "A") if config.to_domain == "A" else LETTERS
    names = [Path(name).stem if is_path(name) else name for name in config.datasets]
    return (names[0], names[1]) if len(set(names)) == 2 else LETTERS


def _folders_of(dataset: str) -> tuple[str, ...]:
    """Return the names of the folders of your images that are named as those of two domains; of most there are none.

    Raises:
        GancliError: the images cannot be found.
    """
    labels = set() if not is_path(dataset) else {one.label for one in find_images(Path(dataset)).files}
    if not labels.issuperset(FOLDERS):
        return ()
    tests = tuple(f"{TEST}{letter}" for letter in LETTERS)
    return (*FOLDERS, *tests) if labels.issuperset(tests) else FOLDERS


def refuse_two(dataset: Dataset, game: str) -> None:
    """Raise a UsageError if a data set holds the two domains of a translation, and the game takes one."""
    if is_path(dataset.name) and set(dataset.classes).issuperset(FOLDERS):
        raise UsageError(
            f"'{dataset.name}' holds two domains, {' and '.join(FOLDERS)}, and --game {game} takes one. "
            f"Take --game cycle, or give the folder of one domain."
        )


def load_two(config: TrainConfig, data_dir: Path | None, listener: Reporter) -> tuple[Dataset, Dataset]:
    """Load the training images of domains A and B, each with its other splits beside it.

    Folders ``testA`` and ``testB`` are both the validation and the test split; without them, and of two data sets,
    images are held out as of any data set.

    Gray images beside color ones become color images of the same look.

    Raises:
        UsageError: there are no two domains, or their images differ in shape.
        GancliError: the data cannot be had.
    """
    opened = _open(config, data_dir, Aside(listener))
    a, b = (one.split("train") for one in opened)
    for one in (a, b):
        if not one.is_images:
            raise UsageError(f"--game {config.game} is for images; data set '{one.name}' holds points.")
    if a.shape[:2] == b.shape[:2] and {a.shape[-1], b.shape[-1]} == {1, 3}:
        a, b = (
            _in_color(its).split("train") if one.shape[-1] == 1 else one
            for one, its in zip((a, b), opened, strict=True)
        )
    if a.shape != b.shape:
        raise UsageError(
            f"the images of '{a.name}' are {show_shape(a.shape)}, and those of '{b.name}' {show_shape(b.shape)}. "
            f"Give --resolution and --channels that are for both."
        )
    parts = (
        f"{name} {len(one):,} images to train on, {len(one.other('test')):,} to test"
        for name, one in zip(domain_names(config), (a, b), strict=True)
    )
    listener.status(f"two domains of {show_shape(a.shape)}: {'; '.join(parts)}")
    return a, b


def _open(config: TrainConfig, data_dir: Path | None, listener: Reporter) -> tuple[OpenDataset, OpenDataset]:
    dataset, framing = config.dataset, framing_of(config)
    if config.from_domain:
        if not config.to_domain:
            raise UsageError(f"--from {config.from_domain} needs --to, the class that is domain B.")
        return _classes(open_dataset(dataset, data_dir, framing, listener), config)
    folders = _folders_of(dataset)
    if config.to_domain:
        if folders:
            first, second = FOLDERS
            raise UsageError(
                f"--to {config.to_domain} names domain B, and '{dataset}' holds both, {first} and {second}. Leave it "
                f"out, or give --from {second} --to {first} for the other direction."
            )
        return (
            open_dataset(dataset, data_dir, framing, listener),
            open_dataset(config.to_domain, data_dir, framing if is_path(config.to_domain) else None, listener),
        )
    if not folders:
        raise UsageError(
            f"--game {config.game} needs two domains, and '{dataset}' is one. Name the other with --to, or two of its "
            f"classes with --from and --to; or give a folder that holds {' and '.join(FOLDERS)}."
        )
    tested = len(folders) > len(FOLDERS)
    whole = open_dataset(dataset, data_dir, replace(framing, held_out=0.0) if tested else framing, listener)
    first, second = (_folder(whole, letter, tested=tested) for letter in LETTERS)
    return first, second


def _in_color(whole: OpenDataset) -> OpenDataset:
    """Return a data set of gray images with three equal channels."""
    reads: Callable[..., Arrays] = whole.read

    def read(split: str, fold: int = 0) -> Arrays:
        examples, labels = reads(split, fold)
        return np.repeat(examples, 3, axis=-1), labels

    return replace(whole, read=read)


def _short(dataset: str) -> str:
    """Return the name of a data set without the folders above."""
    return Path(dataset).name if is_path(dataset) else dataset


def _folder(whole: OpenDataset, letter: str, *, tested: bool) -> OpenDataset:
    name = f"{_short(whole.name)}/{letter}"
    train = of_class(whole, f"{TRAIN}{letter}", name)
    return _split_by(name, train, of_class(whole, f"{TEST}{letter}", name)) if tested else train


def _classes(whole: OpenDataset, config: TrainConfig) -> tuple[OpenDataset, OpenDataset]:
    names = (config.from_domain, config.to_domain)
    labels = [find(whole.classes, name) for name in names]
    if labels[0] == labels[1]:
        raise UsageError(f"--from {names[0]} and --to {names[1]} are one class. Name two.")
    first, second = (
        of_class(whole, whole.classes[label], f"{_short(whole.name)}/{name}")
        for name, label in zip(names, labels, strict=True)
    )
    return first, second


def of_class(whole: OpenDataset, label: str, name: str) -> OpenDataset:
    """Return the examples of one class as a data set of that name without classes; they are copied into memory."""
    wanted = whole.classes.index(label)
    reads: Callable[..., Arrays] = whole.read
    find = whole.files

    def read(split: str, fold: int = 0) -> Arrays:
        examples, labels = reads(split, fold)
        rows = np.flatnonzero(labels == wanted)
        return np.asarray(examples[rows]), np.zeros(len(rows), np.int32)

    def files(split: str) -> list[Seen]:
        assert find is not None, "it is asked for where there is one"
        return [one for one in find(split) if one.file.label == label]

    return OpenDataset(name, (), read, files=files if find else None)


def _split_by(name: str, train: OpenDataset, test: OpenDataset) -> OpenDataset:
    """Return a data set that trains on all of one; all of the other is both the validation and the test split."""

    def of(split: str) -> OpenDataset:
        return train if split == "train" else test

    def files(split: str) -> list[Seen]:
        find = of(split).files
        assert find is not None, "both have files, or none"
        return find("train")

    return OpenDataset(
        name, (), lambda split, fold=0: of(split).read("train", fold), files=files if train.files else None
    )
