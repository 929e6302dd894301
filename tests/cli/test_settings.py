"""Options made from the configuration's fields: help, completion, and what was typed."""

import os
import re
import subprocess
import sys
import tomllib

import pytest

from gancli.cli.settings import completion
from gancli.config import option_name, settings
from gancli.recipes.request import MEASURED, Budget, Request

AN_HOUR = "; less if an hour is too short"


def options_in(text: str) -> set[str]:
    return {word.strip("│ ") for line in text.splitlines() for word in line[:34].split() if word.startswith("--")}


def test_the_help_fits_on_two_screens_and_shows_defaults(gancli):
    code, out, _ = gancli("train", "--help")
    assert code == 0
    assert len(out.splitlines()) <= 100
    assert max(map(len, out.splitlines())) <= 80
    assert {f"--{option_name(name)}" for name, about in settings().items() if about.common} <= options_in(out)
    assert "[default: non-saturating]" in out
    assert "<bool>" not in out.replace("--help          -h      <bool>", "")


def test_the_whole_help_has_every_option(gancli):
    code, out, _ = gancli("train", "--help-all")
    assert code == 0
    assert {f"--{option_name(name)}" for name in settings()} <= options_in(out)


def test_the_help_of_a_model_has_its_options_and_defaults(gancli):
    code, out, _ = gancli("train", "digits", "--model", "dcgan", "--help")
    assert code == 0
    assert {"--base-channels", "--batch-norm"} <= options_in(out)
    assert not {"--conv-sizes", "--generator-widths", "--blocks"} & options_in(out)
    assert "[default: relativistic]" in out
    assert {"--margin"} <= options_in(gancli("train", "--loss=energy", "--help")[1])


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("train", "./imgs"), {"model": "dcgan", "steps": f"20000{AN_HOUR}", "augment": "auto"}),
        (("sweep", "--mirror", "./imgs"), {"model": "dcgan", "evaluate-every": f"1000{AN_HOUR}"}),
        (("train", "mnist", "--model", "dcgan"), {"base-channels": f"64{AN_HOUR}"}),
        (("train", "./imgs", "--model", "mlp"), {"model": "mlp", "batch-size": "100"}),
        (("train", "./imgs", "--game", "cycle"), {"model": "resnet-translator", "batch-size": "1"}),
        (("train", "./imgs", "--preset=faces-64"), {"model": "resnet", "steps": "200000"}),
        (("train", "--outdir", "ring", "digits"), {"model": "mlp", "steps": "16000"}),
    ],
)
def test_the_help_has_the_defaults_of_the_data_and_the_game(gancli, command, shown):
    code, out, _ = gancli(*command, "--help")
    assert code == 0
    text = " ".join("".join(out.split("│")).split())
    for option, default in shown.items():
        assert re.search(rf"--{option} (?:(?! --[a-z]).)*\[default: {default}\]", text), option
    assert "Default for dcgan, resnet, translators and your own images: 1h." in text


@pytest.mark.parametrize(
    "command", [("--game", "cycle"), ("./imgs", "--game=cycle"), ("mnist_m", "--preset", "mnistm-cycle")]
)
def test_the_help_of_a_game_leaves_out_what_it_does_not_use(gancli, command):
    code, out, _ = gancli("train", *command, "--help")
    assert code == 0
    assert {"--cycle-weight", "--to", "--steps"} <= options_in(out)
    assert not {"--latent-size", "--k", "--conditional"} & options_in(out)


def test_commands_stand_in_panels(gancli):
    code, out, _ = gancli("--help")
    assert code == 0
    for panel in ("Make and use a run", "Measure", "Look things up"):
        assert f"─ {panel} ─" in out
    assert "Print the version." in out


@pytest.mark.parametrize(
    ("choices", "many", "incomplete", "found"),
    [
        ("loss", False, "h", ["hinge"]),
        (
            "model",
            False,
            "",
            ["mlp", "maxout-conv", "dcgan", "resnet", "noisy-mlp", "resnet-translator", "unet-translator", "ugatit"],
        ),
        ("data set", False, "dig", ["digits"]),
        (("r1", "r2", "clip"), True, "r1,", ["r1,r2", "r1,clip"]),
        (("r1", "r2", "clip"), True, "r1,c", ["r1,clip"]),
        (("r1", "r2", "clip"), False, "x", []),
    ],
)
def test_values_complete(choices, many, incomplete, found):
    assert completion(choices, many=many)(incomplete) == found


def test_a_shell_completes_values():
    words = {"COMP_WORDS": "gancli train --loss h", "COMP_CWORD": "3", "_GANCLI_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-c", "from gancli.cli.app import entry_point; entry_point()"],
        env=os.environ | words,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["hinge"]


def printed(gancli, *arguments):
    code, out, err = gancli("train", *arguments, "--print-config")
    assert (code, err) == (0, "")
    return tomllib.loads(out)


def test_the_configuration_is_printed_and_read_again(gancli, tmp_path):
    code, out, _ = gancli("train", "mnist", "--preset", "mnist-dcgan", "--steps", 5, "--lr", "1e-3", "--print-config")
    assert code == 0
    (tmp_path / "a.toml").write_text(out)
    assert gancli("train", "--config", tmp_path / "a.toml", "--print-config") == (0, out, "")
    assert printed(gancli, "--config", tmp_path / "a.toml", "--steps", 6)["steps"] == 6


def test_what_a_time_decides_is_not_printed_and_is_decided_again(gancli, tmp_path):
    code, out, _ = gancli("train", "cifar10", "--print-config")
    assert (code, out.splitlines()[0]) == (
        0,
        "# Left to --time, by default an hour: steps, base_channels, evaluate_every",
    )
    assert not {"steps", "schedule_steps", "base_channels", "evaluate_every"} & set(tomllib.loads(out))
    (tmp_path / "a.toml").write_text(out)
    request = Request.read(None, None, tmp_path / "a.toml", {}, None)
    assert request.budget(None, request.config()) == Budget(3600.0, 20_000)
    assert not request.said & set(MEASURED)
    wide = printed(gancli, "cifar10", "--base-channels", 64, "--evaluate-every", 1000)
    assert (wide["base_channels"], wide["evaluate_every"]) == (64, 1000)
    assert printed(gancli, "digits")["steps"] == 16_000


def test_a_time_is_not_printed(gancli):
    assert gancli("train", "cifar10", "--time", "30m", "--print-config") == (
        2,
        "",
        "error: --time and --print-config exclude each other: a time becomes steps when a run begins.\n",
    )


def test_a_flag_of_a_file_can_be_taken_back(gancli, tmp_path):
    (tmp_path / "a.toml").write_text('dataset = "digits"\nmirror = true\n')
    assert printed(gancli, "--config", tmp_path / "a.toml")["mirror"]
    assert "mirror" not in printed(gancli, "--config", tmp_path / "a.toml", "--no-mirror")


def test_none_empties_a_list_and_unsets_a_number(gancli):
    assert printed(gancli, "digits", "--loss", "relativistic", "--penalty", "none")["penalty"] == []
    assert printed(gancli, "mnist", "--generator-init-range", "none")["generator_init_range"] == "none"


def test_errors_are_of_one_style(gancli):
    assert gancli("train", "digits", "--loss") == (
        2,
        "",
        "error: option '--loss' requires an argument.\n",
    )
    assert gancli("trian") == (2, "", "error: no such command 'trian'. Did you mean 'train'? See `gancli --help`.\n")
    code, out, err = gancli()
    assert (code, err) == (2, "")
    assert "Usage: gancli" in out


def test_what_a_preset_sets_in_vain_is_one_warning(gancli):
    code, out, err = gancli("train", "cifar10", "--preset", "cifar10-modern", "--model", "mlp", "--print-config")
    assert code == 0
    assert err == "warning: this run does not use --blocks 2 of preset 'cifar10-modern'.\n"
    assert "blocks" not in tomllib.loads(out)
