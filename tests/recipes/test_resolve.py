"""Which settings a run uses, and what is said of the others."""

import dataclasses
import re
import shlex
import tomllib

import pytest

from gancli.config import TrainConfig, defaults, settings
from gancli.data.catalog import DATASETS
from gancli.errors import UsageError
from gancli.models.catalog import MODELS
from gancli.recipes.files import read_config
from gancli.recipes.presets import PRESETS
from gancli.recipes.resolve import check_used, command_of, data_kind, resolve, toml_of, unused, uses

IDLE = [
    (
        {"model": "dcgan", "conv_sizes": (99,)},
        "--conv-sizes 99 is for --model maxout-conv; --model dcgan does not use it. "
        "Leave it out, or choose that model.",
    ),
    (
        {"model": "dcgan", "generator_widths": (7, 7)},
        "--generator-widths 7,7 is for --model mlp, maxout-conv or noisy-mlp; --model dcgan does not use it. "
        "Leave it out, or choose one of these models.",
    ),
    (
        {"model": "noisy-mlp", "hidden_dropout": (0.5,)},
        "--hidden-dropout 0.5 does nothing with --model noisy-mlp. Leave it out, or change --model.",
    ),
    (
        {"loss": "hinge", "margin": 7.0},
        "--margin 7.0 is for --loss energy; --loss hinge does not use it. Leave it out, or choose that loss.",
    ),
    (
        {"penalty": (), "clip_limit": 3.0},
        "--clip-limit 3.0 is for --penalty clip; a run without --penalty does not use it. "
        "Leave it out, or choose that penalty.",
    ),
    (
        {"penalty": ("clip",), "penalty_weight": 3.0},
        "--penalty-weight 3.0 is for --penalty r1, r2 or gradient-penalty; --penalty clip does not use it. "
        "Leave it out, or choose one of these penalties.",
    ),
    (
        {"optimizer": "sgd", "beta2": 0.5},
        "--beta2 0.5 is for --optimizer adam; --optimizer sgd does not use it. Leave it out, or choose that optimizer.",
    ),
    (
        {"sigmoid_bias": 5.0},
        "--sigmoid-bias 5.0 is for --generator-activations sigmoid; --generator-activations relu does not use it. "
        "Leave it out, or choose that activation.",
    ),
    (
        {"loss": "mmd", "k": 2},
        "--k 2 does nothing in the game 'matching'. Leave it out, or choose another loss or game.",
    ),
    (
        {"ema_decay": 0.0, "ema_ramp": 2.0},
        "--ema-ramp 2.0 does nothing with --ema-decay 0. Leave it out, or change --ema-decay.",
    ),
    (
        {"optimizer": "sgd", "final_momentum": None, "momentum_epochs": 9},
        "--momentum-epochs 9 does nothing without --final-momentum. Leave it out, or give that too.",
    ),
    (
        {"schedule": "linear"},
        "--schedule linear moves nothing. Leave it out, or give --final-rate, --final-penalty, --final-beta2 or "
        "--top-k, too.",
    ),
    (
        {"evaluate_every": 0, "metrics": ("kid",)},
        "--metrics kid does nothing with --evaluate-every 0. Leave it out, or change --evaluate-every.",
    ),
    (
        {"resolution": 32},
        "--resolution 32 is for your own images; data set 'digits' stays as it is. Leave it out, or choose other data.",
    ),
]


@pytest.mark.parametrize(("typed", "message"), IDLE, ids=[str(typed) for typed, _ in IDLE])
def test_what_nothing_uses_is_refused_with_its_value_the_rule_and_a_cure(typed, message):
    with pytest.raises(UsageError) as caught:
        check_used(resolve("digits", None, typed), typed)
    assert str(caught.value) == message


def test_images_are_not_points():
    with pytest.raises(UsageError) as caught:
        check_used(resolve("ring", None, {"mirror": True}), {"mirror": True})
    assert str(caught.value) == (
        "--mirror is for images; data set 'ring' holds points. Leave it out, or choose other data."
    )


@pytest.mark.parametrize("off", [{"penalty": ()}, {"instance_noise": 0.0}, {"augment": ()}, {"batch_norm": False}])
def test_to_turn_off_what_is_not_there_is_no_mistake(off):
    check_used(resolve("digits", None, {"loss": "mmd"} | off), off)


@pytest.mark.parametrize("own", [{"model": "mine.py:net"}, {"loss": "mine.py:game"}])
def test_what_a_user_wrote_may_use_any_setting_of_its_kind(own):
    typed = own | ({"conv_sizes": (3,), "blocks": 2} if "model" in own else {"margin": 3.0})
    check_used(resolve("digits", None, typed), typed)


def test_conditions_name_fields_and_values_that_exist():
    for name, about in settings().items():
        for other, values in {**(about.only or {}), **(about.unless or {})}.items():
            assert other in ("data", "moves") or other in settings(), name
            if other == "data":
                assert set(values) <= {"images", "points", "your images"}, name
            elif other == "moves":
                assert values == (True,), name
            elif isinstance(choices := settings()[other].choices, tuple):
                assert set(values) <= set(choices), name


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_nothing_that_its_run_does_not_use(preset, tmp_path):
    config = resolve(PRESETS[preset].fields.get("dataset", str(tmp_path)), preset, {})
    assert unused(config, PRESETS[preset].fields) == []


def used_alone(config: TrainConfig) -> TrainConfig:
    """Return a configuration whose unused settings are at their defaults."""
    return dataclasses.replace(config, **{n: v for n, v in defaults().items() if not uses(config, n)})


CASES = [
    *((dataset, None, {}) for dataset in DATASETS),
    *((entry.fields.get("dataset"), preset, {}) for preset, entry in PRESETS.items()),
    *(("mnist", None, {"model": model}) for model in ("maxout-conv", "dcgan", "resnet")),
    *(("ring", None, {"loss": loss}) for loss in ("mmd", "energy", "wasserstein", "absolute")),
    ("mnist", None, {"instance_noise": 0.0, "generator_init_range": None, "loss": "hinge", "seed": 3}),
    ("mnist", None, {"model": "dcgan", "loss": "non-saturating", "penalty": ()}),
]


@pytest.mark.parametrize(("dataset", "preset", "options"), CASES)
def test_what_is_written_as_toml_gives_the_same_run_when_read(dataset, preset, options, tmp_path):
    config = resolve(dataset or str(tmp_path), preset, options)
    file = tmp_path / "config.toml"
    file.write_text(toml_of(config))
    values = read_config(file)
    again = resolve(values.pop("dataset"), None, values)
    assert used_alone(again) == used_alone(config)


def test_steps_and_channels_are_always_written_for_without_them_a_time_decides():
    config = resolve("mnist", None, {"model": "dcgan"})
    assert (config.num_steps, config.base_channels) == (defaults()["num_steps"], defaults()["base_channels"])
    values = tomllib.loads(toml_of(config))
    assert (values["steps"], values["base_channels"]) == (10_000, 64)
    assert {"--steps 10000", "--base-channels 64"} <= set(re.findall(r"--\S+ \S+", command_of(config)))


def test_toml_has_what_differs_from_the_defaults_with_its_help():
    text = toml_of(resolve("digits", None, {"num_steps": 5}))
    assert "\n# Generator updates in all.\nsteps = 5\n" in text
    values = tomllib.loads(text)
    assert not {"batch_size", "k", "conv_sizes", "margin"} & set(values)
    assert {"dataset", "model", "loss", "generator_widths"} <= set(values)


@pytest.mark.parametrize("preset", [name for name, one in PRESETS.items() if one.dataset])
def test_the_command_of_a_run_gives_its_configuration(gancli, preset):
    config = resolve(PRESETS[preset].dataset, preset, {"seed": 7})
    code, out, _ = gancli(*shlex.split(command_of(config))[1:], "--print-config")
    assert (code, out) == (0, toml_of(config))


def test_the_command_of_a_run_is_what_a_shell_takes():
    config = resolve("./my images", None, {"penalty": (), "mirror": True, "loss": "hinge", "num_steps": 5})
    words = shlex.split(command_of(config))
    assert words[:3] == ["gancli", "train", "./my images"]
    assert "--mirror" in words
    assert words[words.index("--penalty") + 1] == "none"
    assert words[words.index("--steps") + 1] == "5"


@pytest.mark.parametrize("dataset", [*DATASETS, "./images"])
def test_the_catalog_says_of_a_model_whose_default_it_is(dataset):
    named = {"points": "points", "your images": "your own"}.get(data_kind(dataset), dataset)
    assert re.search(rf"\bdefault for .*\b{named}\b", MODELS[resolve(dataset, None, {}).model].use)


@pytest.mark.parametrize("preset", [name for name, one in PRESETS.items() if not one.dataset])
def test_presets_for_your_images_are_evaluated_as_your_images_are(preset):
    plain, made = resolve("./images", None, {}), resolve("./images", preset, {})
    names = ("evaluate_every", "metrics", "features", "evaluate_samples")
    assert [getattr(made, name) for name in names] == [getattr(plain, name) for name in names]
    assert made.evaluate_every > 0


def test_a_game_brings_defaults_of_its_own():
    plain = resolve("mnist", None, {})
    bidirectional = resolve("mnist", None, {"game": "bidirectional"})
    assert (plain.penalty, plain.instance_noise) == ((), 0.5)
    assert (bidirectional.penalty, bidirectional.penalty_weight, bidirectional.instance_noise) == (("r1",), 1.0, 0.0)
    assert resolve("mnist", None, {"game": "bidirectional", "penalty": ()}).penalty == ()
    assert resolve("mnist", "bigan-mnist", {}).penalty_weight == PRESETS["bigan-mnist"].settings["penalty_weight"]


def test_the_game_of_completion_bounds_d_on_images_where_nothing_else_does():
    asked = {"game": "completion"}
    digits, ring, photos = (resolve(name, None, asked) for name in ("mnist", "ring", "fashion_mnist"))
    assert {one.packing for one in (digits, ring, photos)} == {2}
    assert (digits.penalty, digits.penalty_weight, digits.discriminator_init_range) == (("r1",), 0.1, None)
    assert (digits.instance_noise, digits.metrics) == (0.0, ("completion",))
    assert ring.penalty == ()
    assert photos.penalty == resolve("fashion_mnist", None, {}).penalty == ("r1", "r2")
    assert not photos.batch_norm
