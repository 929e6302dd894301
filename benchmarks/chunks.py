"""gancli's training, as a function that runs so many steps at a call."""

from collections.abc import Callable

import jax
import numpy as np

from gancli import devices
from gancli.config import TrainConfig
from gancli.training.gan import GAN
from gancli.training.loop import compile_chunk, run_steps
from gancli.training.step import Batch
from gancli.training.streaming import Stream

ENDLESS = 10**6  # steps


def gancli_chunk(config: TrainConfig, images: np.ndarray, steps: int, *, streamed: bool = False) -> Callable[[], None]:
    """Compile a configuration's step and return what runs ``steps`` of them, waits, and goes on from there."""
    devices.keep_compiled_programs()
    gan = GAN.build(config, images.shape[1:], True, len(images))
    batch = Batch(images, np.zeros(len(images), np.int32))
    state = gan.init(images.mean(axis=0) / 255)
    data = Stream(gan, state.key, batch, 0, ENDLESS) if streamed else jax.device_put(batch)
    chunk = compile_chunk(gan, state, data)
    box = {"state": state, "step": 0}

    def run() -> None:
        start = box["step"]
        box["state"], _ = run_steps(gan, chunk, box["state"], data, start, start + steps)
        box["step"] += steps

    return run
