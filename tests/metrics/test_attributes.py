"""The measures of translations to classes, on images whose distances are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from gancli.metrics.attributes import comparable, mean_of, measure, others_in_turn, row, sources_found
from gancli.metrics.inputs import Asked, Masks

LABELS = np.arange(30) % 3
SHADES = np.array([0.1, 0.4, 0.7])


def images_of(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return images of a shade of their class, each with a small pattern of its own, ``[n, 4, 4, 1]``."""
    patterns = np.random.default_rng(seed).uniform(0, 0.1, (len(labels), 4, 4, 1))
    return patterns + SHADES[labels][:, None, None, None]


def asked_for(translated, back, seen=LABELS, before=LABELS) -> Asked:
    asked = others_in_turn(LABELS, (0, 1, 2))
    images = images_of(LABELS)
    about = {"classifier": "classifier-1"}
    return Asked(images, LABELS, asked, translated(images, asked), back(images), seen, before, about)


def measured(found: Asked, masks=None):
    """Measure with the mean pixel for a feature."""
    features_of = lambda images: images.mean(axis=(1, 2))  # noqa: E731
    inputs = SimpleNamespace(
        asked=lambda: found,
        features=features_of(found.images),
        features_of=features_of,
        protocol=lambda: {"n": len(found.images)},
        draw="",
        masks=(masks,),
        seed=0,
    )
    return measure(inputs)  # pyright: ignore[reportArgumentType]


def to_shade(images, asked):
    return images + (SHADES[asked] - SHADES[LABELS])[:, None, None, None]


def test_each_image_goes_to_another_class_and_all_of_these_are_asked_for():
    asked = others_in_turn(np.array([2, 0, 0, 2, 0, 5]), (0, 2, 4))
    np.testing.assert_array_equal(asked, [0, 2, 4, 4, 2, 0])
    counts = np.bincount(others_in_turn(LABELS, (0, 1, 2)))
    np.testing.assert_array_equal(counts, [10, 10, 10])
    assert (others_in_turn(LABELS, (0, 1, 2)) != LABELS).all()


def test_a_translator_that_knows_the_shades_has_no_distance_and_finds_its_sources_no_more():
    values = measured(asked_for(to_shade, lambda images: images)).values
    # Shades of 0.1, 0.4 and 0.7: to each class come as many images of both others.
    assert values["fid"] == pytest.approx(0, abs=1e-3)
    assert values["fid_untranslated"] > 0.02
    assert values["kid"] < 0.1 * values["kid_untranslated"]
    assert (values["cycle"], values["classes"]) == (0, 3)
    # An image of the class asked for is nearer than the image itself, which had another shade.
    assert values["sources_found"] == 0


def test_a_translator_that_does_nothing_has_the_distance_of_the_images_as_they_are():
    found = asked_for(lambda images, asked: images, lambda images: images + 0.25)
    values = measured(found).values
    assert (values["fid"], values["kid"]) == (values["fid_untranslated"], values["kid_untranslated"])
    assert values["cycle"] == pytest.approx(0.25)
    assert values["sources_found"] == 1


def test_the_frechet_distance_of_one_shade_from_another_is_known():
    """Where every image becomes one of a shade that is 0.1 too bright, each class is that far away: 0.1 squared."""

    def too_bright(images, asked):
        return images_of(asked, seed=0) + 0.1

    values = measured(asked_for(too_bright, lambda images: images)).values
    assert values["fid"] == pytest.approx(0.01, rel=0.1)


def test_a_mean_over_classes_has_the_error_of_a_mean():
    each = [{"fid": 1.0, "fid_standard_error": 0.3}, {"fid": 4.0, "fid_standard_error": 0.4}]
    assert mean_of(each) == {"fid": 2.5, "fid_standard_error": pytest.approx(0.25)}
    assert mean_of([*each, {"fid": 1.0, "fid_standard_error": None}]) == {"fid": 2.0, "fid_standard_error": None}


def test_people_read_both_distances_with_their_errors():
    found = measured(asked_for(to_shade, lambda images: images))
    names = ("kid", "kid_untranslated", "fid", "fid_untranslated")
    shown = [f"{found.values[name]:.4g} ± {found.values[f'{name}_standard_error']:.2g}" for name in names]
    assert found.text == (
        f"kernel distance {shown[0]}, untranslated {shown[1]}; Fréchet distance {shown[2]}, untranslated {shown[3]}; "
        f"cycle error 0; sources found 0.0%; classes seen 0.0%, untranslated 0.0%; the classifier is right on 100.0% "
        f"of the images"
    )


def test_sources_are_found_one_by_one():
    images = np.arange(4.0).reshape(4, 1, 1, 1)
    labels = np.zeros(4, int)
    translated = images + np.array([0.1, -0.6, 0.4, 5.0]).reshape(4, 1, 1, 1)
    assert sources_found(Asked(images, labels, labels, translated, images, labels, labels, {})) == 0.75


def test_classes_that_the_classifier_sees_are_counted_and_named():
    asked = others_in_turn(LABELS, (0, 1, 2))
    seen = np.where(np.arange(30) < 24, asked, LABELS)
    before = np.where(np.arange(30) < 3, asked, LABELS)
    found = measured(asked_for(to_shade, lambda images: images, seen, before))
    shares = {"classes_seen": 0.8, "classes_seen_untranslated": 0.1, "classes_right": 0.9}
    assert {name: found.values[name] for name in shares} == shares
    assert found.protocol == {"n": 30, "classifier": "classifier-1"}
    assert found.text.endswith(
        "; classes seen 80.0%, untranslated 10.0%; the classifier is right on 90.0% of the images"
    )
    assert row(found.values)["classes seen ↑"] == "80.0%"


def test_where_masks_are_given_changes_outside_of_them_are_measured():
    asked = asked_for(lambda images, asked: images + 0.25, lambda images: images)
    white = np.zeros((30, 4, 4, 1), bool)
    found = measured(asked, Masks(white, {"name": "masks", "count": 30, "sha256": "0" * 64}))
    assert found.values["changed_outside"] == pytest.approx(0.25)
    assert found.values["changed_inside"] is None
    assert found.text.endswith("; change 0.25 outside masks")
    assert "changed_outside" not in measured(asked).values


def test_a_class_of_one_image_has_no_distance():
    assert comparable(np.array([0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0])) == [0, 1]
    assert comparable(np.array([0, 1]), np.array([1, 0])) == []


def test_a_row_has_the_distance_beside_that_without_translation():
    values = {"kid": 0.1234, "kid_untranslated": 0.3, "cycle": 0.04567, "sources_found": 0.25, "classes_seen": 0.5}
    assert row(values) == {
        "KID ↓": "0.123",
        "untranslated": "0.3",
        "cycle ↓": "0.0457",
        "sources found ↑": "25.0%",
        "classes seen ↑": "50.0%",
    }
