"""The best checkpoint beside the last one."""

import pytest

from gancli.monitoring.best import Best
from tests.reports.recorded import measured, recorded

NEAR = 2.0 + 2 * 0.125 * 2**0.5  # two standard errors of a difference above 2


@pytest.mark.parametrize(
    ("scores", "step", "last", "differs"),
    [
        ((2.0, NEAR - 0.01), 20, NEAR - 0.01, False),
        ((2.0, NEAR + 0.01), 20, NEAR + 0.01, True),
        ((2.0, None), 20, None, None),
        ((3.0, 2.0), 40, 2.0, False),
    ],
)
def test_the_last_one_is_worse_if_it_is_so_by_more_than_two_standard_errors(
    digits_run, tmp_path, scores, step, last, differs
):
    lines = [measured(at, score) for at, score in zip((20, 40), scores, strict=True)]
    run = recorded(digits_run, tmp_path / "made", lines).run
    assert Best.of(run, (20, 40)) == Best(step, "fid", scores[step // 20 - 1], 40, last, differs)


def test_nothing_evaluated_has_no_best(digits_run, tmp_path):
    run = recorded(digits_run, tmp_path / "made", [measured(20), measured(40, 2.0)]).run
    assert Best.of(run, (20,)) is None
    assert Best.of(run, ()) is None
