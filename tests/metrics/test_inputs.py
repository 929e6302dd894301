"""How protocols say what was compared."""

import numpy as np

from gancli.data.load import load
from gancli.metrics.inputs import Measured, identify, identify_split, show


def test_a_set_is_its_size_shape_and_content():
    assert identify("real", 100, (28, 28, 1), "ab" * 32) == {
        **{"name": "real", "count": 100, "shape": "28x28x1", "sha256": "ab" * 32},
    }
    assert identify("real", 100, (2,), "ab", taken=100) == identify("real", 100, (2,), "ab")
    assert identify("real", 100, (2,), "ab", taken=50) == {
        **{"name": "real", "count": 50, "of": 100, "shape": "2", "sha256": "ab"},
    }


def test_people_see_its_name_and_the_beginning_of_its_hash():
    digest = "0123456789abcdef" * 4
    assert show(identify("real", 100, (28, 28, 1), digest)) == "real 100 28x28x1 0123456789ab"
    assert show(identify("real", 100, (28, 28, 1), digest, taken=9)) == "real 9 of 100 28x28x1 0123456789ab"
    assert show(identify("statistics x.npz", None, None, digest)) == "statistics x.npz of unknown size 0123456789ab"
    assert show(5) == "5"


def test_a_split_is_known_by_its_examples():
    digits = load("digits", "test")
    about = identify_split(digits)
    assert about == {"name": "digits/test", "count": 250, "shape": "8x8x1", "sha256": digits.fingerprint}
    protocol = {"held_out": about, "n": 7}
    assert Measured("divergence", {}, protocol, "seed 0", "").protocol_text == (
        f"divergence: held_out=digits/test 250 8x8x1 {digits.fingerprint[:12]}, n=7, seed 0"
    )
    other = load("digits", "validation")
    assert identify_split(other)["sha256"] != about["sha256"]
    assert np.shape(other.examples) == np.shape(digits.examples)
