"""What a workflow reports, as plain data."""

import pytest

from gancli.reporting import Progress, number_of, show_shape


def test_a_line_of_metrics_holds_what_was_measured_beside_where_training_stands():
    progress = Progress(10, 80, 4.5, {"loss": 0.25, "lead": -1.0}, "loss 0.25", {"ahead": "critic"})
    assert progress.to_dict() == {"step": 10, "images_seen": 80, "images_per_second": 4.5, "loss": 0.25, "lead": -1.0}


@pytest.mark.parametrize(("count", "text"), [(0, "0 files"), (1, "1 file"), (2000, "2,000 files")])
def test_a_number_has_its_noun(count, text):
    assert number_of(count, "file", "files") == text


@pytest.mark.parametrize(("shape", "text"), [((28, 28, 1), "28x28x1"), ((2,), "2"), ((), "")])
def test_shapes_are_shown_with_x_between(shape, text):
    assert show_shape(shape) == text
