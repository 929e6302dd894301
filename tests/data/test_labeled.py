"""Which images are labeled: balanced draws, tables, and what is refused."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gancli.data.labeled import choose, draw_places
from gancli.data.load import load
from gancli.errors import GancliError, UsageError

LABELS = np.random.default_rng(0).integers(0, 4, 200).astype(np.int32)


@pytest.mark.parametrize("count", [4, 20, 30, 43])
def test_a_draw_is_balanced_and_has_no_image_twice(count):
    places = draw_places(LABELS, 4, count, seed=3)
    assert len(places) == len(set(places.tolist())) == count
    assert (np.diff(places) > 0).all()
    counts = np.bincount(LABELS[places], minlength=4)
    assert counts.max() - counts.min() <= 1


def test_equal_seeds_draw_equal_images_and_other_seeds_others():
    first, again, other = (draw_places(LABELS, 4, 20, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(first.tolist()) != set(other.tolist())


def test_every_image_is_as_likely_as_another_of_its_class():
    drawn = np.zeros(200)
    for seed in range(400):
        drawn[draw_places(LABELS, 4, 40, seed)] += 1
    for label in range(4):
        own = drawn[label == LABELS]
        share = 10 / len(own)
        assert np.abs(own / 400 - share).max() < 5 * np.sqrt(share * (1 - share) / 400)


def test_a_number_is_drawn_and_its_hash_is_of_the_places():
    digits = load("digits")
    chosen = choose("50", digits, 0)
    np.testing.assert_array_equal(chosen.labels, digits.labels[chosen.places])
    assert chosen.counts() == dict.fromkeys(digits.classes, 5)
    assert chosen.sha256 == choose("50", digits, 0).sha256 != choose("50", digits, 1).sha256


def table(folder: Path, text: str) -> str:
    path = folder / "some.csv"
    path.write_text(text)
    return str(path)


def test_a_table_names_places_and_classes(tmp_path):
    rows = "\n".join(f"{2 * label},{label}" for label in range(10))
    chosen = choose(table(tmp_path, f"place,class\n{rows}\n0,0\n"), load("digits"), 0)
    assert chosen.places.tolist() == list(range(0, 20, 2))
    assert chosen.labels.tolist() == list(range(10))


def test_a_table_names_files_of_your_images(tmp_path):
    digits = load("digits")
    names = [f"{place:04d}.png" for place in range(len(digits))]
    rows = "\n".join(f"{names[place]},{digits.labels[place]}" for place in range(60))
    files: Any = [SimpleNamespace(file=SimpleNamespace(name=name)) for name in names]
    opened = digits.opened and replace(digits.opened, files=lambda split: files if split == "train" else [])
    chosen = choose(table(tmp_path, rows), replace(digits, opened=opened), 0)
    assert chosen.places.tolist() == list(range(60))
    np.testing.assert_array_equal(chosen.labels, digits.labels[:60])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,0\n0,1\n", "--labels {path} gives '0' two classes."),
        ("0,0\n", "--labels {path} has no image of class '1'. Each class needs one."),
        ("x.png,0\n", "--labels {path} names 'x.png', which is no training image of 'digits'. Give its place, from 0."),
        ("0\n", "{path} must have an image and its class in every row, see row 1."),
        ("", "{path} has no row of an image and its class."),
    ],
)
def test_tables_that_say_nothing_clear_are_refused(text, message, tmp_path):
    path = table(tmp_path, text)
    with pytest.raises(GancliError) as error:
        choose(path, load("digits"), 0)
    assert str(error.value) == message.format(path=path)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("ten", "--labels must be a whole number or a table FILE.csv, got 'ten'."),
        ("9", "--labels must be at least 10, one for each class, got 9."),
        (
            "1297",
            "--labels 1297 takes 129 images of each class, and class 0 (from 0) has 128. Take fewer.",
        ),
    ],
)
def test_numbers_that_cannot_be_are_refused(labels, message):
    with pytest.raises(UsageError) as error:
        choose(labels, load("digits"), 0)
    assert str(error.value) == message
