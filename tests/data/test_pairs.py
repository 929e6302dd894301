"""Pairs of images: side by side, or in two folders; splits by folders or by share; either way round."""

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gancli.config import TrainConfig
from gancli.data.pairs import both_domains, load_pairs, sides
from gancli.errors import UsageError
from gancli.reporting import Silence

SIDE = 16


def halves(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image and its translation, which both say their number."""
    one, other = (np.full((SIDE, SIDE, 3), value, np.uint8) for value in (number, 200 - number))
    one[..., 0], other[..., 0] = 1, 2
    return one, other


def write_wide(folder: Path, numbers: range) -> None:
    folder.mkdir(parents=True)
    for number in numbers:
        Image.fromarray(np.concatenate(halves(number), axis=1)).save(folder / f"{number}.png")


@pytest.fixture
def wide(tmp_path) -> Path:
    for name, numbers in (("train", range(8)), ("val", range(20, 23)), ("test", range(40, 45))):
        write_wide(tmp_path / "wide" / name, numbers)
    return tmp_path / "wide"


def pairs_of(folder: Path, **changes: Any):
    config = TrainConfig(dataset=str(folder), game="paired", resolution=SIDE)
    return load_pairs(dataclasses.replace(config, **changes), None, Silence())


def numbers(dataset) -> list[int]:
    """Return the numbers of pairs, after looking whether both images have the same."""
    one, other = (part.examples[:, 0, 0] for part in sides(dataset))
    assert set(one[:, 0]) | set(other[:, 0]) <= {1, 2}
    assert (one[:, 0] != other[:, 0]).all()
    left, right = (one, other) if one[0, 0] == 1 else (other, one)
    np.testing.assert_array_equal(left[:, 1].astype(int), 200 - right[:, 1].astype(int))
    return sorted(left[:, 1].tolist())


def test_images_side_by_side_are_taken_together_and_their_folders_are_the_splits(wide):
    train = pairs_of(wide)
    assert train.shape == (SIDE, SIDE, 6)
    found = {split: numbers(train.other(split)) for split in ("train", "validation", "test")}
    assert found == {"train": list(range(8)), "validation": [20, 21, 22], "test": list(range(40, 45))}
    source, target = both_domains({"data": train})
    assert set(source.examples[..., 0].ravel()) == {1}
    assert set(target.examples[..., 0].ravel()) == {2}


def test_the_other_way_round_the_right_image_is_translated(wide):
    source, target = sides(pairs_of(wide, to_domain="A"))
    assert (set(source.examples[..., 0].ravel()), set(target.examples[..., 0].ravel())) == ({2}, {1})
    assert numbers(pairs_of(wide, to_domain="A").other("test")) == list(range(40, 45))


def test_two_folders_with_equal_names_are_the_same_pairs(wide, tmp_path):
    for split, count in (("train", range(8)), ("val", range(20, 23)), ("test", range(40, 45))):
        for place, letter in enumerate("AB"):
            folder = tmp_path / "two" / letter / split
            folder.mkdir(parents=True)
            for number in count:
                ending = "png" if place else "bmp"  # names are equal without their endings
                Image.fromarray(halves(number)[place]).save(folder / f"{number}.{ending}")
    one, other = pairs_of(wide), pairs_of(tmp_path / "two")
    for split in ("train", "validation", "test"):
        assert numbers(one.other(split)) == numbers(other.other(split))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as file:
        for path in (tmp_path / "two").rglob("*.*"):
            file.write(path, path.relative_to(tmp_path))
    assert pairs_of(tmp_path / "two.zip").fingerprint == other.fingerprint


def test_without_folders_of_splits_a_share_is_held_out(tmp_path):
    write_wide(tmp_path / "flat", range(20))
    train = pairs_of(tmp_path / "flat", held_out=0.2)
    assert [len(train.other(split)) for split in ("train", "validation", "test")] == [16, 2, 2]


def test_a_crop_is_that_of_both_images(tmp_path):
    (tmp_path / "big").mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        image = rng.integers(0, 256, (SIDE, 2 * SIDE, 3), np.uint8)
        Image.fromarray(np.concatenate([image, 255 - image], axis=1)).save(tmp_path / "big" / f"{number}.png")
    source, target = sides(pairs_of(tmp_path / "big", crop="random", held_out=0.0))
    np.testing.assert_array_equal(source.examples, 255 - target.examples)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "digits"}, "--game paired is for your own pairs of images; data set 'digits' has none."),
        ({"to_domain": "C"}, "--to must be A or B with --game paired, got 'C'."),
    ],
    ids=str,
)
def test_what_is_no_pair_is_refused(wide, changes, message):
    with pytest.raises(UsageError) as caught:
        pairs_of(wide, **changes)
    assert str(caught.value).startswith(message)


def test_images_without_a_partner_are_named(tmp_path):
    for letter, count in (("A", 3), ("B", 2)):
        (tmp_path / "set" / letter).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(halves(number)[0]).save(tmp_path / "set" / letter / f"{number}.png")
    with pytest.raises(UsageError) as caught:
        pairs_of(tmp_path / "set")
    assert str(caught.value).startswith(f"A/2.png in '{tmp_path / 'set'}' has no partner of that name in folder B.")


def test_square_images_are_no_pairs(tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(3):
        Image.fromarray(halves(number)[0]).save(tmp_path / "set" / f"{number}.png")
    with pytest.raises(UsageError, match=r"are no pairs: most are not wider than high\."):
        pairs_of(tmp_path / "set")
