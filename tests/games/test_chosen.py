"""What a configuration chooses, and what it leaves to the data."""

import pytest

from gancli.errors import UsageError
from gancli.games.chosen import chosen
from gancli.losses.catalog import LOSSES
from gancli.recipes.resolve import resolve
from gancli.training.domain import Domain


def of_images(side):
    return Domain("images", (side, side, 3), is_images=True, num_examples=100, rows=(1, 10))


@pytest.mark.parametrize(("weight", "side", "found"), [(None, 32, 0.05), (None, 64, 0.8), (3.0, 64, 3.0)])
def test_a_weight_that_is_left_open_goes_by_the_size_of_images(weight, side, found):
    config = resolve("./imgs", None, {"penalty": ("r1",), "penalty_weight": weight})
    seen = []
    settled, loss, family = chosen(config, of_images(side), None, lambda *what: seen.append(what))
    assert settled.penalty_weight == pytest.approx(found)
    assert seen == [(config, LOSSES[config.loss])]
    assert (loss, family.convolves) == (LOSSES[config.loss], True)


def test_what_makes_no_such_game_is_refused():
    def check(config, loss):
        raise UsageError(f"no game with {config.loss}")

    with pytest.raises(UsageError, match=r"^no game with hinge$"):
        chosen(resolve("ring", None, {"loss": "hinge"}), of_images(8), {}, check)
