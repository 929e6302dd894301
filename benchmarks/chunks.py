"""gancli's training, as a function that runs so many steps at a call."""

import os
from collections.abc import Callable

import jax
import numpy as np

from gancli.compute import devices
from gancli.compute.mesh import DeviceMesh
from gancli.config import TrainConfig
from gancli.games.adversarial import Batch
from gancli.games.pair import GAN
from gancli.training.loop import compile_chunk, run_steps
from gancli.training.streaming import Stream

ENDLESS = 10**6  # steps

jax.config.update("jax_num_cpu_devices", os.cpu_count())  # as the command does


def gancli_chunk(config: TrainConfig, images: np.ndarray, steps: int, *, streamed: bool = False) -> Callable[[], None]:
    """Compile a configuration's step and return what runs ``steps`` of them, waits, and goes on from there."""
    devices.keep_compiled_programs()
    gan = GAN.build(config, images.shape[1:], True, len(images))
    batch = Batch(images, np.zeros(len(images), np.int32))
    state = gan.init(images.mean(axis=0) / 255)
    everywhere = DeviceMesh(gan.num_devices).each()
    data = Stream(gan, state.key, batch, 0, ENDLESS) if streamed else jax.device_put(batch, everywhere)
    chunk = compile_chunk(gan, state, data)
    box = {"state": jax.device_put(state, everywhere), "step": 0}

    def run() -> None:
        start = box["step"]
        box["state"], _ = run_steps(gan, chunk, box["state"], data, start, start + steps)
        box["step"] += steps

    return run
