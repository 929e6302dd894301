"""What becomes of an error that no command expects."""

import errno
import os

import pytest


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.\n[allocator]"),
            "Out of memory while trying to allocate 9 bytes",
        ),
        (MemoryError("Unable to allocate 8.00 EiB for an array with shape (2,)"), "Unable to allocate 8.00 EiB for an"),
        (RuntimeError("INTERNAL: something else"), None),
    ],
)
def test_a_lack_of_memory_is_told_from_a_bug(gancli, monkeypatch, error, said):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("gancli.cli.app.app", fail)
    if said is None:
        with pytest.raises(RuntimeError, match="something else"):
            gancli("list")
    else:
        code, _, err = gancli("list")
        assert (code, err.count("\n")) == (1, 1)
        assert err.startswith(f"error: memory is full: {said}")


def test_what_the_system_refuses_is_one_line(gancli, tmp_path):
    name = "x" * 300  # longer than any file system takes
    for arguments in (
        ("train", name),
        ("train", "digits", "--outdir", name, "--steps", 1),
        ("train", "--config", f"{name}.toml"),
        ("sample", name),
        ("evaluate", name, "--fid"),
        ("evaluate", "digits", "--fid", "--against", name),
        ("parzen", name),
        ("compare", name, name),
        ("export", name, "--output", tmp_path / "out"),
        ("interpolate", name),
    ):
        code, out, err = gancli(*arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("error: cannot ")
        assert err.endswith(": File name too long.\n")


def test_a_lack_of_memory_without_a_word_is_one_line(gancli, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("gancli.cli.app.app", fail)
    code, _, err = gancli("list")
    assert (code, err.startswith("error: memory is full. Smaller batches")) == (1, True)


@pytest.mark.parametrize(("number", "is_said"), [(errno.EIO, True), (errno.ENOSPC, True), (errno.EBADF, False)])
def test_a_disk_that_fails_is_told_from_a_bug(gancli, monkeypatch, number, is_said):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))  # a read or a write of an open file names none

    monkeypatch.setattr("gancli.cli.app.app", fail)
    if is_said:
        assert gancli("list") == (1, "", f"error: cannot use the disk: {os.strerror(number)}.\n")
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            gancli("list")
