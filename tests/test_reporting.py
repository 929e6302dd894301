"""What a workflow reports, as plain data."""

from datetime import datetime, timedelta

import pytest

from gancli.reporting import Aside, Progress, Silence, duration, number_of, show_shape, time_of_day


def test_a_line_of_metrics_holds_what_was_measured_beside_where_training_stands():
    progress = Progress(10, 80, 4.5, {"loss": 0.25, "lead": -1.0}, "loss 0.25", {"ahead": "critic"})
    assert progress.to_dict() == {"step": 10, "images_seen": 80, "images_per_second": 4.5, "loss": 0.25, "lead": -1.0}


@pytest.mark.parametrize(("count", "text"), [(0, "0 files"), (1, "1 file"), (2000, "2,000 files")])
def test_a_number_has_its_noun(count, text):
    assert number_of(count, "file", "files") == text


@pytest.mark.parametrize(("shape", "text"), [((28, 28, 1), "28x28x1"), ((2,), "2"), ((), "")])
def test_shapes_are_shown_with_x_between(shape, text):
    assert show_shape(shape) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (4.26, "4.3 s"),
        (41.4, "41 s"),
        (119, "119 s"),
        (120, "2 min"),
        (14 * 60 + 29, "14 min"),
        (3599, "1 h 0 min"),
        (3600 + 12 * 60, "1 h 12 min"),
        (3_600_000, "1,000 h 0 min"),
    ],
)
def test_durations_are_those_that_people_use(seconds, text):
    assert duration(seconds) == text


def test_a_time_of_day_has_its_date_where_it_is_more_than_a_day_away():
    now = datetime(2026, 2, 27, 22, 30)
    assert time_of_day(now + timedelta(hours=3), now) == "01:30"
    assert time_of_day(now + timedelta(hours=23, minutes=59), now) == "22:29"
    assert time_of_day(now + timedelta(hours=50), now) == "2026-03-02 00:30"


def test_of_a_rehearsal_only_warnings_and_long_work_are_heard():
    heard: list[object] = []

    class Heard(Silence):
        def status(self, message: str) -> None:
            heard.append(message)

        def warning(self, message: str) -> None:
            heard.append(message)

        def advance(self, what: str, done: int, total: int) -> None:
            heard.append((what, done, total))

        def start(self, num_steps: int, step: int) -> None:
            heard.append(num_steps)

    aside = Aside(Heard())
    aside.status("compiled")
    aside.start(10, 0)
    aside.warning("few images")
    aside.advance("reading", 1, 2)
    assert heard == ["few images", ("reading", 1, 2)]
