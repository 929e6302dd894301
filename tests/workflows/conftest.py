"""A run that the tests of training compare with."""

import pytest

from tests.conftest import tiny


@pytest.fixture(scope="package")
def straight(tmp_path_factory):
    """An uninterrupted run of 40 steps, to compare with."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("straight") / "run"
    with pytest.raises(SystemExit) as stop:
        entry_point(["train", "digits", "--outdir", str(folder), *tiny(steps=40)])
    assert not stop.value.code
    return folder
