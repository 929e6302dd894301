"""When training will be done."""

from gancli.monitoring.forecast import Forecast


def test_time_left_goes_by_all_time_so_far():
    forecast = Forecast(100, 500, now=10.0)
    assert forecast.left(11.0) is None
    forecast.note(200, now=30.0)  # a fifth of a second a step
    assert (forecast.elapsed(30.0), forecast.left(30.0)) == (20.0, 60.0)


def test_what_is_slow_once_does_not_count():
    forecast = Forecast(0, 230, now=0.0)
    forecast.note(10, now=20.0)
    forecast.note(30, now=60.0)
    assert (forecast.left(60.0), forecast.measured(60.0)) == (400.0, 0.0)  # by what there is
    forecast.note(130, now=70.0)
    assert (forecast.left(70.0), forecast.measured(70.0), forecast.elapsed(70.0)) == (10.0, 10.0, 70.0)


def test_an_evaluation_between_two_reports_is_waited_for_and_then_counts():
    forecast = Forecast(0, 200, now=0.0)
    forecast.note(100, now=10.0)
    assert forecast.left(14.0) == 6.0  # it runs on
    assert forecast.left(99.0) == 0.0
    forecast.note(110, now=22.0)
    assert forecast.left(22.0) == 18.0
