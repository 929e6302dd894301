import pytest

from gancli.cli.options import parse_seeds, parse_step
from gancli.errors import UsageError


def test_seeds_are_numbers_and_spans():
    assert parse_seeds("0-2,5") == [0, 1, 2, 5]
    assert parse_seeds(" 7 , 3 - 4, 3") == [7, 3, 4]
    assert parse_seeds("4294967295") == [4294967295]
    assert len(parse_seeds("0-999")) == 1000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0-100000000", "--seeds must be at most 1,000 seeds, a run each, got 100,000,001 in '0-100000000'."),
        ("0-999,2000", "--seeds must be at most 1,000 seeds, a run each, got 1,001 in '0-999,2000'."),
        ("0-4294967296", "--seeds must be below 4294967296, got 4294967296."),
        ("4294967296", "--seeds must be below 4294967296, got 4294967296."),
        *((text, f"--seeds must be seeds like 0-2,5, got '{text}'.") for text in ("", "x", "3-1", "²", "1-²", "-1")),
        *((text, f"--seeds must be seeds like 0-2,5, got '{text}'.") for text in ("1-", "9" * 5000)),
    ],
)
def test_other_seeds_are_refused_before_any_is_counted_out(text, message):
    with pytest.raises(UsageError) as refused:
        parse_seeds(text)
    assert str(refused.value) == message


def test_a_step_is_a_number_or_a_name():
    assert [parse_step(text) for text in ("latest", "best", "020")] == ["latest", "best", 20]
    for text in ("²", "x", "-1", "9" * 5000):
        with pytest.raises(UsageError, match="--step must be a step"):
            parse_step(text)
