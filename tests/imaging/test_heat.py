"""Colors over images."""

import numpy as np

from gancli.imaging.heat import OPACITY, heated

IMAGE = np.full((2, 3, 3), 100, np.uint8)


def test_the_least_is_blue_and_the_most_is_red_on_any_scale():
    heat = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]], np.float32)
    found = heated(IMAGE, heat)
    assert found.shape == (2, 3, 3)
    assert (found >= 0).all()
    assert (found <= 1).all()
    red, green, blue = np.moveaxis(found, -1, 0)
    assert blue[0, 0] > red[0, 0]
    assert red[0, 2] > blue[0, 2]
    assert green[0, 1] > max(red[0, 1], blue[0, 1]) - 0.1
    np.testing.assert_allclose(heated(IMAGE, 5 * heat - 3), found, atol=1e-6)


def test_the_image_is_seen_through_it_in_gray():
    flat = np.zeros((2, 3), np.float32)  # nothing is more than anything else
    dark, bright = (heated(np.full((2, 3, channels), value, np.uint8), flat) for channels, value in ((1, 0), (3, 255)))
    np.testing.assert_allclose(bright - dark, 1 - OPACITY, atol=1e-3)
    with_alpha = np.concatenate([IMAGE, np.zeros((2, 3, 1), np.uint8)], axis=-1)
    np.testing.assert_array_equal(heated(with_alpha, flat), heated(IMAGE, flat))
