"""Numbers that set kinds of random draws apart."""

import pytest

from gancli import salts


@pytest.mark.parametrize("key", salts.BY_KEY)
def test_into_one_key_no_two_kinds_fold_the_same_number(key):
    numbers = salts.BY_KEY[key]
    assert len(set(numbers)) == len(numbers)


def test_all_fit_a_key_and_lie_beyond_steps_and_layers():
    assert all(2**31 <= number < 2**32 for numbers in salts.BY_KEY.values() for number in numbers)


def test_each_number_has_its_key():
    named = {name: value for name, value in vars(salts).items() if name.isupper() and isinstance(value, int)}
    del named["_FIRST"]
    listed = [number for numbers in salts.BY_KEY.values() for number in numbers]
    assert sorted(listed) == sorted(named.values())
