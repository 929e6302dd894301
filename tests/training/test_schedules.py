import dataclasses

import pytest

from gancli.config import TrainConfig
from gancli.training.schedules import moved

CONFIG = TrainConfig(dataset="digits")
LINEAR = dataclasses.replace(CONFIG, schedule="linear")


@pytest.mark.parametrize(("config", "quarter"), [(LINEAR, 4.0), (CONFIG, 2 + 4 * (2 - 2**0.5) / 2)])
def test_a_value_moves_from_the_first_update_to_the_last(config, quarter):
    found = [float(moved(2.0, 10.0, done, 5, config)) for done in (0, 1, 2, 4, 7)]
    assert found == pytest.approx([2.0, quarter, 6.0, 10.0, 10.0])


def test_late_linear_holds_the_first_value_for_half_of_the_way():
    late = dataclasses.replace(CONFIG, schedule="late-linear")
    found = [float(moved(1.0, 0.0, done, 201, late)) for done in (0, 50, 100, 150, 200, 300)]
    assert found == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.0, 0.0])


def test_one_update_is_the_first():
    assert float(moved(2.0, 10.0, 0, 1, CONFIG)) == 2.0


@pytest.mark.parametrize("last", [None, 2.0])
def test_what_does_not_move_is_no_part_of_the_program(last):
    assert moved(2.0, last, 3, 5, CONFIG) == 2.0
    assert isinstance(moved(2.0, last, 3, 5, CONFIG), float)
