"""Tiles of an image: every pixel once, and neighbors that fade into each other."""

import numpy as np
import pytest

from gancli.sampling.tiles import count_tiles, in_tiles

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "tiles"), [((8, 8), 1), ((5, 30), 5), ((9, 8), 2), ((8, 14), 2), ((20, 31), 15), ((3, 2), 1)]
)
def test_what_a_network_does_to_each_pixel_is_the_same_in_tiles(shape, tiles):
    image = RNG.uniform(size=(*shape, 3)).astype(np.float32)
    sizes = []

    def run(tile):
        sizes.append(tile.shape)
        return 1 - tile**2

    np.testing.assert_allclose(in_tiles(run, image, 8, 2), 1 - image**2, atol=1e-6)
    assert len(sizes) == tiles == count_tiles(image.shape, 8, 2)
    assert set(sizes) == {(min(8, shape[0]), min(8, shape[1]), 3)}  # one program for all


def test_where_tiles_overlap_one_fades_into_the_other():
    numbers = iter(range(10))
    found = in_tiles(lambda tile: np.full_like(tile, next(numbers)), np.zeros((4, 12, 1), np.float32), 8, 4)
    np.testing.assert_allclose(found[0, :, 0], [0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1], atol=1e-6)
    assert (found == found[:1]).all()
