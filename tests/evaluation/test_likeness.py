"""Images that are like those of training, and others."""

import numpy as np
import pytest

from gancli.evaluation.likeness import Likeness, read_likeness, write_likenesses


def smooth(count, seed, low=0):
    """Return images of four flat quarters."""
    return (
        np.random.default_rng(seed).integers(low, 256, (count, 2, 2, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    )


def noise(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), np.uint8)


@pytest.fixture(scope="module")
def known():
    return Likeness.fit(smooth(60, 0), smooth(40, 1))


def test_of_images_held_out_one_of_twenty_is_unlike_by_definition(known):
    assert (known.ratios(smooth(40, 1)) > 1).mean() == pytest.approx(0.05)
    assert known.features.shape == (60, 128)


def test_images_of_training_are_at_distance_zero_and_others_far(known):
    assert known.ratios(smooth(60, 0)).max() < 1e-3
    assert (known.ratios(noise(10, 2)) > 1).all()
    assert (known.ratios(smooth(40, 3)) > 1).mean() < 0.3


def test_where_nothing_is_held_out_training_images_are_compared_with_one_another():
    alone = Likeness.fit(smooth(60, 0), smooth(0, 1))
    assert alone.limit > 0
    assert (alone.ratios(noise(10, 2)) > 1).all()
    one = Likeness.fit(smooth(1, 0), smooth(0, 1))
    assert one.limit == 0
    assert (one.ratios(noise(1, 2)) > 1).all()


def test_what_is_kept_says_the_same_again(known, tmp_path):
    path = tmp_path / "likeness.npz"
    write_likenesses(path, {"a": known})
    again = read_likeness(path, "a")
    assert again is not None
    assert (again.side, again.limit) == (16, known.limit)
    np.testing.assert_allclose(again.ratios(noise(3, 2)), known.ratios(noise(3, 2)), rtol=1e-5)
    assert read_likeness(path, "b") is None
    assert read_likeness(tmp_path / "none.npz", "a") is None
    path.write_bytes(b"broken")
    assert read_likeness(path, "a") is None
