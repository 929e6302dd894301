import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gancli.config import TrainConfig
from gancli.training.catalog import OPTIMIZERS, Pace
from gancli.training.optimizers import learning_rate_schedule, momentum_schedule

CONFIG = TrainConfig(dataset="digits", momentum=0.5)
RECIPE = dataclasses.replace(
    CONFIG, final_momentum=0.7, momentum_epochs=250, learning_rate_divisor=1.000004, min_learning_rate=1e-6
)


@pytest.mark.parametrize(("epoch", "momentum"), [(0, 0.5), (1, 0.5), (125.5, 0.6), (250, 0.7), (1000, 0.7)])
def test_momentum_rises_from_epoch_1_to_250(epoch, momentum):
    schedule: Any = momentum_schedule(RECIPE, pace=Pace(500, 125_000))
    assert float(schedule(jnp.int32(epoch * 500))) == pytest.approx(momentum, abs=5e-4)


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 0.1), (1, 0.1 / 1.000004), (125_000, 0.1 / 1.000004**125_000), (10_000_000, 1e-6)]
)
def test_learning_rate_is_divided_at_every_update(step, rate):
    schedule: Any = learning_rate_schedule(0.1, RECIPE, Pace(500, 125_000))
    assert float(schedule(jnp.int32(step))) == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize(("step", "share"), [(0, 1.0), (1, 0.625 + 0.375 * 0.5**0.5), (2, 0.625), (4, 0.25), (9, 0.25)])
def test_rates_fall_by_half_a_cosine_to_their_share(step, share):
    config = dataclasses.replace(CONFIG, final_rate=0.25)
    schedule: Any = learning_rate_schedule(0.1, config, Pace(2, 5))
    assert float(schedule(jnp.int32(step))) == pytest.approx(0.1 * share, rel=1e-6)


def test_the_fall_of_the_rates_and_their_divisor_go_together():
    config = dataclasses.replace(CONFIG, final_rate=0.5, schedule="linear", learning_rate_divisor=1.5)
    schedule: Any = learning_rate_schedule(0.1, config, Pace(2, 5))
    assert float(schedule(jnp.int32(2))) == pytest.approx(0.1 * 0.75 / 1.5**2, rel=1e-6)


def test_adam_with_a_beta2_that_rises():
    """Algorithm 1 of Kingma and Ba with another beta2 at each step, written out in float64."""
    config = dataclasses.replace(CONFIG, beta2=0.9, final_beta2=0.99, schedule="linear")
    optimizer = OPTIMIZERS["adam"](0.1, config, Pace(2, 10))
    theta, first, second, state = 1.0, 0.0, 0.0, optimizer.init(jnp.array(1.0))
    parameter: Any = jnp.array(1.0)
    for step in range(1, 11):
        updates, state = optimizer.update(3 * parameter**2, state, parameter)
        parameter = optax.apply_updates(parameter, updates)
        gradient, beta2 = 3 * theta**2, 0.9 + 0.01 * (step - 1)
        first = 0.5 * first + 0.5 * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        theta -= 0.1 * first / (1 - 0.5**step) / (np.sqrt(second / (1 - beta2**step)) + 1e-8)
        assert float(parameter) == pytest.approx(theta, rel=1e-4)


@pytest.mark.parametrize(("beta1", "beta2"), [(0.5, 0.999), (0.0, 0.9)])
def test_adam_is_that_of_kingma_and_ba(beta1, beta2):
    """Algorithm 1 written out in float64."""
    optimizer = OPTIMIZERS["adam"](0.1, dataclasses.replace(CONFIG, momentum=beta1, beta2=beta2), Pace(2, 12))
    theta, first, second, state = 1.0, 0.0, 0.0, optimizer.init(jnp.array(1.0))
    parameter: Any = jnp.array(1.0)
    for step in range(1, 13):
        updates, state = optimizer.update(3 * parameter**2, state, parameter)
        parameter = optax.apply_updates(parameter, updates)
        gradient = 3 * theta**2
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        theta -= 0.1 * first / (1 - beta1**step) / (np.sqrt(second / (1 - beta2**step)) + 1e-8)
        assert float(parameter) == pytest.approx(theta, rel=1e-4)


@pytest.mark.parametrize("config", [CONFIG, dataclasses.replace(RECIPE, learning_rate_divisor=1.5, momentum_epochs=3)])
def test_sgd_is_a_velocity(config):
    """v = mu v - lr g; theta += v, written out in float64."""
    optimizer = OPTIMIZERS["sgd"](0.1, config, Pace(2, 12))
    theta, velocity, state = 1.0, 0.0, optimizer.init(jnp.array(1.0))
    parameter: Any = jnp.array(1.0)
    for step in range(12):
        updates, state = optimizer.update(2 * parameter, state, parameter)
        parameter = optax.apply_updates(parameter, updates)
        rate = max(0.1 / config.learning_rate_divisor**step, config.min_learning_rate)
        progress = np.clip((step // 2 - 1) / 2, 0, 1) if config.final_momentum else 0.0
        velocity = (0.5 + (0.2 * progress)) * velocity - rate * 2 * theta
        theta += velocity
        assert float(parameter) == pytest.approx(theta, rel=1e-5)
