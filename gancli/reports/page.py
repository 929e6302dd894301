"""A page on one run or several: what it holds, and its HTML, which needs no other file."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

TEMPLATE = "report.html"
MARK = b'<meta name="generator" content="gancli">'  # in the template, near its beginning
QUALITY = 90  # of WebP, which takes the place of a PNG where it is smaller


@dataclass(frozen=True)
class Figure:
    """A drawing, or a picture, with its words."""

    caption: str
    alt: str  # for people who do not see it
    svg: str = ""  # either this
    png: bytes = b""  # or this

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        kind, content = "png", self.png
        buffer = io.BytesIO()
        with Image.open(io.BytesIO(self.png)) as image:
            image.save(buffer, format="WEBP", quality=QUALITY)
        if buffer.tell() < len(content):
            kind, content = "webp", buffer.getvalue()
        return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


@dataclass(frozen=True)
class Table:
    """Rows of texts under headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class RunPage:
    """What a page holds of one run."""

    name: str
    verdict: str  # one or two words
    sentences: tuple[str, ...]  # the reasons of the verdict
    advice: tuple[str, ...]  # what to try
    facts: Table
    metrics: Table | None
    protocol: str  # of the metrics
    curves: tuple[Figure, ...]
    samples: tuple[Figure, ...]  # by their steps
    pictured: str  # what is the same in all of them
    more_samples: int  # pictures of other steps, which are left out
    nearest: Figure | None
    no_nearest: str  # why there is none; empty: it makes no sense, or there is one
    settings: Table
    command: str  # that trains the run again
    machine: Table


@dataclass(frozen=True)
class Comparison:
    """What several runs have in common, and what not."""

    settings: Table
    metrics: Table | None
    notes: tuple[str, ...]
    curves: tuple[Figure, ...]


def render(title: str, runs: Sequence[RunPage], comparison: Comparison | None = None) -> str:
    """Return the HTML of a page: light and dark, for wide and narrow screens; only its slider needs a script.

    Args:
        title: of the page.
        runs: at least one.
        comparison: of several runs.
    """
    environment = Environment(
        loader=PackageLoader("gancli.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(title=title, runs=runs, comparison=comparison)
