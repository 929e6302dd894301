"""Configurations in files."""

import json
import re

import pytest

from gancli.errors import GancliError, UsageError
from gancli.recipes.files import is_run, read_config

VALUES = {"dataset": "digits", "num_steps": 5, "generator_widths": (8, 8), "penalty": (), "mirror": True, "beta2": 0.0}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.toml",
            'dataset = "digits"\nsteps = 5\ngenerator-widths = [8, 8]\npenalty = "none"\nmirror = true\nbeta2 = 0\n',
        ),
        ("a.yaml", "dataset: digits\nsteps: 5\ngenerator_widths: [8, 8]\npenalty: []\nmirror: true\nbeta2: 0.0\n"),
        (
            "a.json",
            '{"dataset": "digits", "num_steps": 5, "generator_widths": [8, 8], "penalty": [], "mirror": true, '
            '"beta2": 0}',
        ),
    ],
)
def test_every_format_says_the_same(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_config(tmp_path / name) == VALUES


def test_a_rate_for_both_networks_gives_way_to_one_of_their_own(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text("generator_learning_rate = 0.5\nlr = 0.1\n")
    assert read_config(file) == {"generator_learning_rate": 0.5, "discriminator_learning_rate": 0.1}


def test_what_is_optional_can_be_none(tmp_path):
    (tmp_path / "a.toml").write_text('generator_init_range = "none"\n')
    (tmp_path / "a.json").write_text('{"generator_init_range": null}')
    for name in ("a.toml", "a.json"):
        assert read_config(tmp_path / name) == {"generator_init_range": None}


def test_a_runs_record_and_its_folder_are_read(tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps({"gancli": "1", "config": {"dataset": "ring", "k": 2}, "data": {}})
    )
    assert read_config(tmp_path) == read_config(tmp_path / "config.json") == {"dataset": "ring", "k": 2}
    assert is_run(tmp_path)


def test_images_beside_a_config_are_no_run(tmp_path):
    assert not is_run(tmp_path)
    for text in ("[]", "3", '{"a": 1}', "not json"):
        (tmp_path / "config.json").write_text(text)
        assert not is_run(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "batchsize = 3\n", "{file}: unknown key 'batchsize'. Did you mean 'batch_size'?"),
        ("a.toml", "[networks]\n", "{file}: unknown key 'networks'."),
        ("a.toml", "steps = 1.5\n", "{file}: steps must be a whole number, got 1.5."),
        ("a.toml", "steps = true\n", "{file}: steps must be a whole number, got True."),
        ("a.toml", "mirror = 1\n", "{file}: mirror must be true or false, got 1."),
        (
            "a.toml",
            'generator_widths = ["a"]\n',
            "{file}: generator_widths must be a list of whole numbers, got ['a'].",
        ),
        ("a.toml", "preset = 3\n", "{file}: preset must be a name, got 3."),
        ("a.toml", 'lr = "a"\n', "{file}: lr must be a number, got 'a'."),
        ("a.json", "[1]", "{file} must hold names and values, got list."),
        ("a.ini", "", "--config {file} must be a .toml, .yaml or .json file."),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path, name, text, message):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_config(file)
    assert str(caught.value) == message.format(file=file)


@pytest.mark.parametrize(("name", "text"), [("a.toml", "steps ="), ("a.yaml", "a: ["), ("a.json", "{")])
def test_a_file_that_cannot_be_parsed_is_one_line(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(GancliError) as caught:
        read_config(file)
    assert re.fullmatch(rf"cannot read {re.escape(str(file))}: [^\n]+\.", str(caught.value))


def test_an_absent_file_is_one_line(tmp_path):
    with pytest.raises(GancliError) as caught:
        read_config(tmp_path / "a.toml")
    assert str(caught.value) == f"cannot read {tmp_path}/a.toml: No such file or directory."


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.toml", "dataset = 'digits'"), ("a.json", '{"dataset": "digits"}'), ("a.yaml", "dataset: digits")],
)
def test_the_mark_of_utf_8_is_no_text(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf-8-sig")
    assert read_config(tmp_path / name) == {"dataset": "digits"}


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_a_file_that_is_nested_too_deeply_is_one_line(tmp_path, name):
    (tmp_path / name).write_text("[" * 20_000)
    with pytest.raises(GancliError, match="cannot read"):
        read_config(tmp_path / name)
    assert not is_run(tmp_path)


def test_a_number_that_no_float_holds_is_refused(tmp_path):
    (tmp_path / "a.json").write_text(f'{{"lr": 1{"0" * 400}}}')
    with pytest.raises(UsageError, match=r"lr must be below 1\.8e308, got 100000000000\.\.\.\.$"):
        read_config(tmp_path / "a.json")
