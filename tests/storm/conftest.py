"""Counts of a storm, printed at its end."""

from collections import Counter

import pytest

from tests.storm.hits import COUNTS, Command
from tests.storm.survival import training

HITS = "hits"


@pytest.fixture
def counted(record_property):
    """Report how often a test hit what."""
    COUNTS.clear()
    yield
    record_property(HITS, [[*what, count] for what, count in COUNTS.items()])


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """An unbroken run of points, with all of its checkpoints."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert Command(training("ring", folder, keep=1000)).end()[::2] == (0, "")
    return folder


def pytest_terminal_summary(terminalreporter):
    """Print all hits, by moment and kind."""
    found: Counter[tuple[str, str]] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, hits in getattr(report, "user_properties", ()):
                if name == HITS and report.when == "teardown":
                    found.update({(moment, kind): count for moment, kind, count in hits})
    if not found:
        return
    kinds = sorted({kind for _, kind in found})
    terminalreporter.section("hits")
    width = max(len(moment) for moment, _ in found)
    terminalreporter.write_line("  ".join([" " * width, *kinds, "all"]))
    for moment in dict.fromkeys(moment for moment, _ in found):
        numbers = [found[moment, kind] for kind in kinds]
        cells = [f"{count:{len(kind)}}" for count, kind in zip(numbers, kinds, strict=True)]
        terminalreporter.write_line("  ".join([f"{moment:{width}}", *cells, f"{sum(numbers):3}"]))
    terminalreporter.write_line(f"{sum(found.values())} hits")
