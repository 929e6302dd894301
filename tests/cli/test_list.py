"""``gancli list``: what exists."""

import json
import re

import pytest

from gancli.workflows.listing import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_what_exists_is_listed(gancli, kind):
    code, out, _ = gancli("list", kind)
    assert code == 0
    listed = [line for line in out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in listed] == list(KINDS[kind].registry)
    assert all(len(line.split()) > 2 for line in listed)
    assert list(json.loads(gancli("list", kind, "--json")[1])) == list(KINDS[kind].registry)


def test_the_help_names_every_kind(gancli):
    words = re.findall(r"\w+", gancli("list", "--help")[1])
    assert [kind for kind in KINDS if kind not in words] == []


def test_losses_say_what_they_are_and_when_to_take_them(gancli):
    _, out, _ = gancli("list", "losses")
    assert "hinge              max(0, 1 - a(x)) + max(0, 1 + a(G(z))); G minimizes -a(G(z)) (Lim and Ye 2017).\n" in out
    assert "\n                   Take it first for dense networks: best or nearly best" in out


def test_presets_say_what_they_reached_where_and_in_what_time(gancli):
    _, out, _ = gancli("list", "presets")
    lines = out.splitlines()
    reached = lines[next(at for at, line in enumerate(lines) if line.startswith("goodfellow2014-mnist-tuned")) + 1]
    assert reached.strip() == (
        "Parzen 241.4 ± 3.6 nats by averaged weights (paper: 225 ± 2), 3 seeds, 5 minutes a seed, "
        "two cores of an AMD EPYC."
    )


def test_one_thing_is_described_whole(gancli):
    code, out, err = gancli("list", "losses", "wasserstein")
    assert (code, err) == (0, "")
    assert out == (
        "wasserstein    a(G(z)) - a(x) with a bounded slope: the earth mover's distance (Arjovsky et al. 2017, WGAN).\n"
        "use            Take it for a loss that falls as samples get better. "
        "It finds all modes, but needs many steps.\n"
        "needs          --penalty gradient-penalty or clip or spectral-norm\n"
        "discriminator  scorer\n"
        "the loss says  earth mover's distance (wasserstein_estimate in metrics.jsonl)\n"
        "settings       --penalty gradient-penalty --penalty-weight 1.0\n"
        "\n"
        "@inproceedings{arjovsky2017wasserstein,\n"
        "  author = {Arjovsky, Martin and Chintala, Soumith and Bottou, L{\\'e}on},\n"
        "  title = {{W}asserstein Generative Adversarial Networks},\n"
        "  booktitle = {International Conference on Machine Learning},\n"
        "  year = {2017},\n"
        "  eprint = {1701.07875},\n"
        "  archivePrefix = {arXiv},\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("presets", "faces-64", ["your own images\n", "--resolution 64"]),
        ("models", "mlp", ["discriminators  scorer, autoencoder"]),
        ("metrics", "kid", ["ranked by       mean, lower is better", "while training  --metrics kid"]),
        ("penalties", "clip", ["--clip-limit"]),
        ("datasets", "ring", ["points of dimension 2"]),
    ],
)
def test_every_kind_of_thing_can_be_described(gancli, kind, name, expected):
    code, out, _ = gancli("list", kind, name)
    assert code == 0
    assert all(part in out for part in expected)
    assert json.loads(gancli("list", kind, name, "--json")[1])["summary"]


def test_what_does_not_exist_is_one_line(gancli):
    assert gancli("list", "dataset") == (
        2,
        "",
        "error: unknown kind 'dataset'. Did you mean 'datasets'? Known: datasets, games, updates, masks, losses, "
        "penalties, models, optimizers, priors, paths, augmentations, presets, metrics, features.\n",
    )
    assert gancli("list", "priors", "uniforn") == (
        2,
        "",
        "error: unknown prior 'uniforn'. Did you mean 'uniform'? Known: uniform, gaussian, spherical, mixture.\n",
    )


def test_without_a_kind_everything_is_listed(gancli):
    code, out, _ = gancli("list")
    assert code == 0
    assert "gancli list losses         minimax non-saturating" in out
