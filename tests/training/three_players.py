"""The toy game of three players and two domains on a few small examples, which the tests of the engine share."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from gancli.training.domain import Batch, Domain
from gancli.training.game import begin
from gancli.training.state import TrainState
from tests.playing import IMAGES, LABELS, SMALL
from tests.toy import Toy

POINTS = np.random.default_rng(1).normal(size=(12, 2)).astype(np.float32)
ON_HOST = {"images": Batch(IMAGES, LABELS), "points": Batch(POINTS, np.zeros(12, np.int32))}
DATA = jax.tree.map(jnp.asarray, ON_HOST)
DOMAINS = (Domain("images", (4, 4, 1), True, 20, (2, 4)), Domain("points", (2,), False, 12, (8,)))
RATES = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
CONFIG = dataclasses.replace(SMALL, num_steps=25, sample_every=100, checkpoint_every=100, **RATES)
GAME = Toy.build(CONFIG, DOMAINS)
MEASURED = {"critic_loss", "maps_loss", "critic_gradient_norm", "labels"}


def first_state(game: Toy = GAME) -> TrainState:
    return begin(game, {"images": np.full((4, 4, 1), 0.5), "points": np.zeros(2)})
