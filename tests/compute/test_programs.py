"""Compiled programs on disk, and what becomes of those that are not whole."""

import os
import subprocess
import sys
import warnings
import zlib

import jax
import pytest

from gancli.compute import programs

TORN = """
import sys
from pathlib import Path
import jax
from gancli.compute.programs import keep_compiled_programs

def double(x):
    return 2 * x

def kept():
    (found,) = Path(sys.argv[1], "gancli", "xla").glob("jit_double-*-cache")
    return found

keep_compiled_programs()
jax.jit(double)(1.0)
kept().write_bytes(kept().read_bytes()[:100])  # as where a process is killed
jax.clear_caches()
print(jax.jit(double)(1.0), len(kept().read_bytes()) > 100)
"""


def test_a_part_of_a_program_is_replaced_without_a_word(tmp_path):
    unset = ("JAX_COMPILATION_CACHE_DIR", "XLA_FLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    found = subprocess.run(
        [sys.executable, "-c", TORN, str(tmp_path)],
        env=environment | {"XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (found.stdout, found.stderr) == ("2.0 True\n", "")


@pytest.fixture
def shown(tmp_path):
    """Keep programs in a folder; returns what is shown of a warning."""
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    programs._say_once.cache_clear()

    def run(text):
        with warnings.catch_warnings(record=True) as usual:
            warnings.simplefilter("always")
            programs.keep_compiled_programs()
            warnings.warn(text, stacklevel=1)
        return [str(one.message) for one in usual]

    yield run
    jax.config.update("jax_compilation_cache_dir", before)


def entry(doing, reason):
    return f"Error {doing} persistent compilation cache entry for 'jit_f': {reason}"


def test_only_parts_of_its_name_go(tmp_path, shown):
    whole = zlib.compress(b"a program")
    files = {"jit_f-1-cache": whole, "jit_f-2-cache": whole[:5], "jit_f-3-cache": b"", "jit_g-1-cache": whole[:5]}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert shown(entry("reading", "error: incomplete")) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["jit_f-1-cache", "jit_g-1-cache"]
    assert shown(entry("reading", "error: another")) == [entry("reading", "error: another")]  # no part is to blame


def test_what_cannot_be_read_or_removed_ends_nothing(tmp_path, shown):
    (tmp_path / "jit_f-1-cache").mkdir()
    (tmp_path / "jit_f-2-cache").symlink_to(tmp_path / "gone")  # as where another process removes it first
    assert shown(entry("reading", "error: incomplete")) == []
    assert [one.name for one in tmp_path.iterdir()] == ["jit_f-1-cache"]
    assert shown(entry("reading", "error: a folder")) == [entry("reading", "error: a folder")]


def test_a_full_disk_is_one_line(tmp_path, shown, capsys):
    (tmp_path / "jit_f-1-cache").write_bytes(zlib.compress(b"a program")[:5])
    for _ in range(2):
        assert shown(entry("writing", "OSError: [Errno 28] No space left on device")) == []
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == (
        "warning: cannot keep compiled programs: OSError: [Errno 28] No space left on device. "
        "The next command compiles them again.\n"
    )


def test_other_warnings_are_shown_as_before(shown):
    assert shown("of something else") == ["of something else"]
