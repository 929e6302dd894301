"""Global contrast normalization, there and back."""

import jax.numpy as jnp
import numpy as np
import pytest

from gancli.imaging.contrast import Contrast, normalize, restore

PIXELS = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), np.uint8)
IMAGES = (PIXELS / 255).astype(np.float32)


@pytest.mark.parametrize("convert", [np.asarray, jnp.asarray])
def test_every_image_has_mean_zero_and_the_length(convert):
    found = np.asarray(normalize(convert(IMAGES), 55.0).images)
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(np.sqrt((found**2).sum(axis=(1, 2, 3))), 55, rtol=1e-5)


def test_it_can_be_undone():
    np.testing.assert_allclose(restore(normalize(IMAGES, 55.0), 55.0), IMAGES, atol=1e-6)


def test_an_image_without_contrast_becomes_zeros_and_comes_back():
    flat = np.full((1, 4, 4, 3), 0.25, np.float32)
    found = normalize(flat, 55.0)
    np.testing.assert_array_equal(found.images, 0)
    np.testing.assert_array_equal(restore(found, 55.0), flat)


def test_samples_are_shown_with_the_typical_mean_and_length():
    contrast = Contrast.fit(55.0, PIXELS)
    centered = IMAGES - IMAGES.mean(axis=(1, 2, 3), keepdims=True)
    assert contrast.typical_mean == pytest.approx(IMAGES.mean(), rel=1e-5)
    assert contrast.typical_length == pytest.approx(np.sqrt((centered**2).sum(axis=(1, 2, 3))).mean(), rel=1e-5)
    shown = contrast.show(contrast.apply(IMAGES) / 4)  # a quarter of the contrast: nothing is clipped
    np.testing.assert_allclose(shown.mean(axis=(1, 2, 3)), contrast.typical_mean, rtol=1e-5)
    np.testing.assert_allclose(contrast.apply(shown), contrast.apply(IMAGES), atol=1e-3)
    extreme = contrast.show(contrast.apply(IMAGES) * 100)
    assert (extreme.min(), extreme.max()) == (0, 1)


def test_the_typical_image_does_not_depend_on_blocks(monkeypatch):
    whole = Contrast.fit(55.0, PIXELS)
    monkeypatch.setattr("gancli.imaging.contrast.BLOCK", 2)
    assert Contrast.fit(55.0, PIXELS) == whole
