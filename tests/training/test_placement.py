"""Where the data lies: what the user says, else what fits into half of the free memory."""

import dataclasses

import pytest

from gancli.compute import devices, hosts
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.training.placement import COPIED, DIVIDED, STREAMED, Placement, place

GIB = 2**30
CONFIG = TrainConfig(dataset="digits", devices=4, batch_size=8)
SIZE = 10 * GIB


@pytest.fixture
def accelerators(monkeypatch):
    """Say that devices have memories of their own, of this many free GiB."""

    def have(gibibytes):
        monkeypatch.setattr("jax.default_backend", lambda: "gpu")
        monkeypatch.setattr(devices, "free_memory", lambda: gibibytes if gibibytes is None else gibibytes * GIB)

    return have


@pytest.mark.parametrize(
    ("options", "free", "where", "reason"),
    [
        ({}, 20, COPIED, ""),
        ({}, 19, DIVIDED, "10.0 GiB, and 19.0 GiB are free on the device"),
        ({}, 5, DIVIDED, "10.0 GiB, and 5.0 GiB are free on the device"),
        ({}, 4, STREAMED, "2.5 GiB, and 4.0 GiB are free on the device"),
        ({}, None, COPIED, ""),
        ({"devices": 1}, 19, STREAMED, "10.0 GiB, and 19.0 GiB are free on the device"),
        ({"stream": "always"}, 100, STREAMED, "--stream always"),
        ({"stream": "never"}, 4, DIVIDED, "10.0 GiB, and 4.0 GiB are free on the device"),
        ({"stream": "never", "devices": 1}, 4, COPIED, ""),
        ({"stream": "never", "data_placement": "copied"}, 4, COPIED, ""),
        ({"data_placement": "copied"}, 19, STREAMED, "10.0 GiB, and 19.0 GiB are free on the device"),
        ({"data_placement": "divided"}, 100, DIVIDED, "--data-placement divided"),
        ({"data_placement": "divided"}, 4, STREAMED, "2.5 GiB, and 4.0 GiB are free on the device"),
        ({"data_placement": "divided", "stream": "never"}, 4, DIVIDED, "--data-placement divided"),
    ],
    ids=str,
)
def test_accelerators(accelerators, options, free, where, reason):
    accelerators(free)
    assert place(dataclasses.replace(CONFIG, **options), SIZE) == Placement(where, reason)


def test_one_device_has_nothing_to_divide():
    with pytest.raises(UsageError) as error:
        place(dataclasses.replace(CONFIG, devices=1, data_placement="divided"), SIZE)
    assert str(error.value) == "--data-placement divided needs several devices, and this run has one. Take auto."


@pytest.mark.parametrize(
    ("processes", "free", "where"), [(1, 80, COPIED), (1, 79, DIVIDED), (1, 19, STREAMED), (2, 40, COPIED)]
)
def test_the_devices_of_a_cpu_share_its_memory(monkeypatch, processes, free, where):
    monkeypatch.setattr(devices, "free_memory", lambda: free * GIB)
    monkeypatch.setattr(hosts, "count", lambda: processes)
    assert place(CONFIG, SIZE).where == where


@pytest.mark.parametrize(
    ("others", "placement"),
    [
        ([], Placement(DIVIDED, "own")),
        ([COPIED, DIVIDED], Placement(DIVIDED, "own")),
        ([DIVIDED, STREAMED], Placement(STREAMED, "another process has less memory")),
    ],
    ids=str,
)
def test_processes_agree_on_what_takes_least(others, placement):
    assert Placement(DIVIDED, "own").frugal(others) == placement
