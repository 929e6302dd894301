"""Stacked-MNIST: three digits in three channels, the same draws every time."""

import dataclasses

import numpy as np

from gancli.data.catalog import DATASETS
from gancli.data.kinds import Stacked
from gancli.data.load import load
from gancli.features import extractor
from tests.data.archives import IDX_FILES, trust, write_idx_set


def test_channels_are_images_of_the_base_and_labels_their_digits(tmp_path, monkeypatch):
    arrays = write_idx_set(tmp_path / "mnist")
    trust(monkeypatch, "mnist", tmp_path / "mnist", num_train=50)
    entry = DATASETS["stacked_mnist"]
    assert isinstance(entry, Stacked)
    monkeypatch.setitem(DATASETS._entries, "stacked_mnist", dataclasses.replace(entry, sizes=(200, 30, 40)))
    images, labels = arrays[IDX_FILES[0]][:50], arrays[IDX_FILES[1]][:50].astype(int)
    stacked = load("stacked_mnist", "train", tmp_path)
    assert stacked.shape == (28, 28, 3)
    assert len(stacked) == 200
    for image, label in zip(stacked.examples[:20], stacked.labels[:20], strict=True):
        rows = [int((images == image[..., channel]).all(axis=(1, 2)).argmax()) for channel in range(3)]
        for channel, row in enumerate(rows):
            np.testing.assert_array_equal(images[row], image[..., channel])
        assert label == 100 * labels[rows[0]] + 10 * labels[rows[1]] + labels[rows[2]]
    assert load("stacked_mnist", "train", tmp_path).fingerprint == stacked.fingerprint
    assert len(load("stacked_mnist", "test", tmp_path)) == 40


def test_its_thousand_classes_are_recognized(mnist_dir):
    test = load("stacked_mnist", "test", mnist_dir)
    _, logits = extractor.extract(extractor.classifier("mnist", 3), [test.examples[:2000]], 2000)
    assert logits.shape == (2000, 1000)
    assert (logits.argmax(axis=1) == test.labels[:2000]).mean() > 0.97
