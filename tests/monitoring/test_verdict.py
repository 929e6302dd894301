"""The verdict of a run from the lines of its record, and what it proposes."""

import dataclasses
import json
from pathlib import Path

import pytest

from gancli.monitoring.verdict import Verdict, verdict
from gancli.runs.folder import Run
from tests.monitoring.evaluated import train
from tests.playing import SMALL, play

FINE = {"hit": 10, "total": 10, "kl": 0.086, "distinct_images": 20_000.0, "least_distinct_images": 499_500.0}
GOES_ON = {"jsd_bound": 0.1, "generator_gradient_norm": 1.0}


def game(**changes):
    return play(dataclasses.replace(SMALL, **changes), (4, 4, 1), 20)


def line(step, **more):
    return GOES_ON | {"step": step} | more


def test_the_row_names_its_step_and_the_rule_that_fired():
    found = verdict(game(), [line(1000, modes=FINE), line(2000, modes=FINE | {"distinct_images": 33.0}), line(2100)])
    assert found == Verdict(2000, "collapse", "about 33 distinct images (10 of 10 modes, KL 0.086 nats)", "--packing 2")
    assert found is not None
    assert found.text == "collapse at step 2000: about 33 distinct images (10 of 10 modes, KL 0.086 nats)"


def test_nothing_is_known_without_an_evaluation():
    assert verdict(game(), []) is None
    assert verdict(game(), [line(10), line(20)]) is None
    assert verdict(game(), [line(10, modes=None)]) is None  # it failed


def test_translations_that_are_one_image_are_a_collapse_and_others_are_healthy():
    alike = line(10, translation={"variety_ab": 0.9, "variety_ba": 0.1})
    found = verdict(game(), [alike, line(20)])
    assert found == Verdict(10, "collapse", "variety B to A 0.10 (variety A to B 0.90)", None)
    found = verdict(game(), [alike, line(20, pairs={"variety": 0.9, "repeated": 0.0})])
    assert found == Verdict(20, "healthy", "variety 0.90, repeated 0.0%", None)
    assert verdict(game(), [line(10, translation={"kid": 0.1})]) is None


def test_precision_takes_part_where_it_was_measured_beside_the_modes():
    poor = line(10, modes=FINE, precision_recall={"precision": 0.1, "recall": 0.9})
    found = verdict(game(num_steps=500), [poor])
    assert found is not None
    assert (found.name, found.cure) == ("poor samples", "more steps (--resume --steps 1000)")
    assert found.reason.startswith("precision 0.100 (10 of 10 modes, ")
    found = verdict(game(), [poor, line(20, modes=FINE)])  # an older number is not of the same samples
    assert found is not None
    assert (found.step, found.name, found.cure) == (20, "healthy", None)


@pytest.mark.parametrize(
    ("changes", "cure"),
    [
        ({}, "--packing 2"),
        ({"packing": 2}, "--loss hinge"),
        ({"packing": 2, "loss": "hinge"}, None),
        ({"game": "matching", "loss": "mmd"}, "--loss hinge"),
    ],
)
def test_a_cure_is_one_that_the_run_does_not_have_yet(changes, cure):
    found = verdict(game(**changes), [line(10, modes=FINE | {"kl": 2.0})])
    assert found is not None
    assert (found.name, found.cure) == ("collapse", cure)


def test_a_game_that_ended_comes_first_and_keeps_what_the_samples_are():
    dead = line(30, generator_gradient_norm=0.0)
    found = verdict(game(), [line(10, modes=FINE), line(20), dead])
    assert found is not None
    assert (found.step, found.name, found.cure) == (30, "stalled", "a lower --generator-learning-rate (now 0.1)")
    assert found.reason == (
        "no gradient reaches G since step 30, so it learns nothing "
        "(healthy at step 10: 10 of 10 modes, KL 0.086 nats, about 20,000 distinct images)"
    )


def test_a_finished_run_has_its_verdict_from_its_folder_alone(gancli):
    code, out, _ = train(gancli, "--json", steps=20, evaluate_every=20, metrics="fid,modes")
    assert code == 0
    run = Run.open(Path("ckpt"))
    found = verdict(run.record.game(), run.metrics())
    assert found is not None
    assert json.loads(out)["verdict"] == dataclasses.asdict(found)
    assert found.step == 20
