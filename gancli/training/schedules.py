"""Values that move over a run, from the one that it starts with to a ``--final-`` one at its last step."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from gancli.config import TrainConfig
from gancli.registry import Registry

# Shares of the way, at shares of the run: half a cosine (Loshchilov and Hutter 2017, equation 5), a straight line, or
# such a line in the second half of the run alone (Zhu et al. 2017, §4).
SCHEDULES: Registry[Callable[[jax.Array], jax.Array]] = Registry(
    "schedule",
    {
        "cosine": lambda share: (1 - jnp.cos(jnp.pi * share)) / 2,
        "linear": lambda share: share,
        "late-linear": lambda share: jnp.maximum(2 * share - 1, 0),
    },
)


def moved(first: float, last: float | None, done: Any, length: int, config: TrainConfig) -> Any:
    """Return a value after ``done`` of ``length`` updates, float32 ``[]``; ``first`` itself where nothing moves it."""
    if last is None or last == first:
        return first
    share = jnp.clip(jnp.asarray(done, jnp.float32) / max(length - 1, 1), 0, 1)
    return first + (last - first) * SCHEDULES[config.schedule](share)
