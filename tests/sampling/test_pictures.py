"""Pictures of samples: images in a grid, points as a density or a map."""

import dataclasses

import numpy as np
import pytest

from gancli.games.pair import Pair
from gancli.imaging.pixels import to_uint8
from gancli.imaging.sheets import Heading
from gancli.sampling import pictures
from gancli.sampling.draws import Drawing, draw, draw_every_class
from gancli.sampling.pictures import line_picture, picture
from tests.playing import MMD, SMALL, begin, play, small

SHAPES = {"gaussian": (1,), "ring": (2,)}


def points(dataset, **changes):
    config = dataclasses.replace(SMALL, **{"dataset": dataset, "latent_size": len(SHAPES[dataset])} | changes)
    game = play(config, SHAPES[dataset], 100, is_images=False)
    return Pair.of(game, begin(game).params)


def test_a_grid_holds_the_samples_to_the_pixel():
    game, state = small()
    drawing = draw(Pair.of(game, state.params), 4, seed=0)
    found = picture(Pair.of(game, state.params), drawing, scale=3)
    assert found.shape == (2 * 14 + 2, 2 * 14 + 2, 1)
    for index, sample in enumerate(to_uint8(drawing.samples)):
        top, left = (2 + place * 14 for place in divmod(index, 2))
        tile = found[top : top + 12, left : left + 12]
        np.testing.assert_array_equal(tile, sample.repeat(3, axis=0).repeat(3, axis=1))


def test_the_columns_of_a_drawing_are_those_of_its_grid():
    game, state = small()
    pair, samples = Pair.of(game, state.params), np.zeros((6, 4, 4, 1), np.float32)
    wide, square = (picture(pair, Drawing(samples, samples, columns), scale=1) for columns in (6, None))
    assert (wide.shape, square.shape) == ((8, 38, 1), (14, 20, 1))


def test_a_column_that_is_a_class_is_headed_by_its_name(monkeypatch):
    """Of three classes the second has no training examples, so it has no column."""
    drawn = []
    monkeypatch.setattr(pictures, "grid", lambda images, columns, *, scale, headings: drawn.append(headings))
    game = play(dataclasses.replace(SMALL, conditional=True), (4, 4, 1), 20, class_counts=(5, 0, 15))
    pair = Pair.of(game, begin(game).params)
    names = ("cat", "dog", "owl")
    picture(pair, draw_every_class(pair, 4, seed=0), class_names=names)
    picture(pair, draw(pair, 4, seed=0), class_names=names)
    picture(pair, draw_every_class(pair, 4, seed=0))
    assert drawn == [([Heading("cat"), Heading("owl")],), (), ()]


@pytest.mark.parametrize("dataset", SHAPES)
@pytest.mark.parametrize("changes", [{}, MMD, {"loss": "wasserstein", "penalty": ("clip",)}], ids=str)
def test_points_are_drawn_with_and_without_a_discriminator(dataset, changes):
    pair = points(dataset, **changes)
    image = picture(pair, draw(pair, 50, seed=0), "step 5")
    assert image.shape[1] > 300
    assert len(np.unique(image)) > 10  # something was drawn


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "$D(x)$"),
        (MMD, None),
        ({"loss": "wasserstein", "penalty": ("clip",)}, "score of D, least to most"),
    ],
    ids=str,
)
def test_a_map_of_points_is_told_its_title_and_what_d_says(monkeypatch, changes, label):
    told = {}

    def plane(data, samples, heat, extent, **options):
        told.update(options, heat=heat, count=(len(data), len(samples)))

    monkeypatch.setattr(pictures.plots, "plane", plane)
    pair = points("ring", **changes)
    picture(pair, draw(pair, 50, seed=0), "step 5")
    assert told["title"] == "ring, step 5"
    assert told["count"] == (200, 50)
    if label is None:
        assert told["heat"] is None
    else:
        assert told["heat_label"] == label
        assert np.ptp(told["heat"]) > 0


def test_every_stage_has_a_panel():
    pair = points("gaussian")
    latents = draw(pair, 50, seed=0).latents
    one, three = (line_picture([("a", pair)] * count, latents) for count in (1, 3))
    assert three.shape == (one.shape[0], 3 * one.shape[1], 3)


def test_walks_on_a_line_change_the_arrows_and_no_density(monkeypatch):
    drawn = []
    monkeypatch.setattr(pictures.plots, "density_panels", lambda x, density, panels: drawn.extend(panels))
    pair = points("gaussian")
    latents = draw(pair, 50, seed=0).latents
    line_picture([("a", pair)], latents)
    line_picture([("a", pair)], latents, walks=np.linspace(-1, 1, 9, dtype=np.float32)[:, None])
    plain, walked = drawn
    np.testing.assert_array_equal(plain.density, walked.density)
    assert abs(walked.latents).max() == pytest.approx(0.96)
    assert abs(plain.latents).max() > 1.1
