"""What it costs a step to look for spikes, with mlp and with dcgan: ``python benchmarks/spikes.py``."""

import numpy as np
from chunks import gancli_chunk
from timing import interleave, print_machine, print_table

from gancli.recipes.resolve import resolve

STEPS, REPETITIONS = 20, 7
MODELS = {"mlp": {}, "dcgan": {"model": "dcgan", "base_channels": 32}}


def main() -> None:
    images = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28, 1), np.uint8)
    print_machine()
    for model, options in MODELS.items():
        print(model)
        contenders = {
            answer: gancli_chunk(
                resolve("mnist", None, options | {"log_every": STEPS, "on_spike": answer}), images, STEPS
            )
            for answer in ("ignore", "warn", "cut")
        }
        for run in contenders.values():
            run()
        print_table(interleave(contenders, REPETITIONS), "ignore", "step", per=STEPS)


if __name__ == "__main__":
    main()
