"""A game added by one entry, or named in a file: it trains, resumes and is saved like any other."""

import json
from pathlib import Path
from typing import Any

import jax
import pytest

from gancli.cli.console import TerminalReporter
from gancli.errors import UsageError
from gancli.games.catalog import GAMES, GameEntry, game
from gancli.recipes.resolve import resolve
from gancli.registry import lazy
from gancli.runs.folder import Run
from gancli.training.game import layout
from gancli.training.state import join_state, split_state
from gancli.workflows.train import new_run, resume_run
from tests.conftest import ROOT
from tests.playing import assert_equal

OPTIONS: dict[str, Any] = {"batch_size": 16, "log_every": 5, "sample_every": 20, "checkpoint_every": 10}
OPTIONS |= {"evaluate_every": 0}  # of samples, and it draws none
RATES = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
ITEMS = {"left", "left.average", "right", "right.average", "critic", "training"}
BY_FILE = f"{ROOT / 'tests' / 'toy.py'}:Toy"


@pytest.fixture(params=["toy", BY_FILE], ids=["entry", "file"], scope="module")
def name(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(GAMES._entries, "toy", GameEntry(lazy("tests.toy:Toy.build")))
        yield request.param


@pytest.fixture(scope="module")
def trained(name, tmp_path_factory) -> Path:
    """The folder of a run of 20 steps."""
    return train(name, tmp_path_factory.mktemp("toy") / "whole", 20)


def train(name: str, folder: Path, steps: int, **changes: Any) -> Path:
    options = OPTIONS | RATES | {"num_steps": steps, "game": name} | changes
    new_run(resolve("digits", None, options), folder, TerminalReporter(quiet=True))
    return folder


def saved(folder: Path, step: int) -> dict[str, Any]:
    run = Run.open(folder)
    laid_out = run.record.game()
    with run.checkpoints() as checkpoints:
        return checkpoints.restore(laid_out, tuple(jax.eval_shape(split_state, layout(laid_out))), step)


def test_its_checkpoints_hold_an_item_for_each_player_and_each_average(trained):
    for step in (10, 20):
        items = saved(trained, step)
        assert set(items) == ITEMS
        assert int(join_state(items).step) == step
        folders = {path.name for path in (trained / "checkpoints" / str(step)).iterdir() if path.is_dir()}
        assert folders >= ITEMS | {"layout"}


def test_it_resumes_bit_for_bit(name, trained, tmp_path):
    folder = train(name, tmp_path / "halves", 10)
    result = resume_run(folder, {"dataset": "digits"}, {"num_steps": 20}, TerminalReporter(quiet=True))
    assert (result.steps, result.images_seen) == (20, 320)
    assert_equal(saved(folder, 20), saved(trained, 20))


def test_what_it_measures_is_written_down(trained):
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    for line in lines:
        assert line["lead"] == pytest.approx(line["maps_loss"] - line["critic_loss"])
        assert set(line) >= {"critic_gradient_norm", "labels"}


def test_evaluating_what_draws_no_samples_is_refused(name, tmp_path):
    with pytest.raises(UsageError) as error:
        train(name, tmp_path / "run", 20, evaluate_every=10)
    assert str(error.value) == f"--game {name} draws no samples. Train it with --evaluate-every 0."
    assert not (tmp_path / "run").exists()


def test_a_name_is_looked_up_and_a_near_one_suggested():
    assert game("matching") is GAMES["matching"]
    with pytest.raises(UsageError, match=r"^unknown game 'matchin'\. Did you mean 'matching'\? Known: adversarial, "):
        game("matchin")


def test_a_file_must_define_the_game():
    with pytest.raises(UsageError) as error:
        game(BY_FILE.replace(":Toy", ":LEFT"))
    path = ROOT / "tests" / "toy.py"
    assert str(error.value) == (
        f"--game {path}:LEFT: {path} must define 'LEFT' as a class with a class method build(config, domains, files), "
        f"see gancli.training.game.Game."
    )
