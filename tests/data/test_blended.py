"""MNIST-M: digits blended with photographs, the same crops every time."""

import numpy as np

from gancli.data.blended import blend
from gancli.data.load import load
from gancli.features.extractor import classifier, extract
from gancli.imaging.pixels import to_gray, to_uint8, to_unit
from tests.data.archives import IDX_FILES, trust, write_cifar_archive, write_idx_set


def test_an_image_is_the_difference_of_its_digit_and_a_crop():
    digits = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 1), np.uint8)
    photographs = np.random.default_rng(1).integers(0, 256, (3, 6, 5, 3), np.uint8)
    found = blend(digits, photographs, seed=2).astype(int)
    crops = [photo[top : top + 4, left : left + 4] for photo in photographs for top in range(3) for left in range(2)]
    places = []
    for digit, image in zip(digits.astype(int), found, strict=True):
        hits = [place for place, crop in enumerate(crops) if (np.abs(digit - crop) == image).all()]
        assert len(hits) == 1
        places += hits
    assert len(set(places)) > 10
    np.testing.assert_array_equal(found, blend(digits, photographs, seed=2))
    assert (found != blend(digits, photographs, seed=3)).any()


def test_black_digits_leave_the_photograph_and_white_ones_its_negative():
    photographs = np.random.default_rng(1).integers(0, 256, (1, 4, 4, 3), np.uint8)
    both = np.stack([np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 255, np.uint8)])
    np.testing.assert_array_equal(blend(both, photographs, 0), [photographs[0], 255 - photographs[0]])


def test_labels_are_those_of_the_digits_and_no_photograph_is_in_two_splits(tmp_path, monkeypatch):
    arrays = write_idx_set(tmp_path / "mnist")
    photographs = write_cifar_archive(tmp_path / "cifar-10-binary.tar.gz", count=4)
    trust(monkeypatch, "mnist", tmp_path / "mnist", num_train=50)
    trust(monkeypatch, "cifar10", tmp_path, num_train=16)
    train = load("mnist_m", "train", tmp_path)
    assert (len(train), train.shape, train.classes) == (50, (28, 28, 3), tuple("0123456789"))
    np.testing.assert_array_equal(train.labels, arrays[IDX_FILES[1]][:50])
    assert load("mnist_m", "train", tmp_path).fingerprint == train.fingerprint
    own = {"train": photographs[:16], "validation": photographs[16:], "test": photographs[16:]}
    for split, taken in own.items():
        one, digits = train.other(split), load("mnist", split, tmp_path)
        assert len(one) == len(digits)
        crops = np.concatenate([taken[:, y : y + 28, x : x + 28] for y in range(5) for x in range(5)]).astype(int)
        for image, digit in zip(one.examples[:3], digits.examples.astype(int), strict=False):
            assert (np.abs(digit - crops) == image).all(axis=(1, 2, 3)).sum() == 1


def test_a_classifier_of_digits_knows_hardly_any(mnist_dir):
    """It is right on 10.1 % of them with photographs of CIFAR-10; here large squares take their place."""
    test = load("mnist", "test", mnist_dir)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (50, 4, 4, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    images = blend(test.examples[:1000], noise, 0)
    found = extract(classifier("mnist"), [to_uint8(to_gray(to_unit(images)))], 1000)[1].argmax(axis=1)
    assert (found == test.labels[:1000]).mean() < 0.5
    plain = extract(classifier("mnist"), [test.examples[:1000]], 1000)[1].argmax(axis=1)
    assert (plain == test.labels[:1000]).mean() > 0.97
