"""What becomes of an error that no command expects."""

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
