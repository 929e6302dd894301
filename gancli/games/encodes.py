"""An encoder as anybody uses it: from examples to latents."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from gancli.models.encoder import Encoding
from gancli.training.domain import Domain
from gancli.training.player import Player, cast
from gancli.training.state import Params

ENCODER = "encoder"  # name of the player


@dataclass(frozen=True)
class Encodes:
    """An encoder: examples to latents. For every function its weights are an argument."""

    player: Player
    domain: Domain  # what it reads

    def encode(self, encoder: Params, x: jax.Array, dtype: Any = jnp.float32) -> Encoding:
        """Map examples ``[B, *shape]`` in the model's range to latents, float32 computed in ``dtype``."""
        network: Any = self.player.network(encoder, dtype)
        return cast(network(x.astype(dtype)), jnp.float32)
