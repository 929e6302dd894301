"""Codes."""

import jax
import numpy as np
import pytest
from scipy.stats import kstest

from gancli.errors import UsageError
from gancli.latents.codes import Codes


def test_codes_are_one_hot_categories_and_numbers_in_their_order():
    codes = Codes.parse(("3", "u", "2"))
    assert (codes.size, codes.category) == (6, slice(0, 3))
    drawn = np.asarray(codes.draw(jax.random.key(0), 6000))
    assert drawn.shape == (6000, 6)
    for place, kind in ((slice(0, 3), 3), (slice(4, 6), 2)):
        np.testing.assert_array_equal(np.sort(drawn[:, place])[:, -2:], np.tile([0, 1], (6000, 1)))
        np.testing.assert_allclose(drawn[:, place].mean(axis=0), 1 / kind, atol=0.03)
    assert kstest(drawn[:, 3], "uniform", args=(-1, 2)).pvalue > 0.001
    independent = np.corrcoef(drawn[:, [0, 3, 4]].T)[~np.eye(3, dtype=bool)]
    np.testing.assert_allclose(independent, 0, atol=0.05)


def test_the_first_category_may_come_later_or_not_at_all():
    assert Codes.parse(("u", "4")).category == slice(1, 5)
    assert Codes.parse(("u",)).category is None


@pytest.mark.parametrize("texts", [("1",), ("10", "x"), ("-3",), ("1001",)])
def test_what_is_no_code_is_refused(texts):
    with pytest.raises(UsageError) as caught:
        Codes.parse(texts)
    assert str(caught.value) == (
        "--codes must be numbers of values from 2 to 1,000, or u for a continuous code, as in 10,u,u; "
        f"got '{texts[-1]}'."
    )
    with pytest.raises(UsageError, match=r"--codes must name at least one code, as in 10,u,u\."):
        Codes.parse(())
