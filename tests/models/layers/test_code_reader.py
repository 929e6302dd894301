"""What reads codes."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.models.layers.code_reader import CodeReader
from gancli.models.layers.parts import uniform_init
from gancli.models.mlp import Discriminator


def test_it_finds_what_the_network_inside_finds_and_reads_codes_from_its_features():
    rngs = nnx.Rngs(0)
    inside = Discriminator((4, 4, 1), (6,), 2, input_dropout=0.5, hidden_dropout=(0.5,), rngs=rngs)
    network = CodeReader(inside, (4, 4, 1), 5, init=uniform_init(None), rngs=rngs)
    x = jax.random.uniform(jax.random.key(0), (3, 4, 4, 1))
    for key in (None, jax.random.key(1)):
        found, plain = network(x, key), inside(x, key)
        np.testing.assert_array_equal(found.outputs, plain.outputs)
        np.testing.assert_array_equal(found.features, plain.features)
        hidden = network.hidden(found.features)
        expected = network.codes(jnp.maximum(hidden, 0.1 * hidden))
        np.testing.assert_allclose(found.codes, expected, rtol=1e-5, atol=1e-6)
