"""A clock that jumps by a year or two between chunks of steps: training goes by another one."""

import json
import random
import time
from datetime import datetime, timedelta

import pytest

from gancli.runs.folder import Run
from gancli.training import loop
from tests.storm.hits import COUNTS
from tests.storm.survival import STEPS, check_whole, training

pytestmark = pytest.mark.usefixtures("counted")
YEAR = 365 * 24 * 3600
FORWARDS, BACKWARDS = "forwards", "backwards"


@pytest.fixture
def jumps(monkeypatch):
    """Let the time of day jump before each chunk of steps, here and in the libraries; and now."""
    rng, day, nanoseconds, run_steps = random.Random(0), time.time, time.time_ns, loop.run_steps
    away = [YEAR]

    def jump(*arguments):
        before = away[0]
        away[0] = rng.choice([one for one in (-YEAR, 0, YEAR) if one != before])
        COUNTS["the time of day", FORWARDS if away[0] > before else BACKWARDS] += 1
        return run_steps(*arguments)

    class Jumping(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=away[0])

    monkeypatch.setattr(time, "time", lambda: day() + away[0])
    monkeypatch.setattr(time, "time_ns", lambda: nanoseconds() + 10**9 * away[0])
    monkeypatch.setattr("gancli.cli.console.datetime", Jumping)
    monkeypatch.setattr(loop, "run_steps", jump)


@pytest.mark.usefixtures("jumps")
def test_a_run_does_not_go_by_the_time_of_day(gancli, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("gancli.cli.console.SECONDS_BEFORE_FORECAST", 0)
    command = [word for word in training("ring", tmp_path / "run") if word != "--quiet"]
    began = time.perf_counter()
    code, out, err = gancli(*command, "--json")
    took = time.perf_counter() - began
    assert (code, err.count("done at about ")) == (0, 1), err
    assert sum(COUNTS.values()) == STEPS // 5
    check_whole(tmp_path / "run", whole)
    result = json.loads(out)
    assert 0 < result["seconds"] < took
    assert 0 < result["evaluation_seconds"] < took
    lines = Run.open(tmp_path / "run").metrics()
    assert all(5 * 16 / took < line["images_per_second"] < 1e9 for line in lines)
