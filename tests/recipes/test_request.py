"""What is asked of training: its layers, and what is said of settings that nothing uses."""

from pathlib import Path

import pytest

from gancli.errors import UsageError
from gancli.recipes.request import Budget, Request
from gancli.recipes.resolve import resolve


def ask(tmp_path, text="", dataset=None, preset=None, lr=None, **typed):
    file = tmp_path / "a.toml" if text else None
    if file:
        file.write_text(text)
    return Request.read(dataset, preset, file, typed, lr)


def test_options_win_over_the_file_and_the_file_over_the_preset(tmp_path):
    text = 'dataset = "mnist"\npreset = "mnist-dcgan"\nsteps = 7\nbatch_size = 8\n'
    config = ask(tmp_path, text, num_steps=9).config()
    assert (config.dataset, config.model) == ("mnist", "dcgan")
    assert (config.num_steps, config.batch_size, config.latent_size) == (9, 8, 128)


def test_the_data_set_of_the_command_line_wins(tmp_path):
    assert ask(tmp_path, 'dataset = "mnist"\n', "digits").config().dataset == "digits"


def test_a_prepared_data_set_may_be_named_in_the_file(tmp_path, monkeypatch):
    folder = tmp_path / "tfds" / "flowers" / "2.1.1"
    folder.mkdir(parents=True)
    for name in ("dataset_info.json", "features.json"):
        (folder / name).write_text("{}")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    assert ask(tmp_path, 'dataset = "flowers"\n').config().dataset == str(folder)


def test_one_rate_is_that_of_both_networks_but_for_those_that_have_their_own(tmp_path):
    config = ask(tmp_path, "lr = 0.5\n", "digits", lr=0.1).config()
    assert (config.generator_learning_rate, config.discriminator_learning_rate) == (0.1, 0.1)
    config = ask(tmp_path, dataset="digits", lr=0.1, generator_learning_rate=0.3).config()
    assert (config.generator_learning_rate, config.discriminator_learning_rate) == (0.3, 0.1)
    assert ask(tmp_path, dataset="digits", lr=0.1, loss="mmd").config().generator_learning_rate == 0.1


@pytest.mark.parametrize(
    ("typed", "budget"),
    [
        ({"dataset": "fashion_mnist"}, Budget(3600.0, 20_000)),
        ({"dataset": "mnist", "model": "dcgan"}, Budget(3600.0, 10_000)),
        ({"dataset": "mnist", "loss": "minimax", "k": 1}, None),
        ({"dataset": "./images", "model": "mlp"}, Budget(3600.0, 20_000)),
        ({"dataset": "cifar10", "num_steps": 5}, None),
        ({"dataset": "cifar10", "preset": "cifar10-dcgan"}, None),
        ({"dataset": "./images", "preset": "small-data"}, Budget(3600.0, 20_000)),
        ({"dataset": "./images", "preset": "small-data", "num_steps": 5}, None),
    ],
)
def test_networks_whose_steps_take_long_are_given_an_hour(tmp_path, typed, budget):
    request = ask(tmp_path, **typed)
    assert request.budget(None, request.config()) == budget


@pytest.mark.parametrize(
    ("in_file", "typed", "steps", "schedule"),
    [
        ("steps = 90\nschedule_steps = 90\n", {"num_steps": 30}, 30, 0),  # as every run's file has it
        ("steps = 90\nschedule_steps = 90\n", {"num_steps": 30, "schedule_steps": 90}, 30, 90),
        ("steps = 90\nschedule_steps = 200\n", {"num_steps": 30}, 30, 200),
        ("schedule_steps = 30\n", {"num_steps": 30}, 30, 30),
    ],
)
def test_values_of_a_file_move_over_the_steps_that_replace_its_own(tmp_path, in_file, typed, steps, schedule):
    config = ask(tmp_path, in_file, "fashion_mnist", **typed).config()
    assert (config.num_steps, config.schedule_steps) == (steps, schedule)


@pytest.mark.parametrize(
    ("in_file", "typed", "said"),
    [
        ("evaluate_every = 50\n", {}, {"evaluate_every"}),
        ("evaluate_every = 50\nsteps = 90\nbase_channels = 8\n", {}, {"num_steps", "base_channels"}),
        ("evaluate_every = 50\nsteps = 90\n", {"evaluate_every": 40}, {"num_steps", "evaluate_every"}),
    ],
)
def test_how_often_a_file_evaluates_goes_with_its_steps(tmp_path, in_file, typed, said):
    assert ask(tmp_path, in_file, "fashion_mnist", **typed).said == said


def test_paths_hold_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("images").mkdir()
    request = ask(tmp_path, dataset="images", loss="my.py:game")
    assert request.dataset == str(tmp_path / "images")
    assert request.options["loss"] == f"{tmp_path}/my.py:game"


def test_a_presets_and_a_files_unused_values_are_one_line(tmp_path):
    request = ask(tmp_path, "margin = 3.0\nsteps = 5\n", "cifar10", "cifar10-modern", model="mlp", loss="hinge")
    assert request.warning(request.config()) == (
        f"this run does not use --blocks 2 of preset 'cifar10-modern' and --margin 3.0 of {tmp_path}/a.toml."
    )
    request = ask(tmp_path, "steps = 5\n", "digits")
    assert request.warning(request.config()) is None


def test_a_runs_own_file_has_every_setting_and_warns_of_none(tmp_path):
    import json

    file = tmp_path / "config.json"
    values = resolve("mnist", "mnist-dcgan", {"margin": 3.0}).to_dict()
    file.write_text(json.dumps({"gancli": "1", "config": values}))
    request = Request.read(None, None, tmp_path, {}, None)
    config = request.config()
    assert config.to_dict() == values
    assert request.warning(config) is None


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            {"model": "mpl"},
            "unknown model 'mpl'. Did you mean 'mlp'? Known: mlp, maxout-conv, dcgan, resnet, noisy-mlp, "
            "resnet-translator, unet-translator, ugatit.",
        ),
        (
            {"loss": "hinge", "margin": 2.0},
            "--margin 2.0 is for --loss energy; --loss hinge does not use it. Leave it out, or choose that loss.",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_heavy_is_imported(tmp_path, typed, message):
    with pytest.raises(UsageError) as caught:
        ask(tmp_path, dataset="digits", **typed).config()
    assert str(caught.value) == message


def test_a_run_goes_on_with_the_command_that_began_it(tmp_path):
    """The objective's own needs replace the preset's; the same command means the same again."""
    request = ask(tmp_path, dataset="mnist", preset="mnist-dcgan", loss="wasserstein", num_steps=9)
    run = request.config()
    recipe = request.continued(run)
    assert recipe["penalty"] == run.penalty == ("gradient-penalty",)
    assert {**recipe, **request.options} == {n: getattr(run, n) for n in {**recipe, **request.options}}
    assert ask(tmp_path, num_steps=12).continued(run) == {}
