"""Settings and fixtures that every test shares."""

import functools
import gc
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main

# Before jax is imported: two devices, no terminal, no cache of the person who runs the tests.
os.environ.update(
    {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "2", "NO_COLOR": "1", "COLUMNS": "80", "TERM": "dumb"}
)
# Most of a test's time is compiling, and what runs so briefly is not worth all of the compiler's optimizations.
# Without any, it multiplies and adds in one rounding here and in two there: then a maximum equals none of its numbers
# and has no gradient. So instructions that do both stay out, which only x86 can do without.
if version("jaxlib").startswith("0.10."):  # others may end a process that names these flags
    os.environ["XLA_FLAGS"] = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ["XLA_FLAGS"] += " --xla_cpu_max_isa=AVX --xla_backend_optimization_level=0"
    else:
        os.environ["XLA_FLAGS"] += " --xla_backend_optimization_level=1"
else:
    os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=1"
for name in ("TFDS_DATA_DIR", "FORCE_COLOR"):
    os.environ.pop(name, None)

import jax
import numpy as np
from PIL import Image

from gancli.cli.app import entry_point
from gancli.cli.console import TerminalReporter
from gancli.compute.garbage import collect_seldom
from gancli.games import pair

jax.config.update("jax_numpy_rank_promotion", "raise")
# Every command lays out its options and networks; commands of the tests share them.
typer.main.get_command = functools.cache(typer.main.get_command)
pair.players = functools.lru_cache(maxsize=64)(pair.players)
gc.freeze()  # what was imported stays
collect_seldom()  # as commands do

ROOT = Path(__file__).parent.parent
MOST_MAPS = 10_000  # with which the tests of another file begin


# Of what is tested with many settings, the first few are tested always and the others by `make thorough`.
thorough = pytest.mark.skipif("GANCLI_THOROUGH" not in os.environ, reason="for `make thorough`, as are tests like it")


def first_of(cases: Sequence[Any], count: int = 1) -> list[Any]:
    """Return the parameters of a test, of which all but the first few are for ``make thorough``."""
    values = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [*cases[:count], *(pytest.param(*one, marks=thorough) for one in values[count:])]


def tiny(**changes: object) -> list[str]:
    """Return the options of a run of seconds, some of them changed, without those that its networks do not use."""
    options = {"steps": 20, "batch_size": 16, "log_every": 10, "sample_every": 20, "checkpoint_every": 10}
    options |= {"evaluate_every": 0}
    networks = {"generator_widths": 16, "discriminator_widths": 8, "maxout_pieces": 2, "latent_size": 4}
    if changes.get("model") in ("dcgan", "resnet", "toy"):
        networks = {"latent_size": 4}
    if changes.get("loss") == "mmd":
        networks = {"generator_widths": 16, "latent_size": 4}
    if changes.get("evaluate_every"):
        options |= {"evaluate_samples": 200}
    values = options | networks | changes
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", str(value))] + [
        "--quiet"
    ]


def write_folder(name: str, images: np.ndarray) -> None:
    """Write images ``[N, H, W, C]`` uint8 as PNGs into a new folder."""
    Path(name).mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(f"{name}/{index:04d}.png")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep the cache of the test session away from the user's, and share compiled programs between its processes."""
    cache = tmp_path_factory.mktemp("cache")
    shared = tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else cache
    os.environ |= {"XDG_CACHE_HOME": str(cache), "JAX_COMPILATION_CACHE_DIR": str(shared / "programs")}
    jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


@pytest.fixture(scope="module", autouse=True)
def _no_more_programs_than_a_process_can_hold():
    """Let compiled programs go in time: each takes memory maps, of which Linux gives a process 65 530."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_text().count("\n") > MOST_MAPS:
        jax.clear_caches()


@pytest.fixture
def gancli(capsys):
    """Run a command in this process; returns its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            entry_point([str(argument) for argument in arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def start():
    """Start a command in a process of its own, which ends with the test at the latest, also where tests are killed."""
    started: list[subprocess.Popen] = []

    def run(*arguments: object, **options: Any) -> subprocess.Popen:
        environment = {**options.pop("env", os.environ), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.child", *map(str, arguments)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, **options))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def hangups_count():
    """Let SIGHUP do what it does where nobody ignores it, here and in new processes, though pytest runs under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def rehearsed_once(monkeypatch):
    """Keep ``--dry-run`` from rehearsing once more in a new process, which it does on a CPU, for the peak of memory."""
    monkeypatch.setattr("jax.default_backend", lambda: "not a cpu")


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """A finished run on the embedded digits; tests must not change it."""
    from gancli.recipes.resolve import resolve
    from gancli.workflows.train import new_run

    folder = tmp_path_factory.mktemp("runs") / "digits"
    options = {
        "num_steps": 40,
        "batch_size": 32,
        "log_every": 10,
        "sample_every": 20,
        "checkpoint_every": 20,
        "evaluate_every": 0,
        "generator_widths": (32,),
        "discriminator_widths": (16,),
        "latent_size": 8,
    }
    new_run(resolve("digits", None, options), folder, TerminalReporter(quiet=True))
    return folder


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The folder with the original MNIST archives; skips where there is none."""
    root = Path(os.environ.get("GANCLI_TEST_DATA", ROOT.parent / "shared" / "data"))
    root = root if root.is_absolute() else ROOT / root
    if not (root / "mnist" / "train-images-idx3-ubyte.gz").is_file():
        pytest.skip(f"no MNIST archives in {root / 'mnist'}; set GANCLI_TEST_DATA to the folder that holds mnist/")
    return root
