import gc

import pytest

from gancli.compute.garbage import NEW_OBJECTS
from gancli.workflows import processes


@pytest.fixture(autouse=True)
def _usual_thresholds():
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_a_command_looks_for_garbage_seldom(gancli):
    assert gancli("--version")[0] == 0
    assert gc.get_threshold()[0] == NEW_OBJECTS


def test_so_does_work_in_a_process_of_its_own():
    connection, process = processes.start(threshold)
    assert connection.recv() == ("result", NEW_OBJECTS)
    process.join()


def threshold(connection: object) -> int:
    del connection
    return gc.get_threshold()[0]
