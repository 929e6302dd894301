"""From a time to steps: what is measured, what is derived from it, and what the user hears."""

import json
from pathlib import Path

import numpy as np
import pytest

from gancli.cli.options import parse_time
from gancli.errors import UsageError
from gancli.recipes.resolve import resolve
from gancli.reporting import Silence
from gancli.workflows import budget
from tests.conftest import tiny, write_folder


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Listener(Silence):
    def __init__(self):
        self.heard = []

    def status(self, message):
        self.heard.append(message)


@pytest.fixture
def pretend(monkeypatch):
    """Make networks of so many channels take so many steps in a second."""

    def set_speeds(speeds):
        monkeypatch.setattr(budget, "steps_per_second", lambda config, *_: speeds[config.base_channels])

    return set_speeds


def within(seconds, said=(), most_steps=None, **options):
    listener = Listener()
    config = resolve("./some", None, options)
    return budget.within(config, seconds, said, listener, most_steps=most_steps), listener.heard


def test_steps_are_those_that_fit_less_what_evaluations_take(pretend):
    pretend({64: 5.0})
    config, heard = within(3600)
    assert (config.num_steps, config.base_channels, config.evaluate_every) == (16_000, 64, 1000)
    assert heard == [
        "measuring a second of training, for as many steps as take 1 h 0 min",
        "--base-channels 64, --steps 16000: they take about 59 min here",
    ]


@pytest.mark.parametrize(
    ("speeds", "said", "channels", "steps"),
    [
        ({64: 1.0, 32: 3.5}, (), 32, 11_000),
        ({64: 0.5, 32: 1.0}, (), 32, 3200),  # no narrower ones
        ({64: 1.0}, ("base_channels",), 64, 3200),
    ],
)
def test_networks_are_narrowed_until_there_are_steps_enough(pretend, speeds, said, channels, steps):
    pretend(speeds)
    config, _ = within(3600, said)
    assert (config.base_channels, config.num_steps) == (channels, steps)


def test_a_fast_machine_goes_no_further_than_the_recipe(pretend):
    pretend({64: 1000.0})
    assert within(3600, most_steps=20_000)[0].num_steps == 20_000
    assert within(3600)[0].num_steps == 3_200_000


def test_short_runs_are_evaluated_more_often_unless_said(pretend):
    pretend({32: 1.0, 64: 1.0})
    assert within(3600)[0].evaluate_every == 320
    assert within(600)[0].evaluate_every == 100  # of 540 steps: five times
    assert within(60)[0].evaluate_every == 54  # at the end
    assert within(60, ("evaluate_every",))[0].evaluate_every == 1000
    assert within(60, evaluate_every=0)[0].evaluate_every == 0


def test_a_second_is_measured_and_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    config = resolve("digits", None, {"generator_widths": (16,), "discriminator_widths": (8,), "num_steps": 1})
    assert 1 < budget.steps_per_second(config, None, Silence()) < 1e6
    assert not list(tmp_path.iterdir())


def test_the_time_of_a_run_is_kept_as_steps(gancli, pretend):
    pretend({64: 0.6})
    options = tiny(loss="non-saturating")
    del options[options.index("--steps") : options.index("--steps") + 2]
    assert gancli("train", "digits", "--time", "40s", "--outdir", "timed", *options)[0] == 0
    assert json.loads(Path("timed/config.json").read_text())["config"]["num_steps"] == 21


def test_your_own_images_are_given_an_hour(gancli, monkeypatch):
    write_folder("some", np.zeros((20, 8, 8, 1), np.uint8))
    asked = []

    def within(config, seconds, said, reporter, data_dir, *, most_steps):
        asked.append((seconds, most_steps))
        raise UsageError("enough")

    monkeypatch.setattr(budget, "within", within)
    assert gancli("train", "some")[0] == 2
    assert gancli("train", "some", "--time", "2h")[0] == 2
    assert asked == [(3600.0, 20_000), (7200.0, None)]
    options = tiny(model="dcgan", base_channels=2, steps=1, batch_size=4)
    assert gancli("train", "some", "--outdir", "own", *options)[0] == 0
    assert gancli("train", "--outdir", "own", "--resume", "--steps", "2")[0] == 0
    assert len(asked) == 2


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400), ("2d", 172_800)])
def test_times_are_read(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["30", "m", "-1h", "1 h", "1e3s", "0.1s", "9999d", "1h30m", ""])
def test_other_times_are_refused(gancli, text):
    code, out, err = gancli("train", "digits", "--time", text)
    assert (code, out) == (2, "")
    assert err == f"error: --time must be from 10s to 365d, as in 90s, 30m, 1.5h or 2d, got '{text}'.\n"


def test_a_time_and_steps_exclude_each_other(gancli):
    assert gancli("train", "digits", "--time", "1h", "--steps", "5")[2] == (
        "error: --time and --steps exclude each other: a time is turned into steps.\n"
    )
    assert gancli("train", "digits", "--outdir", "done", *tiny(steps=10))[0] == 0
    assert gancli("train", "--outdir", "done", "--resume", "--time", "1h")[2] == (
        "error: --time is for a new run. To go further with this one, say --steps.\n"
    )
    code, _, err = gancli("train", "digits", "--outdir", "done", "--resume", "auto", "--time", "1h", "--quiet")
    assert (code, err) == (0, "warning: --time 1h is not used: the run in 'done' goes on to its own steps.\n")
