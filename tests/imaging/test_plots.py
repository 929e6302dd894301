"""What plots say in words, what they show, and what changes no picture."""

import os
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from gancli.imaging import plots
from gancli.imaging.plots import Panel, curves, density_panels, plane

LINES = {"a line": ([1.0, 2.0, 3.0], [1.0, 4.0, 9.0])}


def test_the_users_settings_of_matplotlib_change_no_picture():
    def draw():
        return curves(LINES, x_label="x", y_label="y", logarithmic_x=False)

    plain = draw()
    mpl.rcParams.update({"lines.linewidth": 9, "axes.facecolor": "red", "savefig.facecolor": "blue", "font.size": 20})
    assert draw() == plain


@pytest.mark.parametrize("backend", ["nonsense", "module://matplotlib_inline.backend_inline"])
def test_another_backend_of_matplotlib_is_not_asked_for(backend):
    program = "from gancli.imaging.plots import curves; "
    program += f"curves({LINES}, x_label='x', y_label='y', logarithmic_x=False)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"MPLBACKEND": backend}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def texts(monkeypatch):
    """Collect what is written in the figures that are drawn."""
    found: list[str] = []
    draw = plots.raster

    def raster(figure: Figure, dpi: int = 110) -> np.ndarray:
        found.extend(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))
        return draw(figure, dpi)

    monkeypatch.setattr(plots, "raster", raster)
    return found


AT = np.array([[0.0, 0.0], [1.0, 1.0]])
EXTENT = (-1.0, 2.0, -1.0, 2.0)


def count(picture, color):
    """Return how many pixels of a picture have a color, all but exactly."""
    return int((np.abs(picture.astype(int) - color).max(axis=-1) < 24).sum())


def test_a_map_says_what_is_drawn(texts):
    plane(AT, AT, np.zeros((3, 3)), EXTENT, title="ring, step 5", heat_label="score")
    assert {"ring, step 5", "$x_1$", "$x_2$", "score", "data", "samples"} <= set(texts)
    assert not {"walk", "start", "end"} & set(texts)


def test_walks_have_a_legend(texts):
    plane(AT, AT, None, EXTENT, paths=np.stack([AT, AT[::-1]]))
    assert {"walk", "start", "end", "data", "samples"} <= set(texts)


def test_without_a_discriminator_there_is_no_map():
    """A map of zeros is blue."""
    blue = (130, 146, 219)
    assert count(plane(AT, AT, np.zeros((3, 3)), EXTENT), blue) > 1000
    assert count(plane(AT, AT, None, EXTENT), blue) == 0


def test_data_are_seen_where_samples_agree_with_them():
    """Of 400 points at each of 400 places, one of each kind, neither kind hides the other."""
    places = np.stack(np.meshgrid(np.linspace(-0.9, 1.9, 20), np.linspace(-0.9, 1.9, 20)), axis=-1).reshape(-1, 2)
    picture = plane(places, places, None, EXTENT)[60:460]  # without the legend
    gray = picture.astype(int).mean(axis=-1)
    green = picture[..., 1].astype(int) - picture[..., 0]
    black_above, green_above = ((gray < 90) & (green < 60)).sum(), (green >= 60).sum()
    assert 0.3 < black_above / (black_above + green_above) < 0.7


def test_the_legend_of_figure_1_names_the_optimal_discriminator(texts):
    x = np.linspace(-1, 1, 50)
    flat = np.full(50, 0.5)
    panels = [Panel("step 5", flat, flat, None, None), Panel("step 9", None, flat, None, None)]
    one, two = density_panels(x, flat, panels[:1]), density_panels(x, flat, panels)
    assert {"step 5", "step 9", "$p_{data}$", "$p_g$", "$D$", "$D$* (optimal)"} <= set(texts)
    assert two.shape == (one.shape[0], 2 * one.shape[1], 3)


def test_commands_that_draw_nothing_wait_for_no_plots():
    probe = (
        "import sys\nimport gancli.workflows.train\nimport gancli.workflows.sample\nprint('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "False\n"
