"""The HTML of a page, whatever stands on it."""

import io
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
from PIL import Image

from gancli.imaging.pixels import png_bytes
from gancli.reports.page import MARK, Comparison, Figure, RunPage, Table, render
from gancli.sampling.outputs import HEAD

EMPTY = Table((), ())
NOISE = png_bytes(np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8))
LINES = png_bytes(np.tile(np.array([0, 255, 0, 0], np.uint8), 400)[None, :, None].repeat(200, axis=0))


def run_page(name: str = "a run", **changes: Any) -> RunPage:
    values: dict[str, Any] = {
        "name": name,
        "verdict": "healthy",
        "sentences": ("Step 10: 10 of 10 modes.",),
        "advice": (),
        "facts": Table((), (("steps", "10 of 10"),)),
        "metrics": None,
        "protocol": "",
        "curves": (Figure("losses", "losses: falling", svg="<svg viewBox='0 0 1 1'></svg>"),),
        "samples": (Figure("step 0", "Samples of step 0", png=NOISE), Figure("step 10", "Samples", png=LINES)),
        "pictured": "latents",
        "more_samples": 0,
        "nearest": None,
        "no_nearest": "There is no data.",
        "settings": EMPTY,
        "command": "gancli train digits",
        "machine": Table((), (("jax", "0.10"),)),
    }
    return RunPage(**(values | changes))


class Elements(HTMLParser):
    """Keeps tags with their attributes, and checks that they are closed in order."""

    VOID = ("meta", "link", "img", "input", "br")

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_a_page_needs_no_other_file():
    text = render("a page", [run_page()])
    elements = Elements(text)
    sources = [
        value for _, attributes in elements.found for name, value in attributes.items() if name in ("src", "href")
    ]
    assert sources
    assert all(str(source).startswith("data:") for source in sources)
    assert "url(" not in text
    assert "@import" not in text
    policy = next(dict_ for tag, dict_ in elements.found if dict_.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none';")


def test_a_page_bears_its_mark_where_it_is_looked_for():
    assert MARK in render("a page", [run_page()]).encode()[:HEAD]


def test_all_pictures_have_words():
    elements = Elements(render("a page", [run_page(nearest=Figure("pairs", "Samples beside data", png=LINES))]))
    pictures = [attributes for tag, attributes in elements.found if tag == "img"]
    assert [one["alt"] for one in pictures] == ["Samples of step 0", "Samples", "Samples beside data"]
    assert [a["aria-label"] for _, a in elements.found if a.get("role") == "img"] == ["losses: falling"]


def test_what_users_write_stays_text():
    evil = '<script>alert("x")</script>'
    text = render(evil, [run_page(evil, command=evil, sentences=(evil,), facts=Table((evil,), ((evil, evil),)))])
    assert evil not in text
    assert Elements(text).texts.count(evil) == 7  # the title stands in the head, too


def test_pictures_become_webp_only_where_that_is_smaller():
    large, small = Figure("", "", png=NOISE).source, Figure("", "", png=LINES).source
    assert large.startswith("data:image/webp;base64,")
    assert len(large) < len(NOISE)
    assert small.startswith("data:image/png;base64,")


def test_only_what_there_is_has_a_heading():
    def headings(run: RunPage) -> list[str]:
        return re.findall("<h3>(.*?)</h3>", render("a page", [run]))

    everything = headings(run_page(metrics=Table(("metric", "step 10"), (("FID", "3"),)), protocol="how"))
    ever = ["Settings that differ from the defaults", "To train it again", "Versions and machine"]
    assert everything == ["Samples over time", "Metrics", "Curves", "Nearest training images", *ever]
    assert headings(run_page(samples=(), curves=(), no_nearest="")) == ever


def test_several_runs_are_compared_first_and_then_told_of_each():
    differences = Comparison(Table(("setting", "a", "b"), (("--seed", "0", "1"),)), None, ("A note.",), ())
    elements = Elements(render("a, b", [run_page("a"), run_page("b")], differences))
    links = [attributes["href"] for tag, attributes in elements.found if tag == "a"]
    assert links == ["#run-1", "#run-2"]
    assert [attributes["id"] for tag, attributes in elements.found if tag == "article"] == ["run-1", "run-2"]
    assert elements.texts.index("Differences") < elements.texts.index("A note.") < elements.texts.index("healthy")


def test_pictures_can_be_opened():
    import base64

    for png in (NOISE, LINES):
        content = base64.b64decode(Figure("", "", png=png).source.split(",")[1])
        with Image.open(io.BytesIO(content)) as found, Image.open(io.BytesIO(png)) as given:
            assert found.size == given.size
