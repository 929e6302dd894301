"""The loss of patches, on vectors for which it is known."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.losses.contrastive import patch_nce


def unit(shape, seed):
    x = jax.random.normal(jax.random.key(seed), shape)
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)


def test_where_every_place_is_alike_it_is_that_of_guessing():
    same = jnp.broadcast_to(unit((2, 1, 4), 0), (2, 5, 4))
    assert float(patch_nce(same, same, 0.07)) == pytest.approx(math.log(5), rel=1e-5)


def test_orthogonal_places_are_told_apart_as_well_as_the_temperature_lets():
    eye = jnp.broadcast_to(jnp.eye(4), (3, 4, 4))
    wanted = math.log(1 + 3 * math.exp(-1 / 0.5))
    assert float(patch_nce(eye, eye, 0.5)) == pytest.approx(wanted, rel=1e-5)
    turned = jnp.roll(eye, 1, axis=1)  # every place finds another one
    assert float(patch_nce(turned, eye, 0.5)) == pytest.approx(wanted + 1 / 0.5, rel=1e-5)


def test_it_is_the_cross_entropy_of_places_written_down():
    queries, keys = unit((2, 6, 3), 1), unit((2, 6, 3), 2)
    total = 0.0
    for query, key in zip(np.asarray(queries, np.float64), np.asarray(keys, np.float64), strict=True):
        for place in range(6):
            weights = np.exp(key @ query[place] / 0.07)
            total -= math.log(weights[place] / weights.sum()) / 12
    assert float(patch_nce(queries, keys, 0.07)) == pytest.approx(total, rel=1e-4)


def test_other_images_are_no_negatives_and_keys_get_no_gradient():
    queries, keys = unit((2, 6, 3), 1), unit((2, 6, 3), 2)
    both = [float(patch_nce(queries[i : i + 1], keys[i : i + 1], 0.07)) for i in range(2)]
    assert float(patch_nce(queries, keys, 0.07)) == pytest.approx(sum(both) / 2, rel=1e-5)
    gradients = jax.grad(patch_nce, argnums=(0, 1))(queries, keys, 0.07)
    assert float(jnp.abs(gradients[0]).max()) > 0
    assert float(jnp.abs(gradients[1]).max()) == 0
