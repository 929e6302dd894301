"""Pictures of samples: images in a grid, points as a density or a map."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from gancli.games.pair import Pair
from gancli.imaging import pixels
from gancli.imaging.pixels import to_uint8
from gancli.sampling.draws import Drawing, draw
from gancli.sampling.pictures import line_picture, picture
from tests.playing import MMD, SMALL, begin, play, small

SHAPES = {"gaussian": (1,), "ring": (2,)}


def points(dataset, **changes):
    config = dataclasses.replace(SMALL, **{"dataset": dataset, "latent_size": len(SHAPES[dataset])} | changes)
    game = play(config, SHAPES[dataset], 100, is_images=False)
    return Pair.of(game, begin(game).params)


def opened(png):
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def test_a_grid_holds_the_samples_to_the_pixel():
    game, state = small()
    drawing = draw(Pair.of(game, state.params), 4, seed=0)
    found = np.asarray(opened(picture(Pair.of(game, state.params), drawing)))
    factor, gap = pixels.TILE_SIZE // 4, pixels.GAP
    for index, sample in enumerate(to_uint8(drawing.samples)[..., 0]):
        top, left = (gap + place * (4 * factor + gap) for place in divmod(index, 2))
        tile = found[top : top + 4 * factor, left : left + 4 * factor]
        np.testing.assert_array_equal(tile, np.kron(sample, np.ones((factor, factor), np.uint8)))


def test_the_columns_of_a_drawing_are_those_of_its_grid():
    game, state = small()
    pair, samples = Pair.of(game, state.params), np.zeros((6, 4, 4, 1), np.float32)
    wide, square = (opened(picture(pair, Drawing(samples, samples, columns))) for columns in (6, None))
    assert wide.width > square.width
    assert wide.height < square.height


@pytest.mark.parametrize("dataset", SHAPES)
@pytest.mark.parametrize("changes", [{}, MMD, {"loss": "wasserstein", "penalty": ("clip",)}], ids=str)
def test_points_are_drawn_with_and_without_a_discriminator(dataset, changes):
    pair = points(dataset, **changes)
    image = opened(picture(pair, draw(pair, 50, seed=0), "step 5"))
    assert image.width > 300
    assert len(np.unique(np.asarray(image.convert("L")))) > 10  # something was drawn


def test_every_stage_has_a_panel():
    pair = points("gaussian")
    latents = draw(pair, 50, seed=0).latents
    one, three = (opened(line_picture([("a", pair)] * count, latents)) for count in (1, 3))
    assert three.width * three.height > 2 * one.width * one.height
