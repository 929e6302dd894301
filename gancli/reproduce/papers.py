"""The papers that `gancli reproduce` knows, and the numbers of them that one run each can be held against.

No libraries: a row says what is trained and what measures it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gancli.registry import Entry, Registry, lazy


@dataclass(frozen=True, kw_only=True)
class Row:
    """A number of a paper."""

    published: str  # as it stands there
    dataset: str
    preset: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)  # fields of the configuration that the preset lacks
    beside: str | None = None  # the name of a row that always stands beside it


@dataclass(frozen=True, kw_only=True)
class Paper(Entry):
    """What can be reproduced of a paper: parts with options of their own, or rows of numbers."""

    what: str = ""  # of the rows: what each number is, with its unit
    measure: Callable[..., float] | None = None  # of a run's folder and the folder of data: such a number
    digits: int = 0  # behind the point
    rows: Mapping[str, Row] = field(default_factory=dict)
    note: str = ""  # what differs here from the paper


_METZ: dict[str, Any] = {
    "model": f"{Path(__file__).with_name('metz2017.py')}:NETWORKS",
    "loss": "minimax",
    "updates": "simultaneous",
    "packing": 1,
    "batch_size": 512,
    "num_steps": 25_000,
    "evaluate_every": 25_000,
    "prior": "gaussian",
    "latent_size": 256,
    "generator_widths": (128, 128),
    "discriminator_widths": (128, 128),
    "generator_learning_rate": 1e-3,
    "discriminator_learning_rate": 1e-4,
    "learning_rate_divisor": 1.0,
    "momentum": 0.5,
    "ema_decay": 0.0,
    "instance_noise": 0.0,
    "input_dropout": 0.0,
    "hidden_dropout": (0.0,),
}


_CHEN: dict[str, Any] = {
    "game": "infogan",
    "codes": ("10", "u", "u"),
    "model": f"{Path(__file__).with_name('chen2016.py')}:NETWORKS",
    "loss": "non-saturating",
    "batch_size": 128,
    "num_steps": 5000,
    "evaluate_every": 500,
    "metrics": ("fid", "categories"),
    "prior": "uniform",
    "latent_size": 62,
    "base_channels": 32,
    "generator_learning_rate": 1e-3,
    "discriminator_learning_rate": 2e-4,
    "momentum": 0.5,
    "beta2": 0.999,
    "ema_decay": 0.999,
    "instance_noise": 0.0,
    "input_dropout": 0.0,
    "hidden_dropout": (0.0,),
}


def _labels(count: str, published: str) -> dict[str, Row]:
    """Return the row of a number of labels, and that of the labels alone, on which a tenth of the steps is enough."""
    game = Row(
        published=published,
        dataset="mnist",
        preset="mnist-semi-supervised",
        settings={"labels": count},
        beside=f"{count}-alone",
    )
    alone = replace(
        game, published="not given", settings={**game.settings, "alone": True, "num_steps": 5_000}, beside=None
    )
    return {count: game, f"{count}-alone": alone}


def _epochs(count: int, published: str) -> Row:
    steps = count * 50_000 // 128
    return Row(published=published, dataset="mnist", preset="bigan-mnist", settings={"num_steps": steps})


PAPERS: Registry[Paper] = Registry(
    "paper",
    {
        "goodfellow2014": Paper(
            summary="Theory, Table 1 and Figures 1 to 3 (Goodfellow et al. 2014).",
            use="--theory, --table 1, or --figure 1, 2 or 3.",
            cite=("goodfellow2014gan",),
        ),
        "salimans2016": Paper(
            summary="Table 1: MNIST from few labels (Salimans et al. 2016).",
            use="By --rows 100: one number of labels. An hour a seed on a CPU.",
            cite=("salimans2016improved",),
            what="wrong of 10,000 test images of MNIST",
            measure=lazy("gancli.reproduce.numbers:wrong"),
            rows=_labels("20", "1677 ± 452")
            | _labels("50", "221 ± 136")
            | _labels("100", "93 ± 6.5")
            | _labels("200", "90 ± 4.2"),
            note="Rows are numbers of labels. In those called alone, D learns from labeled images and nothing else. "
            "The seed draws the labels, too. Without --steps the preset trains 100 epochs, the paper 300.",
        ),
        "donahue2017": Paper(
            summary="Learned inference on MNIST, by the nearest neighbor of features of E (Donahue et al. 2017).",
            use="By --rows 25 or 200: epochs.",
            cite=("donahue2017adversarial",),
            what="% of test images whose nearest training image, by features of E, has another class",
            measure=lazy("gancli.reproduce.numbers:nearest_wrong"),
            digits=2,
            rows={"25": _epochs(25, "3.72"), "200": _epochs(200, "2.86")},
            note="Rows are epochs. Published numbers are from the log of the authors' code. The preset differs from "
            "it in normalization, D, rates and the order of updates (docs/inference.md).",
        ),
        "chen2016": Paper(
            summary="Categories of MNIST found without labels (Chen et al. 2016, §7.2).",
            use="To see how near categories come to classes. Some minutes a seed on a CPU.",
            cite=("chen2016infogan",),
            what="% of held-out images whose class is not the one that matches the category that Q reads in them",
            measure=lazy("gancli.reproduce.numbers:unmatched"),
            digits=1,
            rows={"categories": Row(published="5", dataset="mnist", settings=_CHEN)},
            note="The networks are half as wide as the paper's. Without --steps they see 640,000 images, as those of "
            "its code do.",
        ),
        "metz2017": Paper(
            summary="The ring of eight Gaussians, with and without unrolling (Metz et al. 2017, Figure 2).",
            use="To see what unrolling does. Some minutes a seed.",
            cite=("metz2017unrolled",),
            what="Gaussians of 8 that have 2.5% of all samples, or more, within three standard deviations",
            measure=lazy("gancli.reproduce.numbers:modes"),
            rows={
                "0": Row(published="not all", dataset="ring", settings=_METZ),
                "5": Row(published="8", dataset="ring", settings=_METZ | {"unroll": 5}),
            },
            note="Rows are steps by which D is unrolled, of networks with two layers of 128 tanh units.",
        ),
    },
)
