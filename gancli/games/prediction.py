"""The mean of what is hidden, by least squares: a network as large as a generator that completes, as its reference.

The squared error has its minimum at the conditional mean, which is one answer to each question, and for images with
several answers a blurred one. It is what an adversarial answer must be compared with.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from gancli.games.pair import Draws
from gancli.reporting import Watch
from gancli.salts import PREDICTOR
from gancli.training.state import Params

STEPS_AT_ONCE = 100


@dataclass(frozen=True)
class Regression:
    """How a predictor is trained."""

    steps: int = 5000
    learning_rate: float = 1e-3  # at the start; it falls to 0 along half a cosine
    seed: int = 0

    @property
    def key(self) -> jax.Array:
        """The key of its random draws, into which steps fold their numbers."""
        return jax.random.fold_in(jax.random.key(self.seed), PREDICTOR)


def train_predictor(
    draws: Draws, start: Params, examples: np.ndarray, regression: Regression, watch: Watch | None = None
) -> Params:
    """Return weights of the generator's network that minimize the squared error of what is hidden, by Adam.

    Its latents are 0. Masks are those that the generator learns.

    Args:
        draws: a generator that completes examples.
        start: weights to begin with.
        examples: of training, ``[N, *shape]``, uint8 or as people see them.
        regression: how it is trained.
        watch: receives progress.
    """
    data, state = jnp.asarray(examples), _optimizer(regression).init(start)
    predictor = start
    for first in range(0, regression.steps, STEPS_AT_ONCE):
        last = min(first + STEPS_AT_ONCE, regression.steps)
        steps = (jnp.int32(first), jnp.int32(last))
        predictor, state = _some_steps(draws, regression, (predictor, state), data, steps)
        if watch:
            watch(last, regression.steps)
    return predictor


def predict(draws: Draws, predictor: Params, x: jax.Array, observed: jax.Array) -> jax.Array:
    """Return what the network draws with latents 0, ``[B, *shape]``; observed parts stay.

    Args:
        draws: whose network it is.
        predictor: its weights.
        x: examples ``[B, *shape]`` in the model's range.
        observed: their masks ``[B, *sites]``.
    """
    assert draws.questions is not None, "the generator completes examples"
    nothing = jnp.zeros((len(x), draws.player.config.latent_size))
    return draws.questions.fill(x, observed, draws.generate(predictor, draws.asked(nothing, x, observed)))


def first_weights(game: Any, mean: np.ndarray, seed: int) -> Params:
    """Return fresh weights of a game's generator; ``mean`` is the mean example in the model's range."""
    (domain,) = game.domains
    name = game.draws.player.name
    networks = game.networks(nnx.Rngs(seed), {domain.name: mean})
    return nnx.to_pure_dict(nnx.state(networks[name], nnx.Param))


def _optimizer(regression: Regression) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_decay_schedule(regression.learning_rate, regression.steps))


@partial(jax.jit, static_argnames=("draws", "regression"))
def _some_steps(
    draws: Draws,
    regression: Regression,
    start: tuple[Params, Any],
    data: jax.Array,
    steps: tuple[jax.Array, jax.Array],
) -> tuple[Params, Any]:
    optimizer, count = _optimizer(regression), draws.player.config.batch_size
    questions = draws.questions
    assert questions is not None, "the generator completes examples"

    def step(index: jax.Array, carry: tuple[Params, Any]) -> tuple[Params, Any]:
        predictor, state = carry
        row_key, mask_key = jax.random.split(jax.random.fold_in(regression.key, index))
        x = draws.domain.to_model(data[jax.random.randint(row_key, (count,), 0, len(data))])
        observed = questions.draw(mask_key, count)
        gradients = jax.grad(lambda one: jnp.mean((predict(draws, one, x, observed) - x) ** 2))(predictor)
        updates, state = optimizer.update(gradients, state, predictor)
        return optax.apply_updates(predictor, updates), state

    return jax.lax.fori_loop(*steps, step, start)
