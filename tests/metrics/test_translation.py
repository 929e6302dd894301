"""The measures of translations, on images whose distances are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from gancli.metrics.health import amounts_of_translations
from gancli.metrics.inputs import KeptClasses, Masks, Way
from gancli.metrics.kernel import squared_mmd
from gancli.metrics.translation import (
    changed,
    classes_of,
    differences,
    distances,
    measure,
    repeated,
    row,
    table,
    variety,
)

RNG = np.random.default_rng(0)


def features_of(images: np.ndarray) -> np.ndarray:
    """Return the mean of each channel."""
    return images.mean(axis=(1, 2))


def measured(a, b, forth, back=None, kept=None):
    """Return the numbers of images ``[n, H, W, C]`` of two domains, and of functions from each to the other."""
    return found_of(a, b, forth, back, kept).values


def found_of(a, b, forth, back=None, kept=None, masks=(None, None)):
    """Measure images of two domains, and functions from each to the other, or from A to B alone."""
    ways = (Way(a, forth(a), back(forth(a)) if back else None, b, forth(b)),)
    if back:
        ways += (Way(b, back(b), forth(back(b)), a, back(a)),)
    inputs = SimpleNamespace(
        kept_classes=lambda place: None if place else kept,
        ways=ways,
        masks=masks,
        features=features_of(a),
        reference_features=features_of(b),
        features_of=features_of,
        protocol=lambda: {"n": len(a)},
        draw="",
        seed=0,
    )
    return measure(inputs)  # pyright: ignore[reportArgumentType]


def test_a_shift_of_features_is_a_frechet_distance_of_its_square():
    x = RNG.normal(size=(50, 3))
    found = distances(x, x + np.array([1.0, -2.0, 0.5]), "_ab", 0)
    assert found["fid_ab"] == pytest.approx(1 + 4 + 0.25)
    assert found["kid_ab"] == pytest.approx(squared_mmd(x, x + np.array([1.0, -2.0, 0.5])))


def test_a_translator_that_knows_the_way_has_no_distance_and_no_error_but_of_what_should_stay():
    a = RNG.uniform(0, 0.4, (30, 4, 4, 3))
    b = a + 0.5
    found = measured(a, b, lambda x: x + 0.5, lambda x: x - 0.5)
    assert found["fid_ab"] == pytest.approx(0, abs=1e-9)
    assert found["fid_untranslated"] == pytest.approx(3 * 0.25)
    assert found["kid_ab"] == pytest.approx(found["kid_ba"], abs=1e-3)
    assert found["kid"] < 0.01 * found["kid_untranslated"]
    assert found["cycle"] == pytest.approx(0, abs=1e-12)
    # It moves images of the target as far as others.
    assert (found["identity_ab"], found["identity_ba"]) == pytest.approx((0.5, 0.5))


def test_a_translator_that_does_nothing_has_the_distance_of_the_domains():
    a, b = RNG.uniform(0, 0.5, (20, 2, 2, 1)), RNG.uniform(0.5, 1, (25, 2, 2, 1))
    found = measured(a, b, lambda x: x, lambda x: x)
    for kind in ("fid", "kid"):
        assert found[f"{kind}_ab"] == found[f"{kind}_untranslated"]
        assert found[f"{kind}_ab_standard_error"] == found[f"{kind}_untranslated_standard_error"] > 0
        assert found[f"{kind}_ba"] == pytest.approx(found[f"{kind}_untranslated"])
    assert (found["cycle"], found["identity"]) == (0, 0)


def test_errors_are_mean_absolute_differences_of_each_way():
    a, b = np.full((3, 2, 2, 1), 0.2), np.full((4, 2, 2, 1), 0.6)
    found = measured(a, b, lambda x: x / 2, lambda x: x)
    assert (found["cycle_ab"], found["cycle_ba"]) == pytest.approx((0.1, 0.3))
    assert (found["identity_ab"], found["identity_ba"]) == pytest.approx((0.3, 0.0))
    assert found["cycle"] == pytest.approx(0.2)


def test_one_way_has_no_way_back():
    a, b = np.full((3, 2, 2, 1), 0.2), np.full((4, 2, 2, 1), 0.6)
    found = measured(a, b, lambda x: x / 2)
    assert (found["identity"], found["kid"]) == (pytest.approx(0.3), found["kid_ab"])
    assert not {name for name in found if name.startswith("cycle") or name.endswith("_ba")}
    assert list(row(found)) == ["KID A to B ↓", "untranslated", "identity ↓"]


def test_a_translator_with_one_answer_has_no_variety_and_is_said_to_have_collapsed():
    a, b = RNG.uniform(0, 0.5, (20, 2, 2, 3)), RNG.uniform(0.5, 1, (25, 2, 2, 3))
    found = measured(a, b, lambda x: np.full_like(x, 0.7), lambda x: x - 0.5)
    assert found["variety_ab"] == pytest.approx(0, abs=1e-9)
    assert found["variety_ba"] == pytest.approx(variety(features_of(b), features_of(a)))
    assert (found["repeated_ab"], found["verdict"]) == (1, "collapse")
    assert measured(a, b, lambda x: x + 0.5)["verdict"] == "healthy"


def test_people_read_what_the_differences_amount_to():
    a, b = RNG.uniform(0, 0.5, (20, 2, 2, 3)), RNG.uniform(0.5, 1, (25, 2, 2, 3))
    assert found_of(a, a, lambda x: x).text.endswith("; healthy: variety A to B 1.00, repeated A to B 0.0%")
    alike = found_of(a, b, lambda x: np.full_like(x, 0.7)).text
    assert alike.endswith("; collapse: variety A to B 0.00, repeated A to B 100.0%")


def test_few_answers_are_found_by_their_repetitions():
    target = RNG.normal(size=(60, 8))
    faces = RNG.normal(size=(2, 8)) * 2
    noise = 1e-3 * RNG.normal(size=(50, 8))
    for translated, varies, share, verdict in (
        (faces[np.zeros(50, int)] + noise, False, 1.0, "collapse"),
        (faces[np.arange(50) % 2] + noise, True, 1.0, "collapse"),
        (RNG.normal(size=(50, 8)) + noise, True, 0.0, "healthy"),
    ):
        found = differences(translated, target)
        amounts = amounts_of_translations({f"{name}_ab": value for name, value in found.items()})
        assert ((found["variety"] or 0) > 0.3, amounts and amounts[0]) == (varies, verdict)
        assert found["repeated"] == pytest.approx(share, abs=0.1)


def test_a_translation_repeats_another_if_no_two_of_as_many_images_are_closer():
    target = np.array([*range(0, 90, 10), 83, 84.0])[:, None]  # of the first ten the closest are 3 apart, of all 1
    apart = np.array([*range(0, 90, 10), 82.5])[:, None]
    assert repeated(apart, target) == 0.2
    assert repeated(np.where(apart == 82.5, 83, apart), target) == 0  # as close, not closer
    assert repeated(np.concatenate([apart, [[90.0]]]), target) == 0
    assert repeated(np.zeros((12, 1)), np.repeat(target, 2, axis=0)) == 1
    assert repeated(np.zeros((9, 1)), target) is None  # too few
    assert repeated(np.zeros((20, 1)), np.ones((20, 1))) is None  # one and the same image


def test_variety_is_a_ratio_of_standard_deviations():
    x = RNG.normal(size=(50, 3))
    assert variety(0.25 * x + 7, x) == pytest.approx(0.25)
    assert variety(x, np.ones((5, 3))) is None


def test_what_changes_outside_of_masks_is_told_from_what_changes_inside():
    images, white = RNG.uniform(0, 0.5, (6, 4, 4, 3)), RNG.uniform(size=(6, 4, 4, 1)) < 0.3
    translated = np.where(white, images + 0.5, images + 0.125)
    found = changed(images, translated, white)
    assert (found["changed_outside"], found["changed_inside"]) == pytest.approx((0.125, 0.5))
    assert changed(images, translated, np.ones_like(white))["changed_outside"] is None
    assert changed(images, translated, np.zeros_like(white))["changed_inside"] is None
    assert changed(images, images, white) == {"changed_outside": 0, "changed_inside": 0}


def test_where_masks_are_given_changes_are_measured_on_their_way():
    a, b = np.full((3, 2, 2, 1), 0.25), np.full((4, 2, 2, 1), 0.5)
    white = np.zeros((3, 2, 2, 1), bool)
    white[:, 0] = True
    upper = np.where(white[:1], 1.0, 0.0)
    masks = (Masks(white, {"name": "masks", "count": 3, "sha256": "0" * 64}), None)
    found = found_of(a, b, lambda x: x + 0.5 * upper, lambda x: x, masks=masks)
    assert (found.values["changed_outside_ab"], found.values["changed_inside_ab"]) == (0.0, 0.5)
    assert "changed_outside_ba" not in found.values
    assert found.text.endswith("; A to B change 0 outside masks, 0.5 inside masks")
    assert "masks_ab=masks 3 000000000000" in found.protocol_text
    everywhere = (None, Masks(np.ones((4, 2, 2, 1), bool), masks[0].identity))
    assert found_of(a, b, lambda x: x, lambda x: x / 2, masks=everywhere).text.endswith(
        "; B to A change 0.25 inside masks"
    )


def test_classes_that_changed_places_are_found_by_their_best_matching():
    labels = np.repeat(np.arange(4), 10)
    stays = classes_of(KeptClasses("", labels, labels, np.zeros(40, int)))
    assert stays == {"classes_kept": 1.0, "classes_kept_untranslated": 0.25, "classes_permuted": 0}
    swapped = np.array([0, 2, 1, 3])[labels]
    assert classes_of(KeptClasses("", labels, swapped, labels)) == {
        "classes_kept": 0.5,
        "classes_kept_untranslated": 1.0,
        "classes_permuted": 2,
    }
    noisy = np.where(np.arange(40) % 10 < 4, (labels + 1) % 4, labels)  # most stay
    assert classes_of(KeptClasses("", labels, noisy, labels))["classes_permuted"] == 0


def test_where_classes_are_known_they_are_measured_on_their_way():
    a, b = np.full((4, 2, 2, 1), 0.2), np.full((4, 2, 2, 1), 0.6)
    labels = np.array([0, 0, 1, 1])
    kept = KeptClasses("some-classifier-1", labels, np.array([0, 0, 1, 0]), np.array([1, 1, 1, 1]))
    found = measured(a, b, lambda x: x, lambda x: x, kept)
    assert (found["classes_kept_ab"], found["classes_kept_untranslated_ab"]) == (0.75, 0.5)
    assert row(found)["classes kept ↑"] == "75.0%"


def test_people_read_distances_and_errors_of_each_way():
    values = {"kid": 0.028, "kid_ab": 0.0225, "kid_ab_standard_error": 0.0032, "kid_ba": 0.0343}
    values |= {"fid": 3.84, "fid_ab": 3.52, "fid_ab_standard_error": 0.3, "fid_ba": 4.16, "fid_ba_standard_error": 0.43}
    values |= {"kid_untranslated": 0.015, "kid_untranslated_standard_error": 0.0031, "fid_untranslated": 2.87}
    values |= {"cycle": 0.08, "cycle_ab": 0.079, "cycle_ba": 0.081, "identity": 0.075, "identity_ab": 0.07}
    values |= {"identity_ba": 0.08}
    labels = ("", "kernel distance", "Fréchet distance", "cycle error", "identity error")
    rows = table(values)
    assert all(tuple(one) == labels for one in rows)
    assert [tuple(one.values()) for one in rows] == [
        ("A to B", "0.0225 ± 0.0032", "3.52 ± 0.3", "0.079", "0.07"),
        ("B to A", "0.0343", "4.16 ± 0.43", "0.081", "0.08"),
        ("untranslated", "0.015 ± 0.0031", "2.87", "", ""),
    ]
    one_way = {"kid": 0.5, "kid_ab": 0.5, "kid_untranslated": 1.0, "identity": 0.25, "identity_ab": 0.25}
    assert table(one_way) == (
        {"": "A to B", "kernel distance": "0.5", "identity error": "0.25"},
        {"": "untranslated", "kernel distance": "1", "identity error": ""},
    )


def test_a_row_has_both_ways_and_the_distance_without_translation():
    values = {
        "kid_ab": 0.1234,
        "kid_ab_standard_error": 0.0123,
        "kid_ba": 0.2,
        "kid_ba_standard_error": None,
        "kid_untranslated": 0.3,
        "cycle": 0.04567,
        "identity": 0.05,
    }
    assert row(values) == {
        "KID A to B ↓": "0.123 ± 0.012",
        "KID B to A ↓": "0.2",
        "untranslated": "0.3",
        "cycle ↓": "0.0457",
        "identity ↓": "0.05",
    }
