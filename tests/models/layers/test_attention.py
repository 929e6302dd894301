"""Class activation maps against what the paper writes down."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.models.layers.attention import ActivationMaps
from gancli.training.constraints import spectrally_normalized, with_directions

INIT = nnx.initializers.normal(1.0)


def test_logits_of_maps_by_hand():
    layer = ActivationMaps(2, init=INIT, rngs=nnx.Rngs(0))
    layer.means.kernel[...] = jnp.array([[2.0], [-1.0]])
    layer.maxima.kernel[...] = jnp.array([[1.0], [10.0]])
    x = jnp.array([[[[0.0, 1.0], [4.0, 1.0]], [[0.0, 3.0], [0.0, -1.0]]]])
    # Means 1 and 1, maxima 4 and 3.
    np.testing.assert_allclose(layer(x)[1], [[2 * 1 - 1 * 1, 1 * 4 + 10 * 3]], rtol=1e-6)


def test_maps_are_weighed_side_by_side_and_mixed():
    """Kim et al. 2020, §3.1.1, word by word: both products side by side, then a convolution of one pixel."""
    layer = ActivationMaps(3, init=INIT, rngs=nnx.Rngs(0))
    layer.bias[...] = jnp.array([1.0, -1.0, 0.5])
    x = np.asarray(jax.random.normal(jax.random.key(0), (2, 4, 5, 3)))
    by_means, by_maxima = (np.asarray(one.kernel[...])[:, 0] for one in (layer.means, layer.maxima))
    beside = np.concatenate([x * by_means, x * by_maxima], axis=-1)
    found, logits = layer(jnp.asarray(x))
    np.testing.assert_allclose(found, beside @ np.asarray(layer.mixing[...]) + np.asarray(layer.bias[...]), atol=1e-4)
    wanted = np.stack([x.mean(axis=(1, 2)) @ by_means, x.max(axis=(1, 2)) @ by_maxima], axis=1)
    np.testing.assert_allclose(logits, wanted, atol=1e-5)


def test_spectral_normalization_holds_the_classifiers_and_leaves_the_mixture():
    layer = ActivationMaps(4, init=INIT, rngs=nnx.Rngs(0))
    params = nnx.to_pure_dict(nnx.state(layer, nnx.Param))
    bounded = spectrally_normalized(with_directions(params))
    for name in ("means", "maxima"):
        np.testing.assert_allclose(np.linalg.norm(bounded[name]["kernel"]), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(bounded["mixing"], params["mixing"])
