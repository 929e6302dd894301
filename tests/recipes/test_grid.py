"""Grids of options: what is read, what each run is, what is refused."""

from pathlib import Path, PurePath

import pytest

from gancli.errors import UsageError
from gancli.recipes.grid import members, parse_grid
from gancli.recipes.request import Request


def request(**typed):
    return Request.read("ring", None, None, typed, None)


def test_values_are_separated_by_commas_or_for_lists_by_semicolons():
    assert parse_grid(["loss=hinge, wasserstein", "--batch_size=16,32", "penalty=none;r1;r1,r2"]) == {
        "loss": ("hinge", "wasserstein"),
        "batch-size": ("16", "32"),
        "penalty": ("none", "r1", "r1,r2"),
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["hinge"], "--grid must be an option with its values, as in loss=hinge,wasserstein, got 'hinge'."),
        (["=hinge"], "--grid must be an option with its values, as in loss=hinge,wasserstein, got '=hinge'."),
        (["colour=red"], "--grid names no option of train: 'colour'. `gancli train --help-all` shows them."),
        (["time=5m"], "--grid time=5m: a time becomes steps. Give these, as in --grid steps=1000,2000."),
        (["seed=0,1"], "--grid seed=0,1: seeds are for --seeds, as in --seeds 0-2."),
        (["k=1", "k=2"], "--grid names 'k' twice. Give all its values at once."),
        (["k=1,,2"], "--grid k=1,,2: a value is empty."),
        (["k="], "--grid k=: a value is empty."),
        (["k=1,1"], "--grid k=1,1: a value is there twice."),
    ],
)
def test_what_is_no_grid_is_refused(texts, message):
    with pytest.raises(UsageError) as refused:
        parse_grid(texts)
    assert str(refused.value) == message


def test_runs_are_all_combinations_with_all_seeds():
    found = members(request(num_steps=50), parse_grid(["loss=hinge,minimax", "lr=1e-3,1e-4"]), [3, 4])
    assert [(one.config.loss, one.config.generator_learning_rate, one.config.seed) for one in found] == [
        (loss, rate, seed) for loss in ("hinge", "minimax") for rate in (1e-3, 1e-4) for seed in (3, 4)
    ]
    assert {one.config.discriminator_learning_rate for one in found} == {1e-3, 1e-4}
    assert {one.config.num_steps for one in found} == {50}
    assert found[0].folder == PurePath("loss=hinge,lr=1e-3/seed3")
    assert members(request(), {}, [7])[0].folder == PurePath("seed7")


def test_lists_flags_and_files_are_read_as_train_reads_them():
    lists = members(request(), parse_grid(["penalty=none;r1,r2"]), [0])
    assert [one.config.penalty for one in lists] == [(), ("r1", "r2")]
    digits = Request.read("digits", None, None, {}, None)
    flags = members(digits, parse_grid(["mirror=yes,no"]), [0])
    assert [one.config.mirror for one in flags] == [True, False]


def test_the_loss_of_a_file_is_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from gancli.losses.catalog import LOSSES\n"
        "HINGE, PLAIN = (LOSSES[name] for name in ('hinge', 'non-saturating'))\n"
    )
    monkeypatch.chdir(tmp_path)
    found = members(request(), parse_grid(["loss=mine.py:HINGE,mine.py:PLAIN"]), [0])
    assert [one.config.loss for one in found] == [f"{tmp_path}/mine.py:{name}" for name in ("HINGE", "PLAIN")]
    assert found[0].folder == PurePath("loss=mine.py_HINGE/seed0")


@pytest.mark.parametrize(
    ("typed", "grid", "seeds", "message"),
    [
        ({"k": 2}, ["k=1,2"], [0], "--k and --grid k=... exclude each other."),
        ({"generator_learning_rate": 1e-3}, ["lr=1,2"], [0], "--lr and --grid lr=... exclude each other."),
        (
            {},
            ["lr=1,2", "generator-learning-rate=1"],
            [0],
            "--grid lr=... and --grid generator-learning-rate=... exclude each other.",
        ),
        ({}, ["lr=fast"], [0], "--lr must be a number, got 'fast'."),
        ({}, ["k=two"], [0], "--k must be a whole number, got 'two'."),
        ({}, ["lr=1,2"], range(501), "--grid must make at most 1,000 runs, got 1,002."),
        (
            {},
            ["loss=a/b.py:X,a_b.py:X"],
            [0],
            "--grid has two values that make the same folder name. Use values that differ in letters.",
        ),
    ],
)
def test_runs_that_make_no_sense_are_refused(typed, grid, seeds, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "from gancli.losses.catalog import LOSSES\nX = LOSSES['hinge']\n"
    Path("a").mkdir()
    for name in ("a/b.py", "a_b.py"):
        Path(name).write_text(text)
    with pytest.raises(UsageError) as refused:
        members(request(**typed), parse_grid(grid), seeds)
    assert str(refused.value) == message


def test_one_flag_value_is_yes_or_no():
    with pytest.raises(UsageError, match=r"^--grid mirror=\.\.\. takes yes and no, got 'true'\.$"):
        members(Request.read("digits", None, None, {}, None), parse_grid(["mirror=true"]), [0])
