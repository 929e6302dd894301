"""What every feature network answers."""

from typing import NamedTuple

import jax


class Outputs(NamedTuple):
    """What a network says about a batch of images."""

    features: jax.Array  # [B, F]
    logits: jax.Array  # [B, K]
