import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from gancli.compute import environment
from gancli.errors import GancliError

MOVING = {
    "JAX_ENABLE_X64": "1",
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "JAX_THREEFRY_PARTITIONABLE": "0",
    "JAX_NUMPY_DTYPE_PROMOTION": "strict",
    "JAX_RANDOM_SEED_OFFSET": "7",
    "JAX_ENABLE_CUSTOM_PRNG": "1",
    "JAX_DISABLE_JIT": "1",
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "JAX_SOFTMAX_CUSTOM_JVP": "1",
    "JAX_DEBUG_NANS": "1",
    "EAGER_CONSTANT_FOLDING": "1",
    "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
}
HEEDED = {
    *("jax_platforms", "jax_platform_name", "jax_num_cpu_devices", "jax_cuda_visible_devices"),
    *("jax_rocm_visible_devices", "jax_oneapi_visible_devices", "jax_enable_compilation_cache"),
    *("jax_raise_persistent_cache_errors", "jax_explain_cache_misses", "jax_log_compiles", "jax_logging_level"),
    *("jax_debug_log_modules", "jax_compiler_detailed_logging_min_ops", "jax_traceback_filtering"),
    *("jax_dump_ir_to", "jax_dump_ir_modes"),
}


def test_only_where_how_and_what_is_logged_is_the_users_choice():
    heeded = {name for name in jax.config.values if environment.HEEDED.fullmatch(name.upper())}
    caches = {name for name in jax.config.values if name.startswith(("jax_compilation_cache", "jax_persistent_cache"))}
    assert heeded == HEEDED | caches


def test_what_moves_numbers_is_taken_out_and_named(monkeypatch):
    for name, value in MOVING.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JAX_LOG_COMPILES", "0")
    assert environment.settle() == sorted(MOVING)
    assert not set(MOVING) & set(os.environ)
    assert os.environ["JAX_LOG_COMPILES"] == "0"
    assert environment.settle() == []


@pytest.mark.parametrize("value", ["abc", "0", "-1", "1e3", "", "70000", "9" * 5000, "²"])
def test_a_number_of_devices_is_one(monkeypatch, value):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", value)
    with pytest.raises(GancliError) as refused:
        environment.settle()
    assert str(refused.value) == (
        f"JAX_NUM_CPU_DEVICES must be a number from 1 to 1024, got '{value}'. Set one, or unset it."
    )


def test_samples_are_the_same_in_every_environment(gancli, digits_run, tmp_path):
    assert gancli("sample", digits_run, "-n", 3, "-o", tmp_path / "here.npz")[0] == 0
    command = [sys.executable, "-m", "gancli", "sample", digits_run, "-n", "3", "-o", tmp_path / "there.npz"]
    done = subprocess.run(command, env=os.environ | MOVING, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        f"warning: {name} is not used: no number may depend on the environment." for name in sorted(MOVING)
    ]
    here, there = (np.load(tmp_path / f"{name}.npz") for name in ("here", "there"))
    for name in here:
        np.testing.assert_array_equal(here[name], there[name])


@pytest.mark.parametrize(("name", "value"), [("JAX_LOG_COMPILES", "maybe"), ("JAX_TRACEBACK_FILTERING", "maybe")])
def test_a_value_that_jax_refuses_is_one_line(digits_run, name, value):
    command = [sys.executable, "-m", "gancli", "sample", digits_run]
    done = subprocess.run(command, env=os.environ | {name: value}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: JAX cannot use {name}='{value}'. Set another value, or unset it.\n"
