"""A clock that jumps by a year whenever it is asked: training goes by another one."""

import json
import random
import time
from datetime import datetime, timedelta

import pytest

from gancli.errors import GancliError
from gancli.reporting import Silence
from gancli.runs.folder import Run
from gancli.runs.lock import alone_in
from tests.storm.hits import COUNTS
from tests.storm.survival import check_whole, training

pytestmark = pytest.mark.usefixtures("counted")
YEAR = 365 * 24 * 3600
FORWARDS, BACKWARDS = "a year forwards", "a year backwards"


@pytest.fixture
def jumps(monkeypatch):
    """Let the time of day jump whenever it is asked, here and in the libraries."""
    rng, day, nanoseconds = random.Random(0), time.time, time.time_ns

    def away() -> int:
        sign = rng.choice((-1, 1))
        COUNTS["the time of day", FORWARDS if sign > 0 else BACKWARDS] += 1
        return sign * YEAR

    class Jumping(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=away())

    monkeypatch.setattr(time, "time", lambda: day() + away())
    monkeypatch.setattr(time, "time_ns", lambda: nanoseconds() + 10**9 * away())
    monkeypatch.setattr("gancli.cli.console.datetime", Jumping)


@pytest.mark.usefixtures("jumps")
def test_a_run_does_not_go_by_the_time_of_day(gancli, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("gancli.cli.console.SECONDS_BEFORE_FORECAST", 0)
    command = [word for word in training("ring", tmp_path / "run") if word != "--quiet"]
    began = time.perf_counter()
    code, out, err = gancli(*command, "--json")
    took = time.perf_counter() - began
    assert (code, err.count("done at about ")) == (0, 1)
    assert len(COUNTS) == 2
    check_whole(tmp_path / "run", whole)
    result = json.loads(out)
    assert 0 < result["seconds"] < took
    assert 0 < result["evaluation_seconds"] < took
    lines = Run.open(tmp_path / "run").metrics()
    assert all(5 * 16 / took < line["images_per_second"] < 1e9 for line in lines)


@pytest.mark.usefixtures("jumps")
def test_a_lock_waits_as_long_as_ever(tmp_path):
    began = time.perf_counter()
    with alone_in(tmp_path, Silence()), pytest.raises(GancliError, match="is in use"), alone_in(tmp_path, Silence()):
        pass
    assert time.perf_counter() - began < 30
