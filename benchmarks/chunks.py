"""gancli's training, as a function that runs so many steps at a call."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from gancli import devices
from gancli.config import TrainConfig
from gancli.training.gan import GAN
from gancli.training.loop import compile_chunk
from gancli.training.step import Batch, Cursor


def gancli_chunk(config: TrainConfig, images: np.ndarray, steps: int) -> Callable[[], None]:
    """Compile a configuration's step and return what runs ``steps`` of them, waits, and goes on from there."""
    devices.keep_compiled_programs()
    gan = GAN.build(config, images.shape[1:], True, len(images))
    data = jax.device_put(Batch(images, np.zeros(len(images), np.int32)))
    state = gan.init(images.mean(axis=0) / 255)
    chunk = compile_chunk(gan, state, data)
    box = {"state": state, "step": 0}

    def run() -> None:
        cursor = Cursor.at(box["step"], gan)
        box["state"], report = chunk.run(box["state"], data, cursor, jnp.int32(steps))
        box["step"] += steps
        jax.block_until_ready(report)

    return run
