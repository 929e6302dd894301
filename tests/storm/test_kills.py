"""A training that is killed, stopped and continued at random moments: nothing saved is lost, no bit is another one."""

import os
import random
import re
import shutil
import signal
import time

import numpy as np
import pytest

from tests.conftest import write_folder
from tests.storm.damage import STORM
from tests.storm.hits import COUNTS, MOMENTS, Command, hit
from tests.storm.survival import BEGIN_AGAIN, KEPT, check_saved, check_whole, finish, training, visible
from tests.together import begin, child_of, ends

pytestmark = [pytest.mark.usefixtures("counted"), pytest.mark.timeout(1800)]
HITS = 4 if STORM == 1 else 6  # of a test
ON_IMAGES = {"model": "mlp", "resolution": 8, "evaluate_every": 0, "evaluate_samples": None}
WHILE_TRAINING = [name for name in MOMENTS if name != "preparing images"]
REFUSED = re.compile("is in use|already holds a run")  # the latter where it was done before this one looked again
STOPPED = re.compile(r"error: stopped by SIGTERM\.|stopped by SIGTERM at step (\d+); saved\. Continue with --resume\.")


def check_end(code: int, err: str, number: signal.Signals | None) -> int | None:
    """Check the end of a command that was hit; return the step that it says it saved."""
    lines = [line for line in err.splitlines() if not BEGIN_AGAIN.fullmatch(line)]
    if number == signal.SIGTERM and code != 0:
        stopped = STOPPED.fullmatch(lines.pop())
        assert (code, bool(stopped)) == (143, True), err
        step = stopped and stopped[1]
    else:
        assert code == (-9 if number == signal.SIGKILL else 0), err
        step = None
    assert lines == [], err
    return int(step) if step else None


@pytest.mark.parametrize("number", range(STORM))
def test_hits_while_training(whole, tmp_path, number):
    rng, promised, folder = random.Random(number), [], tmp_path / "run"
    while sum(COUNTS.values()) < HITS:
        command = Command(training("ring", folder, keep=KEPT))
        ended = hit(command, rng, WHILE_TRAINING, lambda: promised.extend(visible(folder)))
        code, _, err = command.end()
        if saved := check_end(code, err, ended):
            promised.append(saved)
        if code == 0:
            check_whole(folder, whole)
            shutil.rmtree(folder)
            promised.clear()
        else:
            check_saved(folder, promised, whole)
    finish("ring", tmp_path, whole)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder of images, and an unbroken run on them."""
    place = tmp_path_factory.mktemp("images")
    pixels = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 1), np.uint8)
    write_folder(str(place / "images"), pixels)
    cache = {"XDG_CACHE_HOME": str(place / "cache")}
    command = Command(training(place / "images", place / "whole", keep=1000, **ON_IMAGES), cache)
    assert command.end()[0] == 0
    return place


@pytest.mark.parametrize("number", range(STORM))
def test_hits_while_images_are_prepared(images, tmp_path, number):
    rng, folder, cache = random.Random(number), tmp_path / "run", {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    arguments = training(images / "images", folder, **ON_IMAGES)
    while sum(COUNTS.values()) < HITS // 2:
        command = Command(arguments, cache)
        ended = hit(command, rng, ["preparing images"], lambda: None)
        code, _, err = command.end()
        if ended is not None:
            assert code == (-9 if ended == signal.SIGKILL else 143), err
        else:
            shutil.rmtree(tmp_path / "cache")  # all is prepared: once more
    assert Command(arguments, cache).end()[0] == 0
    check_whole(folder, images / "whole")


@pytest.mark.parametrize("number", range(STORM))
def test_commands_that_begin_one_run_at_a_time(whole, tmp_path, number):
    """One of them trains; the others are refused, or come when it is done."""
    folder, rng = tmp_path / "run", random.Random(number)
    commands = []
    for _ in range(4):
        commands.append(Command(training("ring", folder)))
        time.sleep(rng.choice((0, 0, 0.01, 0.1)))
    for code, _, err in [one.end() for one in commands]:
        COUNTS["one folder for several commands", "refused" if code else "trained"] += 1
        assert (code, err) == (0, "") or (code, bool(REFUSED.search(err)), err.count("\n")) == (1, True, 1), err
    assert COUNTS["one folder for several commands", "trained"] >= 1
    check_whole(folder, whole)


@pytest.fixture(scope="module")
def whole_of_two(tmp_path_factory):
    """An unbroken run of points on two devices."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert Command(training("ring", folder, keep=1000, devices=2)).end()[::2] == (0, "")
    return folder


@pytest.mark.skipif(STORM == 1, reason="for storms (GANCLI_STORM); tests/cli/test_hosts.py hits two processes always")
@pytest.mark.parametrize("number", range(STORM))
def test_hits_of_one_of_two_processes(start, whole_of_two, tmp_path, number):
    rng, folder, promised = random.Random(number), tmp_path / "run", []
    numbers = [signal.SIGKILL, signal.SIGTERM]
    for signal_number in rng.sample(numbers, 2):
        victim = rng.randrange(2)
        processes = begin(start, training("ring", folder, keep=KEPT, devices=2))
        log = folder / "metrics.jsonl"
        size = log.stat().st_size if log.exists() else 0
        while all(one.poll() is None for one in processes) and not (log.exists() and log.stat().st_size > size):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, rng.choice((0.01, 0.3))))
        promised += visible(folder)
        hit_one = child_of(processes[victim]) if signal_number == signal.SIGKILL else processes[victim].pid
        os.kill(hit_one, signal_number)
        COUNTS[f"process {victim} of two", signal_number.name] += 1
        for code, _, err in ends(processes):
            assert code in (0, 1 if signal_number == signal.SIGKILL else 143), err
            assert "Traceback" not in err
        check_saved(folder, promised, whole_of_two)
    finish("ring", tmp_path, whole_of_two, devices=2)
