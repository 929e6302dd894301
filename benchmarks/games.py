"""What a step of the game of completion costs beside one of the plain game: ``python benchmarks/games.py``.

CPU time, not wall time, so that other processes on the machine count less; the least of three measurements.
"""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.games.catalog import GAMES
from gancli.recipes.resolve import resolve
from gancli.training import game as engine
from gancli.training.chunk import train_chunk
from gancli.training.domain import Batch, Domain
from gancli.training.feed import cursors

STEPS, REPETITIONS, SHAPE, COUNT = 30, 3, (28, 28, 1), 2000
GAMES_MEASURED: tuple[dict[str, Any], ...] = ({}, {"game": "completion"}, {"game": "completion", "packing": 1})


def milliseconds(options: dict[str, Any]) -> float:
    """Return the CPU time of a step on random images, with the defaults of MNIST."""
    config = resolve("mnist", None, options | {"log_every": STEPS})
    domain = Domain("data", SHAPE, is_images=True, num_examples=COUNT, rows=(1, config.batch_size))
    game = GAMES[config.game].build(config, (domain,), {})
    images = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), np.uint8)
    data = {"data": Batch(jnp.asarray(images), jnp.zeros(COUNT, jnp.int32))}
    state = engine.begin(game, {"data": np.zeros(SHAPE)})
    found = []
    for count in (2, *[STEPS] * REPETITIONS):  # the first one compiles
        began = time.process_time()
        state, _ = train_chunk(game, state, data, cursors(game, 0), jnp.int32(count), capacity=STEPS)
        jax.block_until_ready(state)
        found.append((time.process_time() - began) / count)
    return 1000 * min(found[1:])


if __name__ == "__main__":
    for options in GAMES_MEASURED:
        print(f"{options or 'plain'}: {milliseconds(options):.1f} ms of CPU time a step")
