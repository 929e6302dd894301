import dataclasses
import itertools
import json

import pytest

from gancli.config import TrainConfig
from gancli.data.catalog import DATASETS
from gancli.errors import GancliError, UsageError
from gancli.models.catalog import MODELS
from gancli.recipes.presets import PRESETS
from gancli.recipes.resolve import resolve


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_has_defaults_that_hold_and_survive_json(dataset):
    config = resolve(dataset, None, {})
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    wanted = {**DATASETS[dataset].defaults, **MODELS[config.model].defaults}
    assert {name: getattr(config, name) for name in wanted} == wanted


def test_options_win_over_presets_and_presets_over_defaults():
    assert resolve("mnist", None, {}).optimizer == "adam"
    recipe = resolve("mnist", "goodfellow2014-mnist", {})
    assert (recipe.optimizer, recipe.updates, recipe.final_momentum) == ("sgd", "simultaneous", 0.7)
    assert resolve("mnist", "goodfellow2014-mnist", {"optimizer": "adam"}).optimizer == "adam"


def test_a_presets_own_loss_is_played_as_it_says_and_another_one_as_it_must():
    """The relativistic game's default penalty weighs 1, and that of convolutional networks goes by the images' size."""
    assert resolve("cifar10", "cifar10-modern", {}).penalty_weight is None
    assert resolve("cifar10", "cifar10-modern", {"loss": "relativistic"}).penalty_weight is None
    assert resolve("cifar10", "cifar10-dcgan", {"loss": "relativistic"}).penalty == ("r1", "r2")
    for options in itertools.product(({"model": "dcgan"}, {"model": "resnet"}), ({}, {"loss": "relativistic"})):
        own = resolve("mnist", None, options[0] | options[1])
        assert (own.loss, own.penalty, own.penalty_weight) == ("relativistic", ("r1", "r2"), None)
        assert (own.generator_learning_rate, own.discriminator_learning_rate) == (1e-3, 1e-3)
    published = resolve("cifar10", "cifar10-resnet", {})
    assert (published.loss, published.penalty, published.k) == ("hinge", ("spectral-norm",), 5)
    assert (published.momentum, published.beta2) == (0.0, 0.9)
    assert (published.generator_learning_rate, published.discriminator_learning_rate) == (2e-4, 2e-4)
    assert resolve("mnist", None, {"model": "dcgan", "loss": "wasserstein"}).penalty == ("gradient-penalty",)
    assert resolve("mnist", None, {"model": "dcgan", "loss": "mmd"}).penalty == ()


def test_a_preset_is_for_its_data(tmp_path):
    assert resolve(str(tmp_path), "faces-64", {}).resolution == 64
    with pytest.raises(UsageError) as caught:
        resolve("mnist", "faces-64", {})
    assert str(caught.value) == "preset 'faces-64' is for your own images, not 'mnist'."
    with pytest.raises(UsageError) as caught:
        resolve(str(tmp_path), "mnist-dcgan", {})
    assert str(caught.value) == f"preset 'mnist-dcgan' is for data set 'mnist', not '{tmp_path}'."


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_name_only_fields_that_exist(preset):
    assert set(PRESETS[preset].fields) <= {field.name for field in dataclasses.fields(TrainConfig)}


def test_an_unknown_key_is_said():
    with pytest.raises(GancliError) as caught:
        TrainConfig.from_dict({"dataset": "digits", "batchsize": 3})
    assert str(caught.value) == "unknown configuration key 'batchsize'. Did you mean 'batch_size'?"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("k", 0, "--k must be at least 1, got 0."),
        ("num_steps", -1, "--steps must be in [1, 10^9], got -1."),
        ("num_steps", 10**20, "--steps must be in [1, 10^9], got 100000000000000000000."),
        ("final_rate", 0.0, "--final-rate must be in (0, 1], got 0.0."),
        ("final_rate", 1.5, "--final-rate must be in (0, 1], got 1.5."),
        ("generator_widths", (3, 0), "--generator-widths must all be at least 1, got 3,0."),
        ("hidden_dropout", (0.5, 1.0), "--hidden-dropout must be in [0, 1), got 0.5,1.0."),
        ("beta2", 1.0, "--beta2 must be in [0, 1), got 1.0."),
        ("instance_noise", -0.1, "--instance-noise must be at least 0, got -0.1."),
        ("seed", 2**32, "--seed must be in [0, 2^32), got 4294967296."),
        ("margin", 0.0, "--margin must be above 0, got 0.0."),
        ("load_resolution", 8, "--load-resolution needs --resolution and your own images, got 8."),
        ("metrics", (), "--metrics must name at least one, got nothing."),
        ("stream", "alway", "--stream must be one of auto, always, never, got 'alway'. Did you mean 'always'?"),
        (
            "penalty",
            ("r1", "r3"),
            "--penalty must all be one of r1, r2, gradient-penalty, clip, spectral-norm, got 'r3'.",
        ),
    ],
)
def test_values_that_no_run_can_have(field, value, message):
    with pytest.raises(UsageError) as caught:
        resolve("digits", None, {field: value})
    assert str(caught.value) == message


def test_squares_are_taken_of_images_that_are_no_smaller():
    assert TrainConfig(dataset="./images", resolution=32, load_resolution=32).load_resolution == 32
    with pytest.raises(UsageError) as caught:
        TrainConfig(dataset="./images", resolution=32, load_resolution=31)
    assert str(caught.value) == "--load-resolution must be at least --resolution 32, got 31."
