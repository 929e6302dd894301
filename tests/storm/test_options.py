"""Options of every command with nonsense, and pairs of options: an answer or one line, and nothing is written."""

import functools
import os
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from gancli.cli.app import app
from gancli.config import settings
from tests.storm.damage import times

NONSENSE = (
    *("", " ", "x", "-1", "0", "1.5", "nan", "-inf", "1e400", str(10**20), "é\u202e", "a" * 5000, "../..", ",", "="),
    *("1,2", "0-10", "/dev/null", "none", "%s", "\t", "1e-400", "٣", "0x10", "1_000"),
)
COMMANDS: dict[str, Any] = getattr(typer.main.get_command(app), "commands")  # noqa: B009
# What a command needs before it looks at its options; a run that is not there ends each of them early.
ARGUMENTS = {
    "train": ("digits", "--print-config"),
    "sweep": ("nothing-there",),
    "compare": ("a.json", "b.json"),
    "list": ("losses",),
    "reproduce": ("nothing-there",),
    "encode": ("nowhere", "digits/test"),
    "edit": ("nowhere", "digits/test"),
    "inpaint": ("nowhere", "digits/test"),
    "classify": ("nowhere", "digits/test"),
    "translate": ("nowhere", "digits/test"),
}
LASTING = {"--help", "--help-all", "--version"}


def options_of(command):
    return [one for one in COMMANDS[command].params if one.param_type_name == "option" and not LASTING & set(one.opts)]


EVERY = [(command, option) for command in COMMANDS if command != "data" for option in options_of(command)]
FIELDS = [one for one in options_of("train") if one.name in settings()]
SENSE = (
    *("1", "2", "8", "0.5", "none", "true", "r1", "hinge", "dcgan", "mlp", "resnet", "adversarial", "cycle", "infogan"),
    *("completion", "semi-supervised", "bidirectional", "uniform", "mixture", "10,u", "half", "color", "sgd", "fid"),
)


@pytest.fixture(autouse=True)
def _empty(tmp_path, monkeypatch):
    """An empty folder; and commands that are built once, since all those options take a quarter of a second."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))


def check(gancli, *arguments):
    """Run a command: whatever it says, there is no traceback, a refusal is one line, and nothing is written."""
    code, _, err = gancli(*arguments)
    assert code in (0, 1, 2), (arguments, code, err)
    assert "Traceback" not in err, arguments
    if code:
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1 or err.startswith("Usage:"), (arguments, err)
    assert os.listdir() == [], (arguments, os.listdir())


@times(300)
@given(st.sampled_from(EVERY), st.sampled_from(NONSENSE))
def test_options_with_nonsense(gancli, chosen, value):
    command, option = chosen
    typed = (option.opts[0],) if option.is_flag else (option.opts[0], value)
    check(gancli, command, *ARGUMENTS.get(command, ("nowhere",)), *typed)


@times(150)
@given(st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from(SENSE)), min_size=2, max_size=4))
def test_options_that_may_not_go_together(gancli, chosen):
    typed = [
        word for option, value in chosen for word in ((option.opts[0],) if option.is_flag else (option.opts[0], value))
    ]
    check(gancli, "train", "digits", "--print-config", *typed)
