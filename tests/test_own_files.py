"""Things of a user's own file."""

import hashlib
from pathlib import Path

import pytest

from gancli import own_files
from gancli.errors import UsageError
from gancli.registry import Registry

TEXT = "count = [0]\ncount[0] += 1\nword = 'one'\n"
OTHER = TEXT.replace("'one'", "'two'")
ENTRIES: Registry = Registry("thing", {"hinge": "gancli's own"})


def word(found: object) -> str | None:
    return found if isinstance(found, str) else None


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(TEXT)
    return path


def load(name, kept=None):
    return own_files.choose(ENTRIES, "--thing", name, word, "a word", kept)


def test_names_of_files_hold_in_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert own_files.absolute("mine.py:word") == f"{tmp_path}/mine.py:word"
    assert own_files.absolute("hinge") == "hinge"
    assert own_files.without_folder(f"{tmp_path}/mine.py:word") == "mine.py:word"
    assert own_files.without_folder("a/b") == "a/b"


def test_a_name_without_a_file_is_that_of_an_entry():
    assert load("hinge") == "gancli's own"
    with pytest.raises(UsageError, match="unknown thing 'hindge'"):
        load("hindge")


def test_a_file_is_run_once_for_each_content(own):
    counter = own_files.choose(ENTRIES, "--thing", f"{own}:count", lambda found: found, "a count")
    assert load(f"{own}:word") == "one"
    assert counter == [1]
    assert own_files.choose(ENTRIES, "--thing", f"{own}:count", lambda found: found, "a count") is counter
    own.write_text(OTHER)
    assert load(f"{own}:word") == "two"


def test_a_run_goes_by_the_text_that_it_kept(own):
    name = f"{own}:word"
    kept = own_files.keep("--thing", name)
    assert kept == {"text": TEXT, "sha256": hashlib.sha256(TEXT.encode()).hexdigest()}
    own.write_text(OTHER)
    assert load(name, kept) == "one"
    with pytest.raises(UsageError) as caught:
        own_files.check_unchanged("--thing", name, kept, "runs/a")
    assert str(caught.value) == (
        f"--thing {name}: the file is not as it was when the run in 'runs/a' began: a run goes on as it began. "
        f"Choose another --outdir for a new one."
    )
    own.unlink()
    assert load(name, kept) == "one"
    own_files.check_unchanged("--thing", name, kept, "runs/a")
    own.write_text(TEXT)
    own_files.check_unchanged("--thing", name, kept, "runs/a")
    assert own_files.keep("--thing", "hinge") is None
    own_files.check_unchanged("--thing", "hinge", None, "runs/a")


def test_what_a_file_defines_may_be_a_dataclass(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from __future__ import annotations\nimport dataclasses\n\n@dataclasses.dataclass\nclass Pair:\n    one: int\n"
    )
    assert own_files.choose(ENTRIES, "--thing", f"{path}:Pair", lambda found: found, "a class")(3).one == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read {path}: No such file or directory."),
        (b"\xff", "{path} is no Python file: it must be UTF-8 text."),
        (b"1 / 0", "running {path} failed: ZeroDivisionError: division by zero."),
        (b"word = (", "running {path} failed: SyntaxError: '(' was never closed (bad.py, line 1)."),
        (b"word = 3", "{path} must define 'word' as a word."),
        (b"other = 'x'", "{path} must define 'word' as a word."),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path, content, message):
    path = tmp_path / "bad.py"
    if content is not None:
        Path(path).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load(f"{path}:word")
    assert str(caught.value) == f"--thing {path}:word: {message.format(path=path)}"


def test_the_mark_of_utf_8_is_no_text(tmp_path):
    (tmp_path / "a.py").write_text("loss = 3", "utf-8-sig")
    assert own_files.OwnFile.read("--loss", f"{tmp_path / 'a.py'}:loss").text == "loss = 3"
