"""Bounds on weights against what a singular value decomposition finds."""

import jax
import jax.numpy as jnp
import numpy as np

from gancli.training.constraints import clip, limit_columns, limit_rho, spectrally_normalized, turned, with_directions

PARAMS = {
    "hidden": {0: {"linear": {"kernel": jax.random.normal(jax.random.key(0), (7, 5)), "bias": jnp.ones(5)}}},
    "convolution": {"kernel": jax.random.normal(jax.random.key(1), (3, 3, 2, 4))},
}


def largest(kernel):
    return np.linalg.svd(np.asarray(kernel).reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def test_spectral_normalization_leaves_every_kernel_a_largest_singular_value_of_one():
    params = with_directions(PARAMS)
    for _ in range(100):
        params = turned(params)
    result = spectrally_normalized(params)
    assert jax.tree.structure(result) == jax.tree.structure(PARAMS)
    for kernel in (result["hidden"][0]["linear"]["kernel"], result["convolution"]["kernel"]):
        np.testing.assert_allclose(largest(kernel), 1.0, rtol=1e-4)
    np.testing.assert_array_equal(result["hidden"][0]["linear"]["bias"], 1.0)


def test_its_gradient_passes_through_the_division():
    """Of w / sigma(w) for one row, where sigma is the length: no gradient along w itself."""
    params = with_directions({"kernel": jnp.array([[3.0, 4.0]])})
    for _ in range(5):
        params = turned(params)
    slope = jax.grad(lambda p: jnp.sum(spectrally_normalized(p)["kernel"] * jnp.array([[1.0, 0.0]])))(params)
    np.testing.assert_allclose(slope["kernel"], [[(1 - 0.36) / 5, -0.48 / 5]], atol=1e-6)
    np.testing.assert_array_equal(slope["direction"], 0.0)


def test_a_kernel_of_zeros_stays_finite():
    result = spectrally_normalized(with_directions({"kernel": jnp.zeros((3, 2))}))
    np.testing.assert_array_equal(result["kernel"], 0.0)


def test_clipping_cuts_weights_and_biases():
    result = clip(PARAMS, 0.01)
    assert all(float(jnp.abs(leaf).max()) <= 0.01 for leaf in jax.tree.leaves(result))


def test_no_column_grows_longer_than_its_limit():
    rng = np.random.default_rng(0)
    params = {
        "dense": {"kernel": rng.normal(size=(9, 4)) * [0.1, 1, 3, 0], "bias": np.full(4, 100.0)},
        "convolution": {"kernel": rng.normal(size=(3, 3, 2, 5))},
    }
    found = limit_columns(jax.tree.map(jnp.asarray, params), 1.5)
    for name in params:
        before = params[name]["kernel"].reshape(-1, params[name]["kernel"].shape[-1])
        after = np.asarray(found[name]["kernel"]).reshape(before.shape)
        lengths = np.linalg.norm(before, axis=0)
        np.testing.assert_allclose(np.linalg.norm(after, axis=0), np.minimum(lengths, 1.5), rtol=1e-5)
        np.testing.assert_allclose(after * np.maximum(lengths, 1.5), before * 1.5, rtol=1e-5)
    np.testing.assert_array_equal(found["dense"]["bias"], params["dense"]["bias"])


def test_a_share_is_cut_to_the_unit_interval_and_nothing_else_is():
    params = {
        "norms": {0: {"rho": jnp.array([-0.5, 0.25, 1.5]), "scale": jnp.array([7.0])}},
        "kernel": jnp.array([-2.0]),
    }
    found = limit_rho(params)
    np.testing.assert_array_equal(found["norms"][0]["rho"], [0.0, 0.25, 1.0])
    np.testing.assert_array_equal(found["norms"][0]["scale"], [7.0])
    np.testing.assert_array_equal(found["kernel"], [-2.0])
