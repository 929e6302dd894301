"""``gancli list``: what exists."""

import json

import pytest


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("datasets", "ring"),
        ("losses", "minimax"),
        ("metrics", "fid"),
        ("models", "mlp"),
        ("optimizers", "sgd"),
        ("presets", "goodfellow2014-mnist"),
        ("priors", "spherical"),
    ],
)
def test_what_exists_is_listed(gancli, kind, name):
    code, out, _ = gancli("list", kind)
    assert code == 0
    assert any(line.split()[0] == name and len(line.split()) > 2 for line in out.splitlines())
    assert name in json.loads(gancli("list", kind, "--json")[1])


def test_an_unknown_kind_is_one_line(gancli):
    assert gancli("list", "dataset") == (
        2,
        "",
        "error: unknown kind 'dataset'. Did you mean 'datasets'? "
        "Known: datasets, losses, metrics, models, optimizers, presets, priors.\n",
    )
