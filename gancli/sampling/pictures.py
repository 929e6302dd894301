"""Pictures of samples: a grid of images, Figure 1's panels for 1-D data, a map for 2-D data."""

from collections.abc import Sequence

import numpy as np

from gancli.data.synthetic import mixture
from gancli.games.pair import Pair
from gancli.imaging import plots
from gancli.imaging.pixels import to_uint8
from gancli.imaging.sheets import Heading, Headings, grid
from gancli.metrics.parzen import log_likelihoods
from gancli.sampling.draws import Drawing, beliefs, generate

PLOTTED_POINTS = 2000
FEWEST_POINTS = 200  # of the data, however few samples there are
HEAT_SIZE = 120  # places along each side of a map


def picture(
    pair: Pair, drawing: Drawing, title: str = "", *, class_names: Sequence[str] = (), scale: int | None = None
) -> np.ndarray:
    """Return a picture ``[H, W, C]`` of samples of a pair.

    Args:
        pair: that drew them.
        drawing: the samples.
        title: of a plot of points.
        class_names: the names of all classes, for headings where a column is a class.
        scale: by how much images are enlarged; None: as much as suits a sheet.
    """
    if pair.domain.is_images:
        headings = class_headings(pair, drawing, class_names)
        return grid(to_uint8(drawing.samples), drawing.columns, scale=scale, headings=headings)
    if pair.domain.shape == (1,):
        return line_picture([(title, pair)], drawing.latents)
    return plane_picture(pair, drawing.samples, title)


def class_headings(pair: Pair, drawing: Drawing, class_names: Sequence[str]) -> Headings:
    """Return a heading for each column where a column is a class or a code; else none."""
    if drawing.headings:
        return ([Heading(text) for text in drawing.headings],)
    if drawing.columns is None or not class_names:
        return ()
    return ([Heading(class_names[label]) for label in pair.domain.learned_classes],)


def line_picture(stages: list[tuple[str, Pair]], latents: np.ndarray, walks: np.ndarray | None = None) -> np.ndarray:
    """Draw a panel of Figure 1 for each stage, with its title, of training on 1-D data.

    The densities are those of ``latents`` of the prior; the arrows begin at ``walks``, if given, or else at them, too.
    """
    config = stages[0][1].draws.player.config
    density = mixture(config.dataset)
    reach = 5 * density.standard_deviation
    x = np.linspace(density.centers.min() - reach, density.centers.max() + reach, 400, dtype=np.float32)
    panels = []
    for title, pair in stages:
        one_dimensional = pair.draws.input_size == 1
        spread = np.quantile(latents if walks is None else walks, np.linspace(0.02, 0.98, 17), axis=0).astype(
            np.float32
        )
        panels.append(
            plots.Panel(
                title=title,
                discriminator=beliefs(pair, x[:, None]),
                density=_kernel_estimate(generate(pair, latents)[:, 0], x),
                latents=spread if one_dimensional else None,
                mapped=generate(pair, spread)[:, 0] if one_dimensional else None,
            )
        )
    return plots.density_panels(x, np.exp(density.log_density(x[:, None])), panels)


def _kernel_estimate(samples: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the density of samples ``[N]`` at ``x`` [P] by Gaussian kernels of Scott's width (Scott 1992).

    The width is at least half the distance between two places, below which a spike could fall between them.
    """
    width = max(samples.std() * len(samples) ** -0.2, (x[1] - x[0]) / 2)
    return np.exp(log_likelihoods(samples[:, None], x[:, None], np.array([width]))[0])


def plane_picture(pair: Pair, samples: np.ndarray, title: str, paths: np.ndarray | None = None) -> np.ndarray:
    """Draw 2-D samples among data, with D as a heat map and, if given, paths ``[R, T, 2]``.

    Of points of more dimensions the first two are drawn, without D.
    """
    dataset = pair.draws.player.config.dataset
    density = mixture(dataset)
    data, _ = density.sample(PLOTTED_POINTS, seed=0)
    flat = data.shape[1] == 2
    data, samples = data[:, :2], samples[:, :2]
    paths = None if paths is None else paths[..., :2]
    low, high = data.min(axis=0), data.max(axis=0)
    margin = 0.25 * (high - low)
    (left, bottom), (right, top) = low - margin, high + margin
    columns, rows = np.meshgrid(np.linspace(left, right, HEAT_SIZE), np.linspace(bottom, top, HEAT_SIZE))
    places = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float32)
    found = beliefs(pair, places) if flat else None
    heat = None if found is None else found.reshape(HEAT_SIZE, HEAT_SIZE)
    extent = (float(left), float(right), float(bottom), float(top))
    sure = pair.scores is None or pair.scores.objective.belief
    label = "$D(x)$" if sure else "score of D, least to most"
    named = f"{dataset}, {title}" if title else dataset
    samples = samples[:PLOTTED_POINTS]
    data = data[: max(len(samples), FEWEST_POINTS)]  # of two crowds, the larger one would cover the other
    return plots.plane(data, samples, heat, extent, title=named, heat_label=label, paths=paths)
