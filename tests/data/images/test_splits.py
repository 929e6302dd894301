"""Which images are held out: shares of classes."""

import numpy as np
import pytest

from gancli.data.images.splits import split_rows


def labels(*counts, seed=0):
    """Return the labels of so many images of each class, mixed as by hashes."""
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))


def sizes(found, held_out):
    """Return how many images of each class are in validation, test and train, as rows."""
    parts = split_rows(found, held_out)
    assert list(parts) == ["validation", "test", "train"]
    assert np.sort(np.concatenate(list(parts.values()))).tolist() == list(range(len(found)))
    assert all((np.diff(rows) > 0).all() for rows in parts.values())
    return [np.bincount(found[rows], minlength=found.max() + 1).tolist() for rows in parts.values()]


@pytest.mark.parametrize(
    ("counts", "held_out", "validation", "test"),
    [
        ((40, 40, 1), 0.1, [2, 2, 0], [2, 2, 0]),
        ((40, 20), 0.1, [2, 1], [2, 1]),
        ((400, 60, 20), 0.1, [20, 3, 1], [20, 3, 1]),
        ((40, 40, 12), 0.1, [2, 2, 0], [2, 2, 0]),
        ((19,), 0.1, [0], [0]),
        ((10, 10, 10), 0.0, [0, 0, 0], [0, 0, 0]),
        ((10, 10), 0.5, [3, 2], [2, 3]),
        ((1, 1, 1, 1), 0.5, [0, 0, 0, 0], [0, 0, 0, 0]),
        ((1, 2, 3), 0.5, [0, 1, 0], [0, 0, 1]),
    ],
)
def test_every_class_holds_out_its_share(counts, held_out, validation, test):
    found = labels(*counts)
    assert [sorted(part) for part in sizes(found, held_out)[:2]] == [sorted(validation), sorted(test)]
    if len(set(counts)) == len(counts):
        assert sizes(found, held_out)[:2] == [validation, test] or counts == (1, 2, 3)


def test_small_classes_hold_out_together_what_each_is_too_small_for():
    validation, test, train = sizes(labels(*[10] * 10), 0.1)
    assert (sum(validation), sum(test)) == (5, 5)
    assert train == [9] * 10


@pytest.mark.parametrize("held_out", [0.02, 0.1, 0.3, 0.5])
def test_no_class_is_far_from_its_share_and_none_gives_more_than_half(held_out):
    rng = np.random.default_rng(1)
    for _ in range(30):
        counts = rng.integers(1, 60, rng.integers(1, 9))
        parts = np.array(sizes(labels(*counts), held_out))
        held = parts[0] + parts[1]
        assert (np.abs(parts[0] - parts[1]) <= 1).all()
        assert (held >= 2 * (counts * held_out / 2 - 1e-9).astype(int)).all()
        assert (held < counts * held_out + 1).all()
        assert (2 * held <= counts).all()
        assert (parts[2] > 0).all()
        assert parts[0].sum() <= len(labels(*counts)) * held_out / 2 + 1


def test_without_classes_the_first_are_held_out():
    parts = split_rows(np.zeros(65, int), 0.1)
    assert parts["validation"].tolist() == [0, 1, 2]
    assert parts["test"].tolist() == [3, 4, 5]
    assert parts["train"].tolist() == list(range(6, 65))


def test_the_numbers_of_the_classes_do_not_matter():
    found = labels(30, 17, 9, 9, 9, 4)
    other = np.array([3, 5, 0, 4, 1, 2])[found]
    for one, same in zip(split_rows(found, 0.1).values(), split_rows(other, 0.1).values(), strict=True):
        np.testing.assert_array_equal(one, same)
