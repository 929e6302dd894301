"""Digest and mean of large splits, which are read once."""

import json

import numpy as np
import pytest

from gancli.data import load, summaries
from gancli.data.images.decode import Framing
from gancli.data.load import Dataset
from gancli.data.summaries import NAME, keep_summary, kept_summary
from gancli.reporting import Silence
from tests.conftest import write_folder

IMAGES = np.random.default_rng(0).integers(0, 256, (2500, 4, 3, 2), np.uint8)


@pytest.fixture
def part(tmp_path, monkeypatch):
    """Rows 100 to 2300 of a file, which count as large."""
    monkeypatch.setattr(summaries, "LARGE", 1000)
    np.save(tmp_path / "images.npy", IMAGES)
    return np.load(tmp_path / "images.npy", mmap_mode="r")[100:2300]


def dataset(examples: np.ndarray) -> Dataset:
    return Dataset("some", "train", examples, np.zeros(len(examples), np.int32), ("all",))


def test_what_is_kept_is_what_reading_gives_bit_for_bit(part, monkeypatch):
    plain = dataset(np.array(part))
    expected = plain.fingerprint
    keep_summary(part, Silence())
    monkeypatch.setattr(load, "digest_of", None)  # nothing is read again
    assert dataset(part).fingerprint == expected
    np.testing.assert_array_equal(dataset(part).mean(), plain.mean())
    assert dataset(part).mean().dtype == np.float32


def test_each_part_of_a_file_has_its_own(part, tmp_path):
    other = np.load(tmp_path / "images.npy", mmap_mode="r")[:2200]
    keep_summary(part, Silence())
    assert kept_summary(other) is None
    keep_summary(other, Silence())
    assert len({dataset(one).fingerprint for one in (part, other)}) == 2
    assert dataset(other).fingerprint == dataset(np.array(other)).fingerprint
    assert kept_summary(part) is not None


def test_a_file_that_changed_is_read_again(part, tmp_path):
    keep_summary(part, Silence())
    changed = np.load(tmp_path / "images.npy", mmap_mode="r+")
    changed[200] = 255 - changed[200]
    changed.flush()
    assert kept_summary(part) is None
    assert dataset(part).fingerprint == dataset(np.array(part)).fingerprint
    keep_summary(part, Silence())
    assert kept_summary(part) is not None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"file": 1, "parts": 2}', "half", "wrong"])
def test_what_is_damaged_is_read_again(part, tmp_path, content):
    keep_summary(part, Silence())
    path = tmp_path / NAME
    about = json.loads(path.read_text())
    about["parts"] = {name: {"sha256": "0", "sums": [1]} for name in about["parts"]}
    path.write_text({"half": path.read_text()[:-9], "wrong": json.dumps(about)}.get(content, content))
    assert kept_summary(part) is None
    assert dataset(part).fingerprint == dataset(np.array(part)).fingerprint


def test_of_few_images_of_memory_and_of_parts_of_rows_nothing_is_kept(part, tmp_path, monkeypatch):
    for one in (np.array(part), part[..., :1]):
        keep_summary(one, Silence())
        assert kept_summary(one) is None
    monkeypatch.setattr(summaries, "LARGE", part.nbytes + 1)
    keep_summary(part, Silence())
    assert not (tmp_path / NAME).exists()


def test_your_images_are_read_once_after_they_were_prepared(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_folder(str(tmp_path / "images"), IMAGES[:40, ..., :1])
    framing = Framing(resolution=8)
    plain = load.load(str(tmp_path / "images"), framing=framing)
    assert not list(tmp_path.rglob(NAME))
    expected = plain.fingerprint, plain.mean()
    monkeypatch.setattr(summaries, "LARGE", plain.examples.nbytes)
    again = load.load(str(tmp_path / "images"), framing=framing)
    assert kept_summary(again.examples) is not None
    assert again.fingerprint == expected[0]
    np.testing.assert_array_equal(again.mean(), expected[1])
