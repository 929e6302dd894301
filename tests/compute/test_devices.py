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
        monkeypatch.setattr(devices.jax, "local_devices", lambda stats=stats: [Device(stats)])
        assert devices.free_memory() == free


CURE = "Unset it, set it to cpu, or install what JAX needs for that device (pip install '.[cuda]' or '.[tpu]')."


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("JAX_PLATFORMS", AssertionError(), f"JAX_PLATFORMS='x' names what JAX does not find on this machine. {CURE}"),
        (
            "JAX_PLATFORMS",
            RuntimeError("Unable to initialize backend 'x': no. (set JAX_PLATFORMS='' to choose one)\nmore"),
            "JAX_PLATFORMS='x' names what JAX does not find on this machine (Unable to initialize backend 'x': no). "
            + CURE,
        ),
        (
            "JAX_PLATFORM_NAME",
            RuntimeError("Unknown backend x."),
            f"JAX_PLATFORM_NAME='x' names what JAX does not find on this machine (Unknown backend x). {CURE}",
        ),
        ("", RuntimeError("a plugin fails"), "JAX finds no device to compute on (a plugin fails)."),
    ],
)
def test_a_device_that_is_not_there_is_named_with_its_cure(monkeypatch, name, error, said):
    def fail():
        raise error

    assert devices.why_none() is None
    for one in ("JAX_PLATFORMS", "JAX_PLATFORM_NAME"):
        monkeypatch.delenv(one, raising=False)
    if name:
        monkeypatch.setenv(name, "x")
    monkeypatch.setattr(devices.jax, "devices", fail)
    assert devices.why_none() == said


def test_what_the_compilers_read_is_recorded(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--one=1")
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    assert devices.describe()["environment"] == {"XLA_FLAGS": "--one=1"}
