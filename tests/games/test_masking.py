"""Masks: what is observed, and how often."""

import jax
import numpy as np
import pytest

from gancli.games.masking import NOTHING, draw_masks
from gancli.games.masks import MASKS

KEY = jax.random.key(0)


def draw(names, count=2000, sides=(8, 8), nothing=0.0):
    return np.asarray(draw_masks(names, KEY, count, sides, nothing))


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("left", (slice(None), slice(0, 4))),
        ("right", (slice(None), slice(4, 8))),
        ("top", (slice(0, 4), slice(None))),
        ("bottom", (slice(4, 8), slice(None))),
        ("center", (slice(2, 6), slice(2, 6))),
    ],
)
def test_a_mask_that_is_not_random_hides_what_its_name_says(name, hidden):
    wanted = np.ones((8, 8), bool)
    wanted[hidden] = False
    assert (draw((name,), 3) == wanted).all()


def test_half_is_each_of_the_four_halves_as_often():
    masks = draw(("half",))
    kinds = [draw((name,), 1)[0] for name in ("left", "right", "top", "bottom")]
    shares = [(masks == kind).all(axis=(1, 2)).mean() for kind in kinds]
    assert sum(shares) == 1
    np.testing.assert_allclose(shares, 0.25, atol=5 * (0.25 * 0.75 / len(masks)) ** 0.5)


def test_a_block_is_a_rectangle_a_quarter_to_three_quarters_of_each_side_anywhere():
    hidden = ~draw(("block",))
    rows, columns = hidden.any(axis=2), hidden.any(axis=1)
    assert (hidden == np.einsum("nr,nc->nrc", rows, columns)).all()
    for places in (rows, columns):
        sizes = places.sum(axis=1)
        assert set(sizes) == set(range(2, 7))
        assert (np.abs(np.diff(places.astype(int), axis=1)).sum(axis=1) <= 2).all()  # no gap
        assert places.any(axis=0).all()


def test_pixels_are_independent_at_a_rate_that_is_uniform():
    shares = draw(("pixels",), sides=(30, 30)).mean(axis=(1, 2))
    np.testing.assert_allclose(np.quantile(shares, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.04)
    # Of five coordinates every number from none to all is observed as often: the integral of a binomial over its rate.
    counts = np.bincount(draw(("pixels",), 6000, (5,)).sum(axis=1), minlength=6) / 6000
    np.testing.assert_allclose(counts, 1 / 6, atol=5 * (5 / 36 / 6000) ** 0.5)


def test_kinds_are_as_often_and_some_questions_observe_nothing():
    masks = draw(("left", "top"), 4000, nothing=NOTHING)
    left, top = (draw((name,), 1)[0] for name in ("left", "top"))
    shares = [(masks == kind).all(axis=(1, 2)).mean() for kind in (left, top, np.zeros((8, 8), bool))]
    assert sum(shares) == 1
    np.testing.assert_allclose(shares, [0.475, 0.475, 0.05], atol=5 * (0.25 / 4000) ** 0.5)


@pytest.mark.parametrize("sides", [(1,), (2,), (5,), (7, 4)])
@pytest.mark.parametrize("name", MASKS)
def test_each_takes_points_and_images_of_any_size(name, sides):
    masks = draw((name,), 50, sides)
    assert masks.shape == (50, *sides)
    assert not masks.all(axis=tuple(range(1, masks.ndim))).all()
