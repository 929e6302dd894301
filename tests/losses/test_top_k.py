"""Gradients of the best samples alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.losses.adversarial import non_saturating_generator_loss
from gancli.losses.top_k import best

OUTPUTS = jnp.asarray(np.random.default_rng(0).normal(size=10), jnp.float32)


@pytest.mark.parametrize(("share", "count"), [(1.0, 10), (0.5, 5), (0.26, 3), (0.01, 1)])
def test_the_gradient_of_a_mean_is_that_of_the_mean_of_the_best(share, count):
    chosen = jnp.argsort(-OUTPUTS)[:count]

    def loss(outputs):
        return non_saturating_generator_loss(outputs, outputs)

    found = jax.jit(jax.grad(lambda outputs: loss(best(outputs, share))))(OUTPUTS)
    expected = jax.grad(lambda outputs: loss(outputs[chosen]))(OUTPUTS)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert np.count_nonzero(found) == count
    np.testing.assert_array_equal(best(OUTPUTS, share), OUTPUTS)


def test_of_equal_outputs_no_more_than_asked_for_count():
    found = jax.grad(lambda outputs: jnp.mean(best(outputs, 0.5)))(jnp.zeros(4))
    np.testing.assert_array_equal(found, [0.5, 0.5, 0, 0])
