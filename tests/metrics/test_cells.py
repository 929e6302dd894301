"""Numbers of metrics in tables."""

import pytest

from gancli.metrics.catalog import METRICS
from gancli.metrics.cells import cell, label, row, score_name, title


@pytest.mark.parametrize(
    ("metric", "number", "text"),
    [
        ("fid", "value", "fid ↓"),
        ("kid", "mean", "kid ↓"),
        ("precision-recall", "precision", "precision ↑"),
        ("density-coverage", "coverage", "coverage ↑"),
        ("modes", "hit", "modes hit ↑"),
        ("modes", "verdict", "modes verdict"),
    ],
)
def test_a_column_is_called_by_what_it_holds(metric, number, text):
    assert label(metric, number) == text


@pytest.mark.parametrize(
    ("metric", "number", "text"),
    [
        ("fid", "value", "Fréchet distance (lower is better)"),
        ("modes", "kl", "modes: KL (lower is better)"),
        ("modes", "high_quality", "modes: share of samples near one (higher is better)"),
        ("modes", "verdict", "modes: verdict"),
    ],
)
def test_the_same_in_words(metric, number, text):
    assert title(metric, number) == text


def test_columns_of_all_metrics_differ():
    labels = [label(metric, number) for metric, entry in METRICS.items() for number in entry.columns]
    assert len(set(labels)) == len(labels)


def test_a_number_has_its_error_and_words_have_none():
    assert cell({"value": 6.9123, "standard_error": 0.0691}, "value") == "6.912 ± 0.069"
    assert cell({"distinct_images": 624750.0}, "distinct_images") == "624,750"
    assert cell({"mean": 0.5, "standard_deviation": None}, "mean") == "0.5"
    assert cell({"verdict": "healthy", "standard_error": 1.0}, "verdict") == "healthy"
    assert cell({"coverage": 0.5, "standard_error": 1.0}, "coverage") == "0.5"  # the error is of another number
    ways = {"kid_ab": 0.0225, "kid_ab_standard_error": 0.0032, "kid_ba": 0.0343, "kid_ba_standard_error": None}
    assert [cell(ways, number) for number in ("kid_ab", "kid_ba")] == ["0.0225 ± 0.0032", "0.0343"]


def test_a_row_of_modes_says_what_the_verdict_goes_by():
    images = {"hit": 10, "total": 10, "kl": 0.086, "distinct_images": 4886.4, "least_distinct_images": 1e6}
    assert row("modes", images) == {"modes": "10 of 10", "KL ↓": "0.086", "distinct ↑": "4,886"}
    assert row("modes", images | {"distinct_images": None})["distinct ↑"] == ">1,000,000"
    points = {"hit": 7, "total": 8, "kl": 0.1, "high_quality": 0.271}
    assert row("modes", points) == {"modes": "7 of 8", "KL ↓": "0.100", "near one ↑": "27.1%"}
    assert row("modes", images | {"hit": 9})["modes"] == " 9 of 10"  # as wide as the rows to come
    assert row("precision-recall", {"precision": 0.5, "recall": 0.25}) == {"precision ↑": "0.5", "recall ↑": "0.25"}
    assert row("fid", None) == {"fid": "failed"}


def test_what_ranks_checkpoints_is_named():
    assert [score_name(metric) for metric in ("fid", "modes", "density-coverage")] == ["fid", "KL of modes", "coverage"]
