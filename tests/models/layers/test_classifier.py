"""Classes beside what a discriminator finds real."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.models.layers.classifier import AuxiliaryClassifier
from gancli.models.layers.parts import DiscriminatorOutput


class Inside(nnx.Module):
    """``[B, 2]`` to scores of two patches, and features ``[B, 3]``."""

    def __call__(self, x, key=None):
        del key
        return DiscriminatorOutput(x, jnp.stack([x[:, 0], x[:, 1], x[:, 0] * x[:, 1]], axis=1))


def test_logits_are_linear_in_the_features_and_apart_from_the_scores():
    network = AuxiliaryClassifier(Inside(), (2,), 4, init=nnx.initializers.normal(1.0), rngs=nnx.Rngs(0))
    x = jnp.array([[1.0, 2.0], [-1.0, 0.5]])
    found = network(x, jax.random.key(0))
    np.testing.assert_array_equal(found.outputs, x)
    np.testing.assert_array_equal(found.features, Inside()(x).features)
    wanted = np.asarray(found.features) @ np.asarray(network.classes.kernel[...])
    np.testing.assert_allclose(found.logits, wanted, rtol=1e-6)
    assert network(x.astype(jnp.bfloat16)).logits.dtype == jnp.float32
