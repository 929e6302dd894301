"""Objectives by name, and those of a user's own file."""

import jax.numpy as jnp
import pytest

from gancli.errors import UsageError
from gancli.losses.catalog import objective

OWN = """
import jax.numpy as jnp
from gancli.losses.objective import Objective

def critic(real, fake):
    return jnp.mean(fake) - jnp.mean(real)

def author(real, fake):
    return -jnp.mean(fake)

pair = (critic, author)
whole = Objective(critic, author, belief=None, threshold=None)
number = 3
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "my_losses.py"
    path.write_text(OWN)
    return path


def test_a_pair_of_functions_is_an_objective(own):
    game = objective(f"{own}:pair")
    assert game.discriminator is not None
    assert game.discriminator(jnp.ones(2), jnp.zeros(2)) == -1
    assert game.generator(jnp.ones(2), jnp.zeros(2)) == 0
    assert objective(f"{own}:pair") is game  # one object, so it compiles once
    assert objective(f"{own}:whole").threshold is None


def test_what_cannot_be_an_objective_is_said_in_a_line(own, tmp_path):
    def message(name):
        with pytest.raises(UsageError) as caught:
            objective(name)
        return str(caught.value)

    assert message(f"{own}:number") == (
        f"--loss {own}:number: {own} must define 'number' as a pair of functions (discriminator, generator), each of "
        f"(real_outputs, fake_outputs), or as a gancli.losses.objective.Objective."
    )
    absent = tmp_path / "absent.py"
    assert message(f"{absent}:pair") == f"--loss {absent}:pair: cannot read {absent}: No such file or directory."
    own.write_text("1 / 0")
    assert message(f"{own}:pair") == (f"--loss {own}:pair: running {own} failed: ZeroDivisionError: division by zero.")
    assert message("hindge").startswith("unknown loss 'hindge'. Did you mean 'hinge'?")
