import pytest
from gancli.training.delivery import why_streamed

from gancli.config import TrainConfig
from gancli.games.pair import GAN

GIB = 2**30


def game(**options):
    return GAN.build(TrainConfig(dataset="digits", **options), (8, 8, 1), True, 1000)


@pytest.mark.parametrize(
    ("stream", "size", "free", "reason"),
    [
        ("auto", 5 * GIB, 10 * GIB, None),
        ("auto", 5 * GIB + 1, 10 * GIB, "5.0 GiB, and 10.0 GiB are free on the device"),
        ("auto", int(12.3 * GIB), int(10.1 * GIB), "12.3 GiB, and 10.1 GiB are free on the device"),
        ("auto", 5 * GIB, None, None),
        ("never", 5 * GIB, GIB, None),
        ("always", 1, GIB, "--stream always"),
    ],
)
def test_data_is_streamed_from_half_of_the_free_memory_on(monkeypatch, stream, size, free, reason):
    monkeypatch.setattr("gancli.compute.devices.free_memory", lambda: free)
    assert why_streamed(game(stream=stream), size) == reason


def test_devices_of_one_memory_have_a_copy_each(monkeypatch):
    monkeypatch.setattr("gancli.compute.devices.free_memory", lambda: 10 * GIB)
    assert why_streamed(game(devices=2), 5 * GIB // 2) is None
    assert why_streamed(game(devices=2), 3 * GIB) == "6.0 GiB, and 10.0 GiB are free on the device"
