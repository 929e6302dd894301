"""What measurements amount to: each rule alone, what is said first, and what too little says."""

import pytest

from gancli.metrics.health import (
    DIVERGENT,
    FEW_IMAGES,
    FEW_NEAR_MODES,
    LOW_PRECISION,
    MOST_REPEATED,
    ONE_ANSWER,
    VERY_DIVERGENT,
    VERY_FEW_IMAGES,
    amounts_of_translations,
    amounts_to,
)

FINE = {"hit": 10, "total": 10, "kl": 0.01}
COUNT = 100  # samples
PAIRS = COUNT * (COUNT - 1) / 2


@pytest.mark.parametrize(
    ("hit", "kl", "expected"),
    [
        (10, 0.01, "healthy"),
        (9, 0.1, "partial collapse"),
        (10, DIVERGENT + 0.01, "partial collapse"),
        (5, 0.5, "collapse"),
        (10, VERY_DIVERGENT + 0.01, "collapse"),
    ],
)
def test_modes_decide(hit, kl, expected):
    found = amounts_to(FINE | {"hit": hit, "kl": kl})
    assert found is not None
    assert found[0] == expected


@pytest.mark.parametrize(
    ("distinct", "expected"),
    [
        (None, "healthy"),
        (FEW_IMAGES * COUNT + 1, "healthy"),
        (FEW_IMAGES * COUNT - 1, "partial collapse"),
        (VERY_FEW_IMAGES * COUNT - 1, "collapse"),
    ],
)
def test_repetition_decides_by_the_number_of_samples(distinct, expected):
    found = amounts_to(FINE | {"distinct_images": distinct, "least_distinct_images": PAIRS})
    assert found is not None
    assert found[0] == expected


@pytest.mark.parametrize(("share", "expected"), [(FEW_NEAR_MODES, "healthy"), (FEW_NEAR_MODES - 0.01, "poor samples")])
def test_points_between_the_modes_are_poor(share, expected):
    found = amounts_to(FINE | {"high_quality": share})
    assert found is not None
    assert found[0] == expected


@pytest.mark.parametrize(("short_of", "expected"), [(0, "healthy"), (0.01, "poor samples")])
def test_images_unlike_the_data_are_poor(short_of, expected):
    found = amounts_to(FINE, LOW_PRECISION - short_of)
    assert found is not None
    assert found[0] == expected


def test_the_number_that_decided_comes_first_and_the_others_stand_in_parentheses():
    repeated = FINE | {"kl": 0.086, "distinct_images": 3.3, "least_distinct_images": PAIRS}
    assert amounts_to(repeated) == ("collapse", "about 3 distinct images (10 of 10 modes, KL 0.086 nats)")
    worse_first = FINE | {"hit": 9, "high_quality": 0.2, "kl": 2.0}
    assert amounts_to(worse_first) == (
        "collapse",
        "KL 2.000 nats, 9 of 10 modes, 20.0% of the samples within 3 standard deviations of a mode",
    )
    assert amounts_to(repeated | {"distinct_images": None}, 0.9) == (
        "healthy",
        "10 of 10 modes, KL 0.086 nats, over 4,950 distinct images, precision 0.900",
    )


def test_too_little_says_nothing():
    assert amounts_to(None) is None
    assert amounts_to(None, 1.0) is None  # all samples may be one
    assert amounts_to(None, 0.0) == ("poor samples", "precision 0.000")


@pytest.mark.parametrize(
    ("variety", "repeated", "expected"),
    [
        (ONE_ANSWER, MOST_REPEATED, "healthy"),
        (ONE_ANSWER - 0.01, 0.0, "collapse"),
        (1.0, MOST_REPEATED + 0.01, "collapse"),
    ],
)
def test_translations_that_are_few_images_are_a_collapse(variety, repeated, expected):
    found = amounts_of_translations({"variety_ab": variety, "repeated_ab": repeated})
    assert found is not None
    assert found[0] == expected


def test_a_verdict_on_translations_names_their_ways():
    both = {"variety_ab": 0.9, "repeated_ab": 0.025, "variety_ba": 0.8, "repeated_ba": 1.0}
    assert amounts_of_translations(both) == (
        "collapse",
        "repeated B to A 100.0% (variety A to B 0.90, repeated A to B 2.5%, variety B to A 0.80)",
    )
    assert amounts_of_translations({"variety": 1.5, "repeated": 0.0}) == ("healthy", "variety 1.50, repeated 0.0%")
    assert amounts_of_translations({"variety_ab": 0.9}) == ("healthy", "variety A to B 0.90")  # of an older run
    assert amounts_of_translations({"kid": 0.1, "variety_ab": None, "repeated_ab": None}) is None
