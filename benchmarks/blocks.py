"""Samples and their features on one device of a CPU against two in turn: does it pay there?

    python benchmarks/blocks.py

A generator of dcgan draws 3,000 images of 64 pixels, and the classifier of photographs describes them. The numbers are
the same bit for bit, which is checked. Accelerators always compute in turn.
"""

import os
import time
from unittest import mock

import jax
import numpy as np
import timing

from gancli.compute import devices
from gancli.evaluation.image_sets import quantized
from gancli.features.extractor import classifier_at_scales, extract
from gancli.games.catalog import game as entry
from gancli.games.pair import Pair
from gancli.recipes.resolve import resolve
from gancli.sampling.draws import draw_latents, generate_blocks
from gancli.training.domain import Domain
from gancli.training.game import begin

jax.config.update("jax_num_cpu_devices", os.cpu_count())  # as the command does
IMAGES = 3000


def main() -> None:
    config = resolve("cifar10", None, {"model": "dcgan", "base_channels": 32, "penalty_weight": 1.0})
    domain = Domain("data", (64, 64, 3), is_images=True, num_examples=IMAGES, rows=(1, 64))
    game = entry(config.game, None).build(config, (domain,), {})
    pair = Pair.of(game, begin(game, {"data": np.zeros(domain.shape)}).params)
    latents, extractor = draw_latents(pair.draws, IMAGES, seed=0), classifier_at_scales("cifar10", 64)

    def measured(count: int) -> np.ndarray:
        with mock.patch.object(devices, "in_turn", return_value=jax.local_devices()[:count]):
            blocks = (quantized(block) for block in generate_blocks(pair, latents))
            return extract(extractor, blocks, IMAGES)[0]

    alone, began = measured(1), time.perf_counter()
    assert np.array_equal(alone, measured(2))
    first = time.perf_counter() - began
    timing.print_machine()
    seconds = timing.interleave({"one device": lambda: measured(1), "two in turn": lambda: measured(2)}, 5)
    timing.print_table(seconds, "one device", "image", per=IMAGES)
    print(f"compiled for the second device in {first - min(seconds['two in turn']):.1f} s")


if __name__ == "__main__":
    main()
