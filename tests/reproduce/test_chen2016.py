"""The networks of Chen et al. 2016."""

import jax
import numpy as np
from flax import nnx

from gancli.recipes.resolve import resolve
from gancli.reproduce.chen2016 import discriminator, generator
from gancli.reproduce.papers import PAPERS


def test_networks_have_the_layers_of_the_paper_and_half_its_width():
    row = PAPERS["chen2016"].rows["categories"]
    config = resolve(row.dataset, row.preset, dict(row.settings))
    assert (config.penalty, config.updates, config.conditional) == ((), "alternating", False)
    parts = (config, (28, 28, 1), True, np.zeros((28, 28, 1)), nnx.Rngs(0))
    up, down = generator(*parts), discriminator(*parts)
    assert [layer.kernel.shape for layer in up.dense] == [(62, 512), (512, 7 * 7 * 64)]
    assert down.dense.kernel.shape == (7 * 7 * 64, 512)
    z = jax.random.normal(jax.random.key(0), (6, 62))
    x = up(z)
    assert x.shape == (6, 28, 28, 1)
    assert 0 < x.min() < x.max() < 1
    found = down(x)
    assert (found.outputs.shape, found.features.shape) == ((6,), (6, 512))
    # Features come from units that the batch has normalized.
    before = np.where(found.features > 0, found.features, found.features / 0.1)
    np.testing.assert_allclose(before.mean(axis=0), 0, atol=1e-4)
    # With the statistics of another batch a sample does not depend on those beside it.
    standing = up.statistics(jax.random.normal(jax.random.key(1), (50, 62)))
    np.testing.assert_allclose(up(z, standing)[:2], up(z[:2], standing), rtol=1e-4, atol=1e-6)
