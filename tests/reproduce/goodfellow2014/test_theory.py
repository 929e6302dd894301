"""The paper's theory, on a smaller scale than ``gancli reproduce goodfellow2014 --theory``."""

import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from gancli.config import TrainConfig
from gancli.games.pair import Pair
from gancli.metrics.divergence import density_divergence
from gancli.reproduce.goodfellow2014 import theory
from gancli.reproduce.goodfellow2014.theory import PAIRS, Check, gaussian
from gancli.sampling.draws import discriminator_outputs
from tests.conftest import thorough
from tests.playing import play


def test_a_check_holds_within_its_tolerance_and_on_the_right_side():
    cases = [("=", 1.05, True), ("=", 0.95, True), ("=", 1.2, False), ("<=", -5.0, True), ("<=", 1.05, True)]
    cases += [("<=", 1.2, False), (">=", 5.0, True), (">=", 0.95, True), (">=", 0.8, False)]
    for relation, measured, holds in cases:
        assert Check("", "", 1.0, measured, 0.1, relation).holds is holds
    assert not Check("", "", 1.0, math.nan, 0.1).holds


@pytest.mark.parametrize("name", [name for name, (real, _) in PAIRS.items() if real.centers.shape[1] == 1])
def test_the_divergence_of_known_densities_is_scipys_integral(name):
    p, q = PAIRS[name]

    def integrand(x):
        a, b = (math.exp(density.log_density(np.array([[x]]))[0]) for density in (p, q))
        return sum(0.5 * part * math.log(2 * part / (a + b)) for part in (a, b) if part > 0)

    assert density_divergence(p, q) == pytest.approx(quad(integrand, -12, 12, limit=400)[0], abs=1e-8)


def test_the_divergence_in_the_plane_is_that_along_the_line_between():
    # Two equal Gaussians differ in one direction only.
    plane = density_divergence(gaussian([[0, 0]], 1.0), gaussian([[1, 1]], 1.0))
    line = density_divergence(gaussian([[0]], 1.0), gaussian([[math.sqrt(2)]], 1.0))
    assert plane == pytest.approx(line, abs=1e-9)
    assert density_divergence(gaussian([[0, 0]], 1.0), gaussian([[0, 0]], 1.0)) == pytest.approx(0, abs=1e-12)
    assert density_divergence(gaussian([[0]], 0.1), gaussian([[9]], 0.1)) == pytest.approx(math.log(2))


def test_a_discriminator_alone_becomes_the_optimal_one(monkeypatch):
    monkeypatch.setattr(theory, "STEPS", 800)
    monkeypatch.setattr(theory, "PAIRS", {"shifted": PAIRS["N(0, 1) and N(1, 1)"]})
    value, distance, bound = theory.optimal_discriminator(0)
    assert value.holds
    assert distance.measured < 0.05
    assert bound.holds
    assert bound.measured > 0.8 * bound.expected


@thorough
def test_at_equilibrium_the_discriminator_knows_nothing(monkeypatch):
    monkeypatch.setattr(theory, "STEPS", 1500)
    distance, value = theory.equilibrium(0)
    assert distance.measured < 0.05
    assert value.holds


@thorough
def test_a_sure_discriminator_leaves_one_loss_flat(monkeypatch):
    monkeypatch.setattr(theory, "STEPS", 1500)
    flat, ratio = theory.vanishing_gradient(0)
    assert flat.measured < 0.1
    assert ratio.measured > 10


@thorough
def test_a_generator_that_runs_ahead_collapses():
    (check,) = theory.deliberate_collapse(0, rounds=100)
    assert check.holds, check.setting


@pytest.fixture
def _quick(monkeypatch):
    monkeypatch.setattr(
        "gancli.reproduce.goodfellow2014.theory.check_theory",
        lambda reporter, seed: [Check("a", "s", 1.0, 1.0, 0.1), Check("b", "s", 1.0, 0.5 + seed, 0.1, ">=")],
    )


@pytest.mark.usefixtures("_quick")
def test_the_command_prints_a_table_and_fails_where_something_does(gancli):
    code, out, _ = gancli("reproduce", "goodfellow2014", "--theory")
    assert code == 1
    assert out.splitlines()[-1] == "| b | s | at least 1.0000 | 0.5000 | 0.1000 | **fails** |"
    code, out, _ = gancli("reproduce", "goodfellow2014", "--theory", "--json", "--seed", 1)
    assert code == 0
    assert [check["holds"] for check in json.loads(out)["checks"]] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["goodfelow2014", "--theory"], "unknown paper 'goodfelow2014'. Did you mean 'goodfellow2014'? "),
        (["goodfellow2014"], "give one of --theory, --table 1 and --figure 1, 2 or 3."),
    ],
)
def test_bad_input_is_one_line(gancli, arguments, message):
    code, out, err = gancli("reproduce", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {message}")


@thorough
def test_a_wasserstein_critic_approaches_the_shift_between_two_gaussians(monkeypatch):
    """The earth mover's distance of N(0, 1) and N(2, 1) is 2; of equal ones, 0 (Gulrajani et al. 2017).

    A slope s says 2 s and costs λ (s - 1)²: the best is 1 + 1/λ, so the estimate is above the distance by 2/λ.
    """
    monkeypatch.setattr(theory, "STEPS", 1500)
    config = TrainConfig(
        dataset="gaussian",
        loss="wasserstein",
        penalty=("gradient-penalty",),
        batch_size=256,
        discriminator_widths=(32, 32),
        maxout_pieces=2,
        input_dropout=0.0,
        hidden_dropout=(0.0,),
        discriminator_learning_rate=1e-2,
        learning_rate_divisor=1.004,
        penalty_weight=30.0,
    )
    game = play(config, (1,), 1, is_images=False)
    here, there = (gaussian([[mean]], 1.0) for mean in (0, 2))
    for other, distance in ((there, 2.0 + 2 / 30), (here, 0.0)):
        critic = theory.fit_discriminator(game, here, other, seed=0)
        scores = [
            discriminator_outputs(
                Pair(game.draws, None, game.scores, critic), density.sample(20_000, seed=5 + place)[0]
            )
            for place, density in enumerate((here, other))
        ]
        loss = game.discriminator_loss(jnp.asarray(scores[0]), jnp.asarray(scores[1]))
        reading = game.objective.reading
        assert reading is not None
        assert reading(float(loss)).value == pytest.approx(distance, abs=0.1)
