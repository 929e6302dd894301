"""Discriminators that also tell the classes of data apart: any network, with a logit for each class."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.layers.parts import drop

CLASS_LOGITS = 2**32 - 2  # in the place of a layer's number, for dropout


class ClassifierOutput(NamedTuple):
    """What a discriminator finds in a batch, and the classes beside it."""

    outputs: jax.Array  # [B], of patches [B, P]; higher means more real
    features: jax.Array  # [B, F], of an intermediate layer
    logits: jax.Array  # [B, K], of the classes


class Classifier(nnx.Module):
    """Examples ``[B, *data_shape]`` to class logits ``[B, K]``, and to outputs ``[B]``: high means real.

    ``l(x) = a(x) + W f(x) + b``, where the network inside gives output a and features f. The output is
    ``log sum_k exp l_k(x)``: the logit of "real" among K + 1 classes of which the last one, "sample", has a logit fixed
    at zero (Salimans et al. 2016, §5.1). With a key, features are dropped at ``dropout``, as before the network's own
    last layer.
    """

    def __init__(
        self,
        inside: nnx.Module,
        data_shape: tuple[int, ...],
        num_classes: int,
        *,
        dropout: float,
        init: jax.nn.initializers.Initializer,
        rngs: nnx.Rngs,
    ):
        self.inside = inside
        self.dropout = dropout
        self.classes = nnx.Linear(_width(inside, data_shape), num_classes, kernel_init=init, rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> ClassifierOutput:
        found = self.inside(x, key)
        kept = drop(found.features, self.dropout, key, CLASS_LOGITS)
        logits = (found.outputs[:, None] + self.classes(kept)).astype(jnp.float32)  # of which the loss is made
        return ClassifierOutput(jax.nn.logsumexp(logits, axis=1), found.features, logits)


class AuxiliaryClassifier(nnx.Module):
    """Examples ``[B, *data_shape]`` to what the network inside finds, and class logits ``[B, K]`` of its features.

    The logits are apart from the outputs, which say what is real (Odena et al. 2017, AC-GAN; Choi et al. 2018, §3.1).
    """

    def __init__(
        self,
        inside: nnx.Module,
        data_shape: tuple[int, ...],
        num_classes: int,
        *,
        init: jax.nn.initializers.Initializer,
        rngs: nnx.Rngs,
    ):
        self.inside = inside
        self.classes = nnx.Linear(_width(inside, data_shape), num_classes, kernel_init=init, rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> ClassifierOutput:
        found = self.inside(x, key)
        return ClassifierOutput(found.outputs, found.features, self.classes(found.features).astype(jnp.float32))


def _width(network: nnx.Module, data_shape: tuple[int, ...]) -> int:
    """Return the number of a discriminator's features."""
    example = jax.ShapeDtypeStruct((1, *data_shape), jnp.float32)
    return jax.eval_shape(lambda x: network(x).features, example).shape[1]
