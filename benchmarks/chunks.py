"""gancli's training, as a function that runs so many steps at a call."""

import dataclasses
import os
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute import devices
from gancli.compute.mesh import DeviceMesh
from gancli.compute.programs import keep_compiled_programs
from gancli.config import TrainConfig
from gancli.games.catalog import GAMES
from gancli.models.catalog import MODELS
from gancli.training.chunk import compile_chunk, train_chunk
from gancli.training.domain import Batch, Domain
from gancli.training.feed import cursors
from gancli.training.game import Game, begin
from gancli.training.loop import run_steps
from gancli.training.streaming import Stream

ENDLESS = 10**6  # steps

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # a card's memory serves PyTorch, too
jax.config.update("jax_num_cpu_devices", os.cpu_count())  # as the command does


def lay_out(config: TrainConfig, images: np.ndarray) -> Game:
    """Lay out the configured game on images, on as many devices as the command would take."""
    even = config.batch_size % 2 == 0 and not config.microbatch
    count = devices.choose(config.devices, even=even, convolves=MODELS[config.model].convolves)
    domain = Domain("data", images.shape[1:], True, len(images), (config.k, config.batch_size))
    return GAMES[config.game].build(dataclasses.replace(config, devices=count), (domain,), {})


def gancli_chunk(config: TrainConfig, images: np.ndarray, steps: int, *, streamed: bool = False) -> Callable[[], None]:
    """Compile a configuration's step and return what runs ``steps`` of them, waits, and goes on from there."""
    return chunks_of(lay_out(config, images), {"data": images}, steps, streamed=streamed)


def chunks_of(game: Game, images: dict[str, np.ndarray], steps: int, *, streamed: bool = False) -> Callable[[], None]:
    """Do the same for a game on images of its domains, by name."""
    keep_compiled_programs()
    batches = {name: Batch(one, np.zeros(len(one), np.int32)) for name, one in images.items()}
    state = begin(game, {name: one.mean(axis=0) / 255 for name, one in images.items()})
    everywhere = DeviceMesh(game.config.devices).each()
    data = Stream(game, state.key, batches, 0, ENDLESS) if streamed else jax.device_put(batches, everywhere)
    chunk = compile_chunk(game, state, data)
    box = {"state": jax.device_put(state, everywhere), "step": 0}

    def run() -> None:
        start = box["step"]
        box["state"], _ = run_steps(game, chunk, box["state"], data, start, start + steps)
        box["step"] += steps

    return run


def count_operations(config: TrainConfig, images: np.ndarray) -> float:
    """Count the floating-point operations of one step, of which XLA sees the loop's body once."""
    game = lay_out(config, images)
    batches = {"data": Batch(images, np.zeros(len(images), np.int32))}
    state = begin(game, {"data": images.mean(axis=0) / 255})
    program = train_chunk.lower(game, state, batches, cursors(game, 0), jnp.int32(0), capacity=config.log_every)
    return program.cost_analysis()["flops"]
