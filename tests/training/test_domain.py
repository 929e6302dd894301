"""A set of examples as a game sees it."""

import jax
import jax.numpy as jnp
import numpy as np

from gancli.imaging.contrast import Contrast
from gancli.training.domain import Domain
from tests.playing import IMAGES

PLAIN = Domain("data", (4, 4, 1), True, 20, (2, 8))
NORMALIZED = Domain("data", (4, 4, 1), True, 20, (2, 8), contrast=Contrast.fit(3.0, IMAGES))
POINTS = Domain("data", (2,), False, 20, (8,))
CLASSES = Domain("data", (4, 4, 1), True, 20, (8,), class_counts=(7, 0, 13))


def test_images_are_bounded_unless_they_are_normalized():
    assert [one.bounded for one in (PLAIN, NORMALIZED, POINTS)] == [True, False, False]


def test_a_step_takes_as_many_rows_as_its_axes_say():
    assert [one.rows_per_step for one in (PLAIN, POINTS)] == [16, 8]


def test_pixels_become_the_models_range_and_come_back():
    np.testing.assert_allclose(PLAIN.to_model(jnp.asarray(IMAGES)), IMAGES / np.float32(255), atol=1e-6)
    assert NORMALIZED.contrast is not None
    expected = NORMALIZED.contrast.apply(IMAGES / np.float32(255))
    np.testing.assert_allclose(NORMALIZED.to_model(jnp.asarray(IMAGES)), expected, atol=1e-5)
    shown = NORMALIZED.show(NORMALIZED.to_model(jnp.asarray(IMAGES)))
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1
    np.testing.assert_allclose(NORMALIZED.to_model(shown).std(), expected.std(), rtol=0.2)
    points = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    np.testing.assert_array_equal(POINTS.show(POINTS.to_model(points)), points)


def test_labels_are_one_hot_where_something_is_class_conditional():
    assert (CLASSES.num_classes, PLAIN.num_classes) == (3, 0)
    np.testing.assert_array_equal(CLASSES.one_hot(jnp.array([[2, 0]])), [[[0, 0, 1], [1, 0, 0]]])
    assert PLAIN.one_hot(jnp.array([2, 0])) is None


def test_equal_ones_are_one_key_of_compiled_programs():
    assert hash(PLAIN) == hash(Domain("data", (4, 4, 1), True, 20, (2, 8)))
    assert len({PLAIN, NORMALIZED, POINTS, CLASSES}) == 4
    assert jax.jit(lambda domain: domain.rows_per_step, static_argnums=0)(CLASSES) == 8
