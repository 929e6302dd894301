"""A discriminator that also reads the codes of samples: any network, with a small one on its features."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

HIDDEN = 128  # units between features and codes (Chen et al. 2016, appendix C)
SLOPE = 0.1  # of these units below zero, as there


class CodeOutput(NamedTuple):
    """What a discriminator finds in a batch, and the codes beside it."""

    outputs: jax.Array  # [B]; higher means more real
    features: jax.Array  # [B, F], of an intermediate layer
    codes: jax.Array  # [B, S]: logits of a category's values, the mean of a continuous code


class CodeReader(nnx.Module):
    """Examples ``[B, *data_shape]`` to what the network inside finds, and to codes ``[B, S]``: Q on D's trunk."""

    def __init__(
        self,
        inside: nnx.Module,
        data_shape: tuple[int, ...],
        size: int,
        *,
        init: jax.nn.initializers.Initializer,
        rngs: nnx.Rngs,
    ):
        self.inside = inside
        example = jax.ShapeDtypeStruct((1, *data_shape), jnp.float32)
        num_features = jax.eval_shape(lambda x: inside(x).features, example).shape[1]
        self.hidden = nnx.Linear(num_features, HIDDEN, kernel_init=init, rngs=rngs)
        self.codes = nnx.Linear(HIDDEN, size, kernel_init=init, rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> CodeOutput:
        found = self.inside(x, key)
        codes = self.codes(nnx.leaky_relu(self.hidden(found.features), SLOPE)).astype(jnp.float32)
        return CodeOutput(found.outputs, found.features, codes)
