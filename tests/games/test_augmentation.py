"""Random changes of images: what they may do, what they leave, and that gradients pass."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.games.augmentation import augmented, color, cutout, translation
from gancli.games.augmentations import AUGMENTATIONS

X = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (64, 8, 12, 3)), jnp.float32)
KEY = jax.random.key(3)


def test_a_translated_image_is_one_of_the_shifts_with_gray_coming_in():
    """Eighths of 8 and 12 pixels are 1 and, rounded, 2: fifteen shifts, all of which occur."""
    moved = np.asarray(translation(X, KEY, True))
    padded = np.pad(X, [(0, 0), (1, 1), (2, 2), (0, 0)], constant_values=0.5)
    shifts = [(down, right) for down in range(3) for right in range(5)]
    found = set()
    for image, source in zip(moved, padded, strict=True):
        (match,) = [at for at in shifts if np.array_equal(image, source[at[0] : at[0] + 8, at[1] : at[1] + 12])]
        found.add(match)
    assert len(found) == 15


def test_cutting_out_hides_a_square_of_half_the_sides_or_what_of_it_is_inside():
    cut = np.asarray(cutout(X, KEY, False))
    changed = (cut != np.asarray(X)).all(-1)
    np.testing.assert_array_equal(cut[changed], 0.0)
    np.testing.assert_array_equal(cut[~changed], np.asarray(X)[~changed])
    for hidden in changed:
        rows, columns = np.flatnonzero(hidden.any(1)), np.flatnonzero(hidden.any(0))
        assert hidden.sum() == len(rows) * len(columns)  # a rectangle
        assert 2 <= len(rows) <= 4
        assert 3 <= len(columns) <= 6
    assert {hidden.sum() for hidden in changed} >= {24}
    np.testing.assert_array_equal(np.asarray(cutout(X, KEY, True))[changed], 0.5)


def test_colors_change_by_no_more_than_they_may():
    """Gray images stay gray; their mean moves by a quarter at most, their deviation by half."""
    gray = jnp.repeat(X[..., :1], 3, axis=-1)
    changed = color(gray, KEY, True)
    np.testing.assert_allclose(changed, jnp.broadcast_to(changed[..., :1], changed.shape), atol=1e-6)
    moved = np.asarray(changed.mean((1, 2, 3)) - gray.mean((1, 2, 3)))
    assert -0.25 <= moved.min() < -0.15
    assert 0.15 < moved.max() <= 0.25
    ratio = np.asarray(changed.std((1, 2, 3)) / gray.std((1, 2, 3)))
    assert 0.5 <= ratio.min() < 0.65
    assert 1.35 < ratio.max() <= 1.5
    wider = np.asarray(color(gray, KEY, False).mean((1, 2, 3)) - gray.mean((1, 2, 3)))
    np.testing.assert_allclose(wider, 2 * moved, atol=1e-6)


def test_saturation_keeps_what_is_gray_of_a_color():
    changed = np.asarray(color(X, KEY, True))
    shown, plain = changed - changed.mean(-1, keepdims=True), np.asarray(X) - np.asarray(X).mean(-1, keepdims=True)
    factors = (shown * plain).sum((1, 2, 3)) / (plain**2).sum((1, 2, 3))
    np.testing.assert_allclose(shown, factors[:, None, None, None] * plain, atol=1e-5)
    assert 0 <= factors.min() < 0.3
    assert 1.7 < factors.max() <= 3.0  # twofold, and contrast


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_image_has_changes_of_its_own_the_same_for_the_same_key(name):
    same = jnp.broadcast_to(X[:1], X.shape)
    changed = augmented(same, (name,), KEY, bounded=True)
    assert len(np.unique(np.asarray(changed).reshape(64, -1), axis=0)) > 10
    np.testing.assert_array_equal(changed, augmented(same, (name,), KEY, bounded=True))
    assert not np.array_equal(changed, augmented(same, (name,), jax.random.key(4), bounded=True))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_gradients_pass_as_through_the_linear_map_that_a_change_is(name):
    """For fixed draws a change is affine: its derivative along any direction is a difference of two images."""
    direction = jnp.asarray(np.random.default_rng(1).normal(size=X.shape), jnp.float32)

    def change(x):
        return augmented(x, (name,), KEY, bounded=True)

    y, back = jax.vjp(change, X)
    weight = jnp.cos(jnp.arange(y.size)).reshape(y.shape)
    difference = change(X + direction) - y
    assert float(jnp.vdot(back(weight)[0], direction)) == pytest.approx(float(jnp.vdot(weight, difference)), abs=2e-2)


def test_several_follow_one_another():
    both = augmented(X, ("translation", "cutout"), KEY, bounded=True)
    first = translation(X, jax.random.fold_in(KEY, 0), True)
    np.testing.assert_array_equal(both, cutout(first, jax.random.fold_in(KEY, 1), True))
    np.testing.assert_array_equal(augmented(X, (), KEY, bounded=True), X)
