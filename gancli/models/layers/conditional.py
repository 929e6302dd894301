"""Networks that are told the class: any generator with an embedding beside its latents, any discriminator with a
projection. Classes are ``[B, K]``, one-hot, or anything between them.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.models.layers.parts import DiscriminatorOutput, Normalized, drop

START = 0.1  # standard deviation of an embedding's numbers; that of latents is 1
PROJECTION = 2**32 - 1  # in the place of a layer's number, for dropout


class ConditionalGenerator(nnx.Module):
    """Latents and classes side by side, ``[B, Z + K]``, to samples ``[B, *data_shape]``.

    A class becomes as many numbers as there are latents, learned; the network inside maps both together, ``[B, 2 Z]``
    (Mirza and Osindero 2014, §3.2). At the start they are small beside the latents: where both are alike, the network
    is soon led by the class alone, and draws one image of each.
    """

    def __init__(self, inside: nnx.Module, latent_size: int, num_classes: int, *, rngs: nnx.Rngs):
        self.inside = inside
        self.embedding = nnx.Param(START * jax.random.normal(rngs.params(), (num_classes, latent_size)))
        self.latent_size = latent_size

    def __call__(self, inputs: jax.Array, *standing: list[jax.Array]) -> jax.Array:
        return self.inside(self._embedded(inputs), *standing)

    def statistics(self, inputs: jax.Array) -> list[jax.Array]:
        """Return the statistics of the network inside; of one without batch normalization there are none."""
        return self.inside.statistics(self._embedded(inputs)) if isinstance(self.inside, Normalized) else []

    def _embedded(self, inputs: jax.Array) -> jax.Array:
        z, classes = jnp.split(inputs, [self.latent_size], axis=1)
        return jnp.concatenate([z, classes @ self.embedding[...]], axis=1)


class ProjectionDiscriminator(nnx.Module):
    """Images ``[B, H, W, C]`` and classes ``[B, K]`` to outputs ``[B]`` (Miyato and Koyama 2018, §3).

    What the network inside says of the image alone, and the inner product of its features with a vector of the class.
    With a key, features are dropped at ``dropout``, as before the network's own last layer.
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
        example = jax.ShapeDtypeStruct((1, *data_shape), jnp.float32)
        num_features = jax.eval_shape(lambda x: inside(x).features, example).shape[1]
        self.projection = nnx.Linear(num_classes, num_features, use_bias=False, kernel_init=init, rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None, classes: jax.Array) -> DiscriminatorOutput:
        outputs, features = self.inside(x, key)
        kept = drop(features, self.dropout, key, PROJECTION)
        return DiscriminatorOutput(outputs + jnp.sum(self.projection(classes) * kept, axis=1), features)
