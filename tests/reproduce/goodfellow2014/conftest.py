"""Made-up data of a few images stand in for those of the paper."""

import pytest

from gancli.workflows import few_images


@pytest.fixture(autouse=True)
def _no_data_is_too_small(monkeypatch):
    """Say nothing of few images, of which the paper's data has tens of thousands."""
    monkeypatch.setattr(few_images, "FEW_IMAGES", 0)
