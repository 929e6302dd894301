"""Two sets of images: folders, two data sets, two classes; what is held out, and what is no pair of domains."""

import dataclasses
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.config import TrainConfig
from gancli.data.load import load
from gancli.data.two_domains import domain_names, load_two, refuse_two
from gancli.errors import UsageError
from gancli.reporting import Silence


@pytest.fixture
def folder(tmp_path):
    """A data set for translation, whose images say by their colors where they are from."""
    for place, (name, count) in enumerate({"trainA": 20, "trainB": 30, "testA": 3, "testB": 4}.items()):
        write(tmp_path / "set" / name, count, place)
    return tmp_path / "set"


def write(folder: Path, count: int, red: int, channels: int = 3, side: int = 16) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        image = np.full((side, side, channels), number, np.uint8)
        image[..., 0] = red
        Image.fromarray(image if channels > 1 else image[..., 0]).save(folder / f"{number}.png")


def two(dataset, **changes):
    config = TrainConfig(dataset=str(dataset), game="cycle")
    return load_two(dataclasses.replace(config, **changes), None, Silence())


def counted(dataset):
    return {split: len(dataset.other(split)) for split in ("train", "validation", "test")}


def reds(dataset):
    return set(np.unique(dataset.examples[..., 0]).tolist())


def test_the_folders_of_the_convention_are_the_domains_and_their_test_images_are_held_out(folder):
    a, b = two(folder)
    assert counted(a) == {"train": 20, "validation": 3, "test": 3}
    assert counted(b) == {"train": 30, "validation": 4, "test": 4}
    assert (reds(a), reds(b)) == ({0}, {1})
    assert (reds(a.other("test")), reds(b.other("test"))) == ({2}, {3})
    assert a.shape == (16, 16, 3)
    assert len({a.fingerprint, b.fingerprint}) == 2


def test_a_zip_of_the_folder_above_is_the_same_data(folder, tmp_path):
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*.png"):
            file.write(path, path.relative_to(tmp_path))
    assert [one.fingerprint for one in two(archive)] == [one.fingerprint for one in two(folder)]


def check_names(domains, above):
    """Check the names of the files of images whose second color is their number."""
    for split, folders in above.items():
        for domain, place in zip(domains, folders, strict=True):
            found = domain.other(split)
            numbers = found.examples[:, 0, 0, 1]
            assert len(found)
            assert [one.file.name for one in found.files()] == [
                str(Path(place) / f"{number}.png") for number in numbers
            ]


def test_the_files_of_images_stand_in_the_order_of_the_images(folder):
    """Every image says by its colors where it is from, and which it is."""
    check_names(two(folder), {"train": ("trainA", "trainB"), "test": ("testA", "testB")})
    check_names(
        two(folder, from_domain="trainB", to_domain="trainA", held_out=0.2),
        dict.fromkeys(("train", "test"), ("trainB", "trainA")),
    )
    for name in ("testA", "testB"):
        shutil.rmtree(folder / name)
    check_names(two(folder, held_out=0.2), dict.fromkeys(("train", "test"), ("trainA", "trainB")))
    apart = two(folder / "trainA", to_domain=str(folder / "trainB"), held_out=0.2)
    check_names(apart, dict.fromkeys(("train", "test"), ("", "")))
    assert two("digits", to_domain="digits")[0].files() is None


def test_it_is_said_in_one_line_what_there_is(folder):
    heard = []
    listener = Silence()
    listener.status = heard.append  # pyright: ignore[reportAttributeAccessIssue]
    load_two(TrainConfig(dataset=str(folder), game="cycle"), None, listener)
    assert heard == ["two domains of 16x16x3: A 20 images to train on, 3 to test; B 30 images to train on, 4 to test"]


def test_without_test_folders_a_share_of_each_domain_is_held_out(folder):
    for name in ("testA", "testB"):
        shutil.rmtree(folder / name)
    a, b = two(folder, held_out=0.2)
    assert counted(a) == {"train": 16, "validation": 2, "test": 2}
    assert counted(b) == {"train": 24, "validation": 3, "test": 3}


def test_two_folders_each_with_held_out_images_of_its_own(folder):
    a, b = two(folder / "trainA", to_domain=str(folder / "trainB"), held_out=0.2)
    assert (counted(a)["train"], counted(b)["train"]) == (16, 24)
    assert (reds(a), reds(b.other("test"))) == ({0}, {1})


def test_two_classes_of_a_folder_or_of_a_data_set(folder):
    a, b = two(folder, from_domain="testB", to_domain="trainA", held_out=0.0)
    assert (len(a), reds(a), len(b), reds(b)) == (4, {3}, 20, {0})
    a, b = two("digits", from_domain="3", to_domain="8")
    digits = load("digits")
    for one, label in ((a, 3), (b, 8)):
        np.testing.assert_array_equal(one.examples, digits.examples[digits.labels == label])
        assert len(one.other("validation")) > 0


def test_a_data_set_by_name_against_another():
    a, b = two("digits", to_domain="digits")
    assert a.fingerprint == b.fingerprint


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ("A", "B")),
        ({"from_domain": "horse", "to_domain": "zebra"}, ("horse", "zebra")),
        ({"dataset": "/data/horses", "to_domain": "/data/zebras.zip"}, ("horses", "zebras")),
        ({"dataset": "/a/train", "to_domain": "/b/train"}, ("A", "B")),
        ({"dataset": "mnist", "to_domain": "digits"}, ("mnist", "digits")),
    ],
    ids=str,
)
def test_people_call_domains_by_class_or_data_set(changes, names):
    assert domain_names(dataclasses.replace(TrainConfig(dataset="digits", game="cycle"), **changes)) == names


def test_one_domain_is_refused(folder):
    with pytest.raises(UsageError) as caught:
        two(folder / "trainA")
    assert str(caught.value) == (
        f"--game cycle needs two domains, and '{folder / 'trainA'}' is one. Name the other with --to, or two of its "
        f"classes with --from and --to; or give a folder that holds trainA and trainB."
    )


@pytest.mark.parametrize("named", ["A", "./zebras", "mnist"])
def test_a_second_domain_beside_both_is_refused_with_the_way_to_turn_them_round(folder, named):
    with pytest.raises(UsageError) as caught:
        two(folder, to_domain=named)
    assert str(caught.value) == (
        f"--to {named} names domain B, and '{folder}' holds both, trainA and trainB. Leave it out, or give "
        f"--from trainB --to trainA for the other direction."
    )


def test_two_domains_are_refused_by_a_game_that_takes_one(folder):
    with pytest.raises(UsageError) as caught:
        refuse_two(load(str(folder)), "adversarial")
    assert str(caught.value) == (
        f"'{folder}' holds two domains, trainA and trainB, and --game adversarial takes one. "
        f"Take --game cycle, or give the folder of one domain."
    )
    refuse_two(load(str(folder / "trainA")), "adversarial")


def test_images_of_different_shapes_are_refused(folder, tmp_path):
    write(tmp_path / "gray", 10, 0, channels=1, side=24)
    with pytest.raises(UsageError) as caught:
        two(folder / "trainA", to_domain=str(tmp_path / "gray"))
    assert str(caught.value) == (
        f"the images of '{folder / 'trainA'}' are 16x16x3, and those of '{tmp_path / 'gray'}' 24x24x1. "
        f"Give --resolution and --channels that are for both."
    )


def test_gray_images_beside_color_ones_become_color_images(folder, tmp_path):
    write(tmp_path / "gray", 20, 7, channels=1)
    a, b = two(folder / "trainA", to_domain=str(tmp_path / "gray"))
    assert (a.shape, b.shape) == ((16, 16, 3), (16, 16, 3))
    for one in (b, b.other("validation"), b.other("test")):
        assert len(one)
        np.testing.assert_array_equal(one.examples, np.full((len(one), 16, 16, 3), 7))
    alone = load(str(tmp_path / "gray"))
    np.testing.assert_array_equal(b.examples[..., :1], alone.examples)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"from_domain": "3"}, "--from 3 needs --to, the class that is domain B."),
        ({"from_domain": "3", "to_domain": "3"}, "--from 3 and --to 3 are one class. Name two."),
        ({"from_domain": "3", "to_domain": "x"}, "unknown class 'x'. Known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9."),
        ({"to_domain": "ring"}, "--game cycle is for images; data set 'ring' holds points."),
    ],
    ids=str,
)
def test_what_names_no_two_sets_of_images_is_refused(changes, message):
    with pytest.raises(UsageError) as caught:
        two("digits", **changes)
    assert str(caught.value) == message
