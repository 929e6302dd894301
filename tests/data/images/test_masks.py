"""Masks are framed as the images that they are of."""

import numpy as np
import pytest
from PIL import Image

from gancli.data.images.decode import CROPS, Framing
from gancli.data.images.masks import find_masks, read_masks
from gancli.data.load import load
from gancli.reporting import Silence


@pytest.mark.parametrize("crop", CROPS)
def test_an_image_that_is_its_own_mask_is_framed_alike(tmp_path, crop):
    rng = np.random.default_rng(0)
    for number in range(6):
        pixels = 255 * rng.integers(0, 2, (12, 20 + number), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    dataset = load(str(tmp_path), framing=Framing(resolution=12, crop=crop, held_out=0.0))
    files = dataset.files()
    assert files is not None
    found = read_masks(tmp_path, find_masks(tmp_path, Silence()), files, 12, crop)
    np.testing.assert_array_equal(found, dataset.examples >= 128)
