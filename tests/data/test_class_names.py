"""Names of classes: order, which one is meant, labels in arrays."""

import numpy as np
import pytest

from gancli.data.class_names import as_labels, find, in_order, warn_of_untrained
from gancli.errors import UsageError
from gancli.reporting import Silence


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        ([str(n) for n in range(12)], [str(n) for n in range(12)]),
        (["10", "9", "-1", "+2"], ["-1", "+2", "9", "10"]),
        (["10.0", "2.0", "1.5"], ["1.5", "2.0", "10.0"]),  # as pandas writes numbers with gaps between them
        (["cat", "10", "7", ""], ["", "7", "10", "cat"]),
        (["01", "1", "2"], ["01", "1", "2"]),
        (["b", "B", "a"], ["B", "a", "b"]),
        (["²", "1e3", "inf", "2"], ["2", "1e3", "inf", "²"]),  # of which one is a number
    ],
)
def test_numbers_are_ordered_by_their_value_and_come_first(names, ordered):
    assert in_order(reversed(names)) == tuple(ordered)
    assert in_order(names * 2) == tuple(ordered)


@pytest.mark.parametrize(
    ("names", "wanted", "place"),
    [
        ([str(n) for n in range(12)], "2", 2),
        ([str(n) for n in range(1, 11)], "10", 9),
        (["7", "cat"], "7", 0),
        (["2", "5", "40"], "40", 2),
        (["-1", "1"], "-1", 0),
        (["cat", "dog"], "1", 1),  # among names the number of the place
        (["cat", "dog"], "dog", 1),
        (["01", "02"], "1", 0),
        (["041", "042"], "42", 1),
        (["1", "01"], "01", 1),
    ],
)
def test_a_number_is_the_class_of_this_name(names, wanted, place):
    assert find(names, wanted) == place


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["1", "2"], "0"),
        (["7", "cat"], "1"),  # not the second one
        (["1", "01"], "001"),  # which of them?
        (["cat", "dog"], "2"),
        (["cat", "dog"], "²"),
        (["cat", "dog"], "-1"),
    ],
)
def test_a_place_is_never_taken_for_a_name(names, wanted):
    with pytest.raises(UsageError, match=f"^unknown class '{wanted}'"):
        find(names, wanted)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        ([str(n) for n in range(12)], list(range(12))),
        (["1", "2", "10"], [1, 2, 10]),
        (["041", "042"], [41, 42]),
        (["cat", "dog"], [0, 1]),
        (["7", "cat"], [0, 1]),
        (["-1", "1"], [0, 1]),
        (["1", "01"], [0, 1]),
        (["0.5", "1"], [0, 1]),
        (["5", str(10**12)], [0, 1]),
    ],
)
def test_labels_in_arrays_are_the_users_numbers_and_always_lead_to_the_names(names, labels):
    numbers, listed = as_labels(names)
    assert numbers.dtype == np.int32
    assert listed.dtype.kind == "U"
    assert numbers.tolist() == labels
    assert listed[numbers].tolist() == names


def test_classes_without_images_are_warned_of():
    heard = []

    class Heard(Silence):
        def warning(self, message):
            heard.append(message)

    warn_of_untrained({"a": 1, "b": 2}, "here", Heard())
    warn_of_untrained({"a": 1, "b": 0}, "here", Heard())
    warn_of_untrained(dict.fromkeys("abcdefg", 0), "here", Heard())
    assert heard == [
        "classes without training images in 'here': 'b'. They are never drawn.",
        "classes without training images in 'here': 'a', 'b', 'c', 'd', 'e' and 2 more. They are never drawn.",
    ]
