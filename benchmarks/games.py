"""What a step of some games costs beside one of another game: ``python benchmarks/games.py``.

Games of images beside the plain game, with the defaults of MNIST, and the game of patches beside that of cycles, with
those of two sets of images of 64 pixels. CPU time, not wall time, so that other processes on the machine count
less; the least of three measurements.
"""

import os
import time
from typing import Any

import numpy as np
from chunks import chunks_of

from gancli.config import TWO_DOMAINS, TrainConfig
from gancli.games.catalog import GAMES
from gancli.recipes.resolve import resolve
from gancli.training.domain import Domain

STEPS, REPETITIONS, COUNT = 30, 3, 200
YOUR_IMAGES = os.getcwd()  # any folder has the defaults of your images
LABELED = 10  # images of each class
MNIST: tuple[dict[str, Any], ...] = (
    {},
    {"historical_weight": 0.1},
    {"game": "bidirectional"},
    {"game": "semi-supervised", "labels": "100"},
    {"game": "semi-supervised", "labels": "100", "alone": True},
    {"game": "completion"},
    {"game": "completion", "packing": 1},
)
TRANSLATION: tuple[dict[str, Any], ...] = tuple(
    {"game": game, "augment": ()} | weights
    for game in ("cycle", "contrastive")
    for weights in ({}, {"identity_weight": 0.0})
)


def domains_of(config: TrainConfig, shape: tuple[int, ...]) -> tuple[Domain, ...]:
    """Return what a game is played on: one set of images, images and labeled ones, or two sets."""
    batch = (config.batch_size,)
    if config.game in TWO_DOMAINS:
        return tuple(Domain(name, shape, True, COUNT, batch) for name in ("a", "b"))
    images = Domain("data", shape, True, COUNT, (config.k, *batch))
    if config.game != "semi-supervised":
        return (images,)
    return images, Domain("labeled", shape, True, 10 * LABELED, batch, class_counts=(LABELED,) * 10)


def milliseconds(dataset: str, shape: tuple[int, ...], options: dict[str, Any]) -> float:
    """Return the CPU time of a step on random images of one shape."""
    config = resolve(dataset, None, options | {"log_every": STEPS, "devices": 1})
    domains = domains_of(config, shape)
    game = GAMES[config.game].build(config, domains, {})
    rng = np.random.default_rng(0)
    images = {one.name: rng.integers(0, 256, (one.num_examples, *shape), np.uint8) for one in domains}
    run = chunks_of(game, images, STEPS)
    found = []
    for _ in range(1 + REPETITIONS):  # the first one compiles
        began = time.process_time()
        run()
        found.append((time.process_time() - began) / STEPS)
    return 1000 * min(found[1:])


if __name__ == "__main__":
    for options in MNIST:
        print(f"MNIST, {options or 'plain'}: {milliseconds('mnist', (28, 28, 1), options):.1f} ms a step")
    for options in TRANSLATION:
        found = milliseconds(YOUR_IMAGES, (64, 64, 3), options)
        print(f"64 pixels, {options}: {found:.1f} ms a step")
