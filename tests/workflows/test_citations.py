"""What a run cites."""

import json
import re

import pytest

from gancli.bibliography import BIBLIOGRAPHY
from gancli.data.catalog import DATASETS
from gancli.latents import PRIORS
from gancli.losses.catalog import LOSSES
from gancli.losses.penalties import PENALTIES
from gancli.metrics.catalog import METRICS
from gancli.models import MODELS
from gancli.training.optimizers import OPTIMIZERS
from gancli.workflows import citations
from tests.conftest import tiny


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (citations.OF_DATASET, DATASETS),
        (citations.OF_LOSS, LOSSES),
        (citations.OF_PENALTY, PENALTIES),
        (citations.OF_MODEL, MODELS),
        (citations.OF_PRIOR, PRIORS),
        (citations.OF_OPTIMIZER, OPTIMIZERS),
        (citations.OF_METRIC, METRICS),
    ],
)
def test_every_choice_says_what_it_cites(table, names):
    assert set(table) == set(names)
    assert {key for keys in table.values() for key in keys} <= set(BIBLIOGRAPHY)


@pytest.mark.parametrize("key", BIBLIOGRAPHY)
def test_entries_are_whole(key):
    entry = BIBLIOGRAPHY[key]
    assert re.fullmatch(rf"@\w+\{{{key},\n(  \w+ = \{{.*\}},\n)+\}}", entry)
    assert entry.count("{") == entry.count("}")
    for field in ("author", "title", "year"):
        assert f"  {field} = {{" in entry


def test_a_run_cites_what_it_used(gancli, tmp_path):
    run = tmp_path / "run"
    options = tiny(prior="spherical", instance_noise=0.1, optimizer="adam", evaluate_every=0)
    assert gancli("train", "ring", "--outdir", run, *options)[0] == 0
    code, out, _ = gancli("list", "--cite", run)
    assert code == 0
    keys = re.findall(r"^@\w+\{(\w+),$", out, re.MULTILINE)
    assert keys[0] == "goodfellow2014gan"
    assert {"white2016sampling", "kingma2015adam", "sonderby2017amortised", "lin2018pacgan", "jax2018"} <= set(keys)
    assert not {"heusel2017ttur", "coates2011analysis", "lecun1998gradient"} & set(keys)
    assert json.loads(gancli("list", "--cite", run, "--json")[1]).keys() == set(keys)


def test_without_a_run_there_is_nothing_to_cite(gancli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = gancli("list", "--cite")
    assert (code, out) == (1, "")
    assert err.startswith("error: no run at 'ckpt'")


def test_without_a_kind_everything_is_listed(gancli):
    code, out, _ = gancli("list")
    assert code == 0
    assert "gancli list losses" in out
    assert "minimax non-saturating" in out
