"""What a step of some games costs beside one of another game: ``python benchmarks/games.py``.

The game of completion beside the plain game, with the defaults of MNIST, and the game of patches beside that of cycles,
with those of two sets of images of 64 pixels. CPU time, not wall time, so that other processes on the machine count
less; the least of three measurements.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from chunks import chunks_of

from gancli.games.catalog import GAMES
from gancli.recipes.resolve import resolve
from gancli.training.domain import Domain

STEPS, REPETITIONS, COUNT = 30, 3, 200
YOUR_IMAGES = os.getcwd()  # any folder has the defaults of your images
MNIST: tuple[dict[str, Any], ...] = ({}, {"game": "completion"}, {"game": "completion", "packing": 1})
TRANSLATION: tuple[dict[str, Any], ...] = tuple(
    {"game": game, "augment": ()} | weights
    for game in ("cycle", "contrastive")
    for weights in ({}, {"identity_weight": 0.0})
)


def milliseconds(dataset: str, shape: Sequence[int], names: Sequence[str], options: dict[str, Any]) -> float:
    """Return the CPU time of a step on random images of one shape, in one or more domains."""
    config = resolve(dataset, None, options | {"log_every": STEPS, "devices": 1})
    rows = (config.k, config.batch_size) if len(names) == 1 else (config.batch_size,)
    domains = tuple(Domain(name, tuple(shape), is_images=True, num_examples=COUNT, rows=rows) for name in names)
    game = GAMES[config.game].build(config, domains, {})
    rng = np.random.default_rng(0)
    run = chunks_of(game, {name: rng.integers(0, 256, (COUNT, *shape), np.uint8) for name in names}, STEPS)
    found = []
    for _ in range(1 + REPETITIONS):  # the first one compiles
        began = time.process_time()
        run()
        found.append((time.process_time() - began) / STEPS)
    return 1000 * min(found[1:])


if __name__ == "__main__":
    for options in MNIST:
        print(f"MNIST, {options or 'plain'}: {milliseconds('mnist', (28, 28, 1), ('data',), options):.1f} ms a step")
    for options in TRANSLATION:
        found = milliseconds(YOUR_IMAGES, (64, 64, 3), ("a", "b"), options)
        print(f"64 pixels, {options}: {found:.1f} ms a step")
