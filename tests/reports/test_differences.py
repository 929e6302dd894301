"""What runs differ in."""

import pytest

from gancli.imaging.charts import Curve
from gancli.reports.differences import comparison, overlaid
from tests.reports.recorded import measured, recorded


@pytest.fixture
def make(digits_run, tmp_path):
    """Return a function that makes a run with the given lines."""
    return lambda name, *lines, **changes: recorded(digits_run, tmp_path / name, list(lines), **changes)


def test_settings_that_differ_are_told_and_no_others(make):
    runs = [make("a", measured(40)), make("b", measured(40), seed=3, batch_size=16)]
    found = comparison(runs)
    assert found.settings.headings == ("setting", "a", "b")
    assert found.settings.rows == (("--seed", "0", "3"), ("--batch-size", "32", "16"))
    assert found.metrics is None


def test_a_setting_that_one_run_does_not_use_is_called_so(make):
    runs = [make("a", measured(40)), make("b", measured(40), optimizer="sgd")]
    rows = {name: values for name, *values in comparison(runs).settings.rows}
    assert rows["--optimizer"] == ["adam", "sgd"]
    assert rows["--beta2"][1] == "not used"


def test_runs_are_ranked_at_their_best_steps_by_two_standard_errors(make):
    runs = [
        make("a", measured(20, 2.0), measured(40, 9.0)),
        make("b", measured(40, 2.2)),
        make("c", measured(40, 2.5)),
        make("d", measured(40)),
    ]
    found = comparison(runs)
    assert found.metrics is not None
    assert found.metrics.headings == ("metric", "a", "b", "c", "d")
    assert found.metrics.rows == (
        ("step", "20", "40", "40", ""),
        (
            "Fréchet distance (lower is better)",
            "2 ± 0.12, the best",
            "2.2 ± 0.12, less than 2 standard errors behind",
            "2.5 ± 0.12, more than 2 standard errors behind",
            "",
        ),
    )


def test_numbers_of_other_protocols_are_not_ranked(make):
    runs = [make("a", measured(40, 2.0)), make("b", measured(40, 3.0), evaluate_samples=100)]
    found = comparison(runs)
    assert found.metrics is not None
    assert found.metrics.rows[1][1:] == ("2 ± 0.12", "3 ± 0.12")
    assert found.notes[-1] == "The numbers are not ranked: the runs were measured on other data, or by other protocols."


def test_curves_of_all_runs_are_in_one_chart_each(make):
    runs = [make("a", measured(20, 3.0), measured(40, 2.0)), make("b", measured(20, 5.0), measured(40, 4.0))]
    found = {chart.title: chart for chart in overlaid(runs)}
    assert list(found) == [
        *("losses: D", "losses: G", "Fréchet distance (lower is better)"),
        *("lower bound of the Jensen-Shannon divergence (nats)", "images per second"),
    ]
    assert found["Fréchet distance (lower is better)"].curves == (
        Curve("a", [20, 40], [3.0, 2.0], [0.125, 0.125]),
        Curve("b", [20, 40], [5.0, 4.0], [0.125, 0.125]),
    )
    drawn = comparison(runs).curves
    assert [one.caption for one in drawn] == list(found)
    assert all("epoch" in one.svg for one in drawn)
