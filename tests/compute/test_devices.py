import psutil
import pytest

from gancli.compute import devices


def test_a_cpu_has_the_memory_of_the_machine():
    free = devices.free_memory()
    assert free is not None
    assert 0 < free < psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("limit", "left"),
    [("max", None), ("1000", 1000 - 700 + 300), ("350", 0)],
)
def test_a_container_may_have_less(tmp_path, limit, left):
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 400\nfile 300\ninactive_file 300\n")
    assert devices._left_in_container(tmp_path) == left
    assert devices._left_in_container(tmp_path / "nowhere") is None


def test_an_accelerator_says_what_it_has(monkeypatch):
    class Device:
        platform = "gpu"

        def __init__(self, stats):
            self.memory_stats = lambda: stats

    for stats, free in (({"bytes_limit": 100, "bytes_in_use": 30}, 70), ({}, None), (None, None)):
        monkeypatch.setattr(devices.jax, "devices", lambda stats=stats: [Device(stats)])
        assert devices.free_memory() == free
