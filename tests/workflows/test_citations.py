"""What a run cites."""

import json
import re

import pytest

from gancli.bibliography import BIBLIOGRAPHY
from gancli.data.catalog import DATASETS
from gancli.recipes.resolve import resolve
from gancli.registry import Entry
from gancli.workflows import citations
from gancli.workflows.listing import KINDS
from tests.conftest import tiny

ENTRIES = {
    f"{kind} {name}": entry
    for kind, (registry, _) in KINDS.items()
    for name, entry in registry.items()
    if isinstance(entry, Entry)
}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_says_what_it_is_what_it_is_for_and_whom_it_cites(name):
    entry = ENTRIES[name]
    assert entry.summary.endswith(".")
    assert entry.use.endswith(".")
    assert set(entry.cite) <= set(BIBLIOGRAPHY)


def test_every_reference_is_cited_somewhere_and_every_citation_exists():
    cited = {key for entry in ENTRIES.values() for key in entry.cite} | set(citations.OF_ALL)
    cited |= {key for technique in citations.TECHNIQUES.values() for key in technique.cite}
    cited |= {key for entry in DATASETS.values() for key in entry.cite}
    assert cited == set(BIBLIOGRAPHY)


@pytest.mark.parametrize("key", BIBLIOGRAPHY)
def test_references_are_whole(key):
    entry = BIBLIOGRAPHY[key]
    assert re.fullmatch(rf"@\w+\{{{key},\n(  \w+ = \{{.*\}},\n)+\}}", entry)
    assert entry.count("{") == entry.count("}")
    for field in ("author", "title", "year"):
        assert f"  {field} = {{" in entry


def test_techniques_beside_the_entries_are_cited_where_they_are_used():
    def keys(**options):
        return set(citations.keys(resolve("digits", None, options)))

    assert "srivastava2014dropout" in keys()
    assert "srivastava2014dropout" not in keys(hidden_dropout=(0.0,), input_dropout=0.0)
    assert {"lin2018pacgan", "mirza2014conditional"} <= keys(packing=2, conditional=True)
    assert {"ioffe2015batch", "mescheder2018which", "huang2024r3gan"} <= keys(model="dcgan")
    assert "zhang2019fixup" in keys(model="resnet", batch_norm=False)
    assert "he2015delving" in keys(generator_init_range=None)
    for model in ("dcgan", "unet-translator", "ugatit", "mine.py:model"):
        assert "he2015delving" not in keys(model=model, generator_init_range=None)
    assert keys(loss="mine.py:loss", model="mine.py:model") >= {"goodfellow2014gan", "alpaydin1998digits"}


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
