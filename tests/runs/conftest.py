"""A run that a test may damage."""

import shutil

import pytest

from gancli.runs.folder import Run


@pytest.fixture
def run(digits_run, tmp_path):
    """A copy of a finished run."""
    folder = tmp_path / "run"
    shutil.copytree(digits_run, folder)
    return Run.open(folder)
