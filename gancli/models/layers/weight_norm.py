"""Dense layers whose weights have a length and a direction of their own. Vectors are ``[B, features]``."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.models.layers.parts import Init


class WeightNormalized(nnx.Module):
    """``[B, in_features]`` to ``[B, out_features]``: ``s v·x / ||v|| + b`` for each unit (Salimans, Kingma 2016).

    Directions ``v`` are drawn by ``init`` and trained, as are biases; the length ``s`` is the same for all units and
    stays. Biases start so that inputs whose mean is ``mean``, ``[in_features]`` or for all the same, give outputs of
    mean zero.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        length: float = 1.0,
        mean: float | np.ndarray = 0.0,
        init: Init,
        rngs: nnx.Rngs,
    ):
        self.length = length
        self.direction = nnx.Param(init(rngs.params(), (in_features, out_features)))
        self.bias = nnx.Param(-jnp.full(in_features, mean) @ self.direction[...] * self._scale())

    def _scale(self) -> jax.Array:
        """Return what directions are multiplied by, float32 ``[out_features]``."""
        return self.length / jnp.linalg.norm(self.direction[...].astype(jnp.float32), axis=0)

    def __call__(self, x: jax.Array) -> jax.Array:
        return (x @ self.direction[...]) * self._scale().astype(x.dtype)[None] + self.bias[...][None]
