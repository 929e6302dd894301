"""The two players' optimizers: optax transformations built from the configuration."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gancli.config import TrainConfig
from gancli.training.catalog import OPTIMIZERS as OPTIMIZERS
from gancli.training.catalog import Pace
from gancli.training.schedules import moved


def learning_rate_schedule(rate: float, config: TrainConfig, pace: Pace) -> optax.ScalarOrSchedule:
    """Return ``rate``, falling to the configured share of it at the last update.

    It is also divided by the configured divisor at every update, down to the configured minimum.
    """
    if config.learning_rate_divisor == config.final_rate == 1.0:
        return rate

    # A divisor like 1.000004 has two digits left in float32; its logarithm has them all.
    decay = math.log(config.learning_rate_divisor) / pace.per_step

    def schedule(count: Any) -> jax.Array:
        share = moved(1.0, config.final_rate, count, pace.updates, config)
        if config.learning_rate_divisor == 1.0:
            return rate * share
        return jnp.maximum(rate * share * jnp.exp(-decay * count), config.min_learning_rate)

    return schedule


def momentum_schedule(config: TrainConfig, pace: Pace) -> optax.ScalarOrSchedule:
    """Return SGD's momentum: constant, or rising linearly per epoch from epoch 1 to ``momentum_epochs``."""
    first, last = config.momentum, config.final_momentum
    if last is None:
        return first

    def schedule(count: Any) -> jax.Array:
        progress = (count // pace.updates_per_epoch - 1) / max(config.momentum_epochs - 1, 1)
        return first + (last - first) * jnp.clip(progress, 0.0, 1.0)

    return schedule


def adam(rate: float, config: TrainConfig, pace: Pace) -> optax.GradientTransformation:
    """Adam (Kingma and Ba 2015) with ``config.momentum`` and ``config.beta2`` as its decay rates.

    Where beta2 moves, the correction of the second moment goes by its present value, as in PyTorch.
    """
    learning_rate = learning_rate_schedule(rate, config, pace)
    if config.final_beta2 is None:
        return optax.adam(learning_rate, b1=config.momentum, b2=config.beta2)

    def beta2(count: Any) -> jax.Array:
        return moved(config.beta2, config.final_beta2, count, pace.updates, config)

    return optax.inject_hyperparams(optax.adam)(learning_rate, b1=config.momentum, b2=beta2)


def sgd(rate: float, config: TrainConfig, pace: Pace) -> optax.GradientTransformation:
    """Gradient descent with momentum as a velocity: ``v = mu v - lr g``, ``theta += v``.

    The learning rate scales the gradient before the velocity takes it up, so that a falling rate does not shrink the
    velocity already gathered; ``optax.sgd`` does it the other way round.
    """
    momentum = momentum_schedule(config, pace)
    velocity = optax.inject_hyperparams(optax.trace)(decay=momentum) if callable(momentum) else optax.trace(momentum)
    return optax.chain(optax.scale_by_learning_rate(learning_rate_schedule(rate, config, pace)), velocity)


class HistoryState(NamedTuple):
    """Where the weights have been."""

    updates: jax.Array  # int32 [], so far
    mean: Any  # of the weights before each of them


def near_history(weight: float) -> optax.GradientTransformation:
    """Add the gradient of ``weight ||w - mean of w so far||²`` (Salimans et al. 2016, §3.3: historical averaging).

    The mean is that of the weights before every update, this one among them, and counts as a constant.
    """

    def init(params: Any) -> HistoryState:
        return HistoryState(jnp.zeros((), jnp.int32), jax.tree.map(jnp.zeros_like, params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, HistoryState]:
        number = state.updates + 1
        mean = optax.incremental_update(params, state.mean, 1.0 / number)
        pulled = jax.tree.map(lambda one, now, before: one + 2.0 * weight * (now - before), updates, params, mean)
        return pulled, HistoryState(number, mean)

    return optax.GradientTransformation(init, update)


class OptimisticState(NamedTuple):
    """The state of the optimizer, and its last update."""

    inner: optax.OptState
    last: Any


def optimistic(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    """Return an optimizer whose every update is twice that of the given one, minus the one before.

    With gradient descent this is optimistic mirror descent, with Adam optimistic Adam (Daskalakis et al. 2018,
    Algorithm 1). The first update is doubled: weights are those at which extragradient from the past (Popov 1980)
    takes its gradients.
    """

    def init(params: Any) -> OptimisticState:
        return OptimisticState(optimizer.init(params), jax.tree.map(jnp.zeros_like, params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, OptimisticState]:
        updates, inner = optimizer.update(updates, state.inner, params)
        ahead = jax.tree.map(lambda now, last: 2 * now - last, updates, state.last)
        return ahead, OptimisticState(inner, updates)

    return optax.GradientTransformation(init, update)
