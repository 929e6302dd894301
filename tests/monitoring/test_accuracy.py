"""What D can tell."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from gancli.config import TrainConfig
from gancli.data.load import OpenDataset, load
from gancli.monitoring.accuracy import AccuracyProbe
from tests.playing import MMD, begin, play

CONFIG = TrainConfig(
    dataset="ring", batch_size=8, latent_size=2, generator_widths=(4,), discriminator_widths=(4,), maxout_pieces=2
)


def probe_and_state(**changes):
    dataset = load("ring")
    game = play(dataclasses.replace(CONFIG, **changes), dataset.shape, len(dataset), is_images=False)
    return game, AccuracyProbe(game, dataset), begin(game)


def decided(state, output):
    """Return the state with a D that says ``output`` of everything."""
    discriminator = jax.tree.map(jnp.zeros_like, state.params["discriminator"])
    discriminator["logit"]["bias"] = jnp.full(1, output)
    return state._replace(params=state.params | {"discriminator": discriminator})


@pytest.mark.parametrize("packing", [1, 3])
def test_a_discriminator_that_believes_everything_is_right_about_data_alone(packing):
    _, probe, state = probe_and_state(packing=packing, batch_size=9)
    assert probe.accuracies(decided(state, 5.0)) == {
        "accuracy_train": 1.0,
        "accuracy_held_out": 1.0,
        "accuracy_fake": 0.0,
        "memorization_gap": 0.0,
    }
    assert probe.accuracies(decided(state, -5.0))["accuracy_fake"] == 1.0


def answers(monkeypatch, train, held_out, fake):
    """Let D say these numbers."""
    three = tuple(jnp.asarray(part, jnp.float32) for part in (train, held_out, fake))
    monkeypatch.setattr("gancli.monitoring.accuracy._ask", lambda *_: three)


def test_least_squares_is_cut_at_one_half():
    _, probe, state = probe_and_state(loss="least-squares")
    assert probe.accuracies(decided(state, 0.4))["accuracy_train"] == 0.0
    assert probe.accuracies(decided(state, 0.6))["accuracy_train"] == 1.0


def test_a_critic_is_cut_half_way_between_the_means(monkeypatch):
    """The means of data and samples are 104 and 100; nothing else says where zero is."""
    _, probe, state = probe_and_state(loss="wasserstein", penalty=("clip",))
    answers(monkeypatch, [103, 101.5, 107.5], [101, 103, 105], [99, 101, 100])
    assert probe.accuracies(state) == {
        "accuracy_train": 2 / 3,
        "accuracy_held_out": 2 / 3,
        "accuracy_fake": 1.0,
        "memorization_gap": 0.0,
    }


def test_memorizing_shows_as_a_gap(monkeypatch):
    _, probe, state = probe_and_state()
    answers(monkeypatch, [1] * 900 + [-1] * 100, [-1] * 1000, [-1] * 1000)
    found = probe.accuracies(state)
    assert (found["accuracy_train"], found["accuracy_held_out"], found["memorization_gap"]) == (0.9, 0.0, 0.9)


def test_without_a_discriminator_nobody_is_asked():
    _, probe, state = probe_and_state(**MMD, batch_size=64)
    assert probe.accuracies(state) == {}
    spread = probe.null_spread()
    assert spread is not None
    assert 0 < spread < 0.2
    assert probe_and_state()[1].null_spread() is None


def test_the_null_spread_shrinks_as_one_over_the_batch():
    small, large = (probe_and_state(**MMD, batch_size=size)[1].null_spread() for size in (32, 128))
    assert small is not None
    assert large is not None
    assert 2 < small / large < 8


def test_the_probe_needs_as_many_examples_as_a_pack():
    dataset = load("ring")
    few = dataclasses.replace(dataset, examples=dataset.examples[:2], labels=dataset.labels[:2])
    game = play(dataclasses.replace(CONFIG, packing=4), dataset.shape, 2, is_images=False)
    assert AccuracyProbe(game, few).accuracies(begin(game)) == {}


def test_without_examples_held_out_what_is_known_of_the_others_is_said():
    dataset = load("ring")
    for count in (0, 2):
        few = (dataset.examples[:count], dataset.labels[:count])
        opened = OpenDataset("ring", dataset.classes, lambda split, fold=0, few=few: few)
        none = dataclasses.replace(dataset, opened=opened)
        game = play(dataclasses.replace(CONFIG, packing=4), dataset.shape, len(dataset), is_images=False)
        probe = AccuracyProbe(game, none)
        assert probe.accuracies(decided(begin(game), 5.0)) == {"accuracy_train": 1.0, "accuracy_fake": 0.0}
