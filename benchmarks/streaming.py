"""Training on data that is read from a file, block by block, against the same data on the device; random pixels.

python benchmarks/streaming.py [--repetitions 5]

First whole steps, then reading alone, by the size of a block. The operating system holds the files in memory.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import jax
import numpy as np
from chunks import gancli_chunk, lay_out
from timing import interleave, print_machine, print_table

from gancli.config import TrainConfig
from gancli.recipes.resolve import resolve
from gancli.training import streaming
from gancli.training.domain import Batch

GAMES = {  # images, and the options and number of steps of a repetition
    "mlp on 28x28x1, batch 100": ((50_000, 28, 28, 1), {"model": "mlp"}, 100),
    "dcgan on 28x28x1, batch 64": ((50_000, 28, 28, 1), {"model": "dcgan", "batch_size": 64}, 20),
    "dcgan on 64x64x3, batch 16": ((20_000, 64, 64, 3), {"model": "dcgan", "batch_size": 16}, 10),
}
MEBIBYTES = (1, 4, 16, 64)  # of a block that is only read
READ = 256 * 2**20  # bytes


def read(config: TrainConfig, images: np.ndarray, mebibytes: int, count: int) -> None:
    """Put ``count`` images on the device, in the order of training, and do nothing with them."""
    streaming.BLOCK_BYTES = mebibytes * 2**20
    game = lay_out(config, images)
    steps = count // config.batch_size
    batches = {"data": Batch(images, np.zeros(len(images), np.int32))}
    stream = streaming.Stream(game, jax.random.key(0), batches, 0, steps)
    for block, _, _ in stream.parts(0, steps):
        jax.block_until_ready(block)
    stream.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    print_machine()
    for game, (shape, options, steps) in GAMES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "images.npy"
            np.save(path, np.random.default_rng(0).integers(0, 256, shape, np.uint8))
            images = np.load(path, mmap_mode="r")
            config = resolve("mnist", None, {**options, "log_every": steps})
            trained = {
                "on the device": gancli_chunk(config, np.array(images), steps),
                "streamed": gancli_chunk(config, images, steps, streamed=True),
            }
            count = READ // images[0].nbytes // 1000 * 1000
            config = resolve("mnist", None, {**options, "log_every": count})  # so that only bytes bound a block
            alone = {f"blocks of {size} MiB": partial(read, config, images, size, count) for size in MEBIBYTES}
            for title, contenders, unit, per in (
                (game, trained, "step", steps),
                (f"reading {'x'.join(map(str, shape[1:]))} alone", alone, "1000 images", count // 1000),
            ):
                interleave(contenders, 1)
                print(f"\n{title}")
                print_table(interleave(contenders, arguments.repetitions), next(iter(contenders)), unit, per=per)
