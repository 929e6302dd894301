import pytest

from gancli.workflows.delivery import why_streamed

GIB = 2**30


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
    monkeypatch.setattr("gancli.devices.free_memory", lambda: free)
    assert why_streamed(stream, size) == reason
