"""A metric is added by one file and one entry, and then it is a flag, a row and a column."""

import importlib
import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from gancli.cli import evaluate as module
from gancli.metrics.catalog import METRICS, MetricEntry, Need
from gancli.registry import lazy

FILE = """
from gancli.metrics.inputs import Inputs, Measured


def measure(inputs: Inputs) -> Measured:
    value = float(inputs.pixels().mean() / 255)
    return Measured("mean-brightness", {"value": value}, {"n": inputs.num_samples}, inputs.draw, f"{value:.3f} of 1")
"""


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    """The command, with a flag for the toy."""
    (tmp_path / "toy_metric.py").write_text(FILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    entry = MetricEntry(
        label="brightness",
        flag="Mean of all pixels.",
        measure=lazy("toy_metric:measure"),
        columns={"value": "higher"},
        key="value",
        needs=(Need.IMAGES,),
        fewest=3,
        summary="The mean pixel, a toy.",
        use="Never.",
    )
    monkeypatch.setitem(METRICS._entries, "mean-brightness", entry)
    app = typer.Typer()
    app.command()(importlib.reload(module).evaluate)
    yield lambda *arguments: CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    monkeypatch.undo()
    importlib.reload(module)


def test_a_toy_metric_is_listed_measured_and_compared(evaluate, gancli, tmp_path):
    assert "mean-brightness   The mean pixel, a toy.\n" in gancli("list", "metrics")[1]
    assert "higher is better" in gancli("list", "metrics", "mean-brightness")[1]
    assert "Mean of all pixels." in evaluate("--help").output
    for name, pixel in (("dark", 51), ("light", 204)):
        np.save(tmp_path / f"{name}.npy", np.full((4, 8, 8, 1), pixel, np.uint8))
        found = evaluate(f"{name}.npy", "--mean-brightness", "--json", "--quiet")
        (tmp_path / f"{name}.json").write_text(found.stdout)
    assert json.loads(found.stdout)["metrics"]["mean_brightness"]["value"] == pytest.approx(0.8)
    assert "brightness  0.800 of 1" in evaluate("light.npy", "--mean-brightness", "--quiet").stdout
    _, out, _ = gancli("compare", "dark.json", "light.json")
    row = next(line for line in out.splitlines() if "brightness" in line)
    assert row.split() == ["mean-brightness", "↑", "0.2", "0.8", "*"]


def test_what_a_toy_metric_needs_is_checked(evaluate, tmp_path):
    np.save(tmp_path / "two.npy", np.zeros((2, 8, 8, 1), np.uint8))
    with pytest.raises(Exception, match=r"^--mean-brightness needs at least 3 images, got 2\.$"):
        evaluate("two.npy", "--mean-brightness")


def test_neighbors_and_splits_leave_enough_images():
    from gancli.metrics import density_coverage, inception_score, precision_recall

    assert METRICS["precision-recall"].fewest == precision_recall.NEIGHBORS + 1
    assert METRICS["density-coverage"].fewest == density_coverage.NEIGHBORS + 1
    assert METRICS["inception-score"].fewest == inception_score.SPLITS
