"""A loss is added by one file and one entry, and then it is everywhere."""

import json

import pytest

from gancli.config import TrainConfig
from gancli.losses.catalog import LOSSES, objective
from gancli.losses.objective import Interpretation, Objective
from gancli.recipes.resolve import resolve
from gancli.registry import lazy
from gancli.workflows import citations
from tests.conftest import tiny

FILE = """
import jax.numpy as jnp


def toy_discriminator_loss(real, fake):
    return jnp.mean((1.0 - real) ** 2) + jnp.mean((1.0 + fake) ** 2)


def toy_generator_loss(real, fake):
    return -jnp.mean(fake)
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "toy_loss.py").write_text(FILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = Objective(
        lazy("toy_loss:toy_discriminator_loss"),
        lazy("toy_loss:toy_generator_loss"),
        Interpretation("toy divergence", "toy_bound", scale=1.0, offset=2.0),
        belief=None,
        summary="(1 - a(x))² + (1 + a(G(z)))², a toy.",
        use="Never.",
        cite=("mao2017least",),
        defaults={"points": {"penalty": ("r1",), "penalty_weight": 0.5}},
    )
    monkeypatch.setitem(LOSSES._entries, "toy", entry)
    return entry


def test_a_toy_loss_is_listed_described_and_cited(toy, gancli):
    assert "toy                (1 - a(x))² + (1 + a(G(z)))², a toy.\n" in gancli("list", "losses")[1]
    assert "--penalty r1 --penalty-weight 0.5" in gancli("list", "losses", "toy")[1]
    assert "mao2017least" in set(citations.keys(TrainConfig(dataset="ring", loss="toy")))


def test_a_toy_loss_brings_its_settings(toy):
    assert objective("toy") is toy
    assert resolve("ring", None, {"loss": "toy"}).penalty_weight == 0.5
    assert resolve("mnist", None, {"loss": "toy"}).penalty == ()


@pytest.mark.usefixtures("toy")
def test_a_toy_loss_trains_and_its_estimate_is_shown(gancli, tmp_path):
    code, out, _ = gancli("train", "ring", "--outdir", tmp_path / "run", *tiny(loss="toy", evaluate_every=0), "--json")
    assert code == 0
    values = json.loads(out)
    assert values["toy_bound"] == pytest.approx(2.0 - values["discriminator_loss"])
