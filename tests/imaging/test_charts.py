"""Charts: what stays of long curves, and what a PNG and an SVG show."""

import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from gancli.imaging import charts
from gancli.imaging.charts import COLORS, INK, Chart, Curve, Span, sheet, svg, thinned

SPAN = Span(300, 50.0)
LOSSES = Chart(
    "losses",
    (Curve("D", [100, 200, 300], [1.5, 0.5, 0.25]), Curve("G", [100, 200, 300], [2.0, 1.0, 3.0])),
    best=200,
)


def test_short_curves_stay_whole():
    assert thinned([3.0, 1.0, 2.0]).tolist() == [0, 1, 2]


@pytest.mark.parametrize("place", [0, 1, 4_321, 9_998, 9_999])
@pytest.mark.parametrize("value", [50.0, -50.0])
def test_a_single_spike_stays(place, value):
    values = np.sin(np.arange(10_000) / 100)
    values[place] = value
    kept = thinned(values, most=60)
    assert place in kept
    assert len(kept) <= 61
    assert (np.diff(kept) > 0).all()
    assert kept[0] == 0
    assert kept[-1] == 9_999


def test_thinned_curves_keep_extremes_of_every_part():
    values = np.random.default_rng(0).normal(size=3000)
    kept = values[thinned(values, most=30)]
    assert {values[first : first + 300].max() for first in range(0, 3000, 300)} <= set(kept)
    assert {values[first : first + 300].min() for first in range(0, 3000, 300)} <= set(kept)


def test_a_chart_is_told_in_words():
    assert LOSSES.text == (
        "losses: D from 1.5 at step 100 to 0.25 at step 300, between 0.25 and 1.5; "
        "G from 2 at step 100 to 3 at step 300, between 1 and 3; the best step is 200."
    )
    assert Chart("rate", (Curve("", [1, 2], [5.0, 4.0]),)).text == (
        "rate: from 5 at step 1 to 4 at step 2, between 4 and 5."
    )


def test_a_sheet_has_two_columns_and_the_same_bytes_again():
    sizes = []
    for count in (1, 2, 3):
        png = sheet([LOSSES] * count, SPAN, "a run")
        assert sheet([LOSSES] * count, SPAN, "a run") == png
        sizes.append(Image.open(io.BytesIO(png)).size)
    assert sizes[0] == sizes[1]
    assert sizes[2][0] == sizes[0][0]
    assert sizes[2][1] > 1.5 * sizes[0][1]


def texts(found: str) -> list[str]:
    return [
        "".join(element.itertext()).strip() for element in ElementTree.fromstring(found).iter() if "text" in element.tag
    ]


def test_an_svg_holds_its_words_and_takes_the_pages_color():
    found = svg(LOSSES, SPAN)
    assert {"losses", "step", "epoch", "D", "G", "best: step 200"} <= set(texts(found))
    assert INK not in found
    assert "currentColor" in found
    assert all(color in found for color in COLORS[:2])
    head = found[: found.index(">")]
    assert "viewBox" in head
    assert not re.search(r"\b(width|height)=", head)
    assert svg(LOSSES, SPAN) == found


def test_without_epochs_there_is_no_upper_axis():
    assert "epoch" not in texts(svg(LOSSES, Span(300, None)))


def test_a_limit_is_drawn_and_named():
    chart = Chart("bound", (Curve("", [1, 2], [0.1, 0.2]),), limit=("the most there can be", 0.69))
    assert "the most there can be" in texts(svg(chart, SPAN))


def test_axes_are_logarithmic_where_values_leave_all_others_behind(monkeypatch):
    scales = []
    drawn = charts._draw

    def draw(axes, chart, span):
        drawn(axes, chart, span)
        scales.append(axes.get_yscale())

    monkeypatch.setattr(charts, "_draw", draw)
    for values in ([1.0, 1.0, 49.0], [1.0, 1.0, 51.0], [0.0, 1.0, 51.0]):
        svg(Chart("a", (Curve("", [1, 2, 3], values),)), SPAN)
    assert scales == ["linear", "log", "linear"]


def contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("background", ["#ffffff", "#16181d"])
def test_curves_are_told_from_light_and_dark_pages(background):
    assert min(contrast(color, background) for color in COLORS) >= 3
