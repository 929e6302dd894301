"""Directions: of classes against Gaussians, of a linear layer against its eigenvectors."""

import numpy as np
import pytest

from gancli.errors import UsageError
from gancli.latents.directions import between_means, factorized, unit

RNG = np.random.default_rng(0)


def cosine(one, other):
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_of_two_gaussians_the_direction_leads_from_one_mean_to_the_other():
    true = np.array([1.0, -2.0, 0.5, 0.0])
    spread, count = np.array([3.0, 1.0, 0.5, 2.0]), 20_000  # the normal of a linear classifier would lead elsewhere
    outside, inside = (RNG.normal(size=(count, 4)) * spread for _ in range(2))
    found = between_means(inside + true, outside)
    np.testing.assert_allclose(found, true, atol=5 * spread.max() * (2 / count) ** 0.5)  # five standard errors
    assert cosine(found, true) > 0.999
    assert cosine(true / spread**2, true) < 0.9


def test_posterior_means_give_the_same_direction_as_the_latents_however_much_they_leave_open():
    """x = z A + noise: E[z | x] is far from z, but by the law of total expectation both have one mean over a class."""
    count, a = 50_000, np.array([[1.0, 0.2], [0.0, 1.0], [2.0, -1.0]])
    z = RNG.normal(size=(count, 3))
    x = z @ a + RNG.normal(size=(count, 2))
    posterior = x @ np.linalg.inv(a.T @ a + np.eye(2)) @ a.T
    inside = x[:, 0] > 1
    by_latents, by_means = (between_means(one[inside], one[~inside]) for one in (z, posterior))
    assert np.mean((z - posterior) ** 2) > 0.3
    np.testing.assert_allclose(by_means, by_latents, atol=5 * (1 / inside.sum() + 1 / (~inside).sum()) ** 0.5)
    assert cosine(by_means, by_latents) > 0.999


def test_axes_are_the_eigenvectors_of_the_kernel_times_its_transpose_strongest_first():
    kernel = RNG.normal(size=(4, 9))
    axes = factorized(kernel)
    values, vectors = np.linalg.eigh(kernel @ kernel.T)  # rising
    for axis, vector in zip(axes, vectors.T[::-1], strict=True):
        assert abs(cosine(axis, vector)) == pytest.approx(1)
        assert axis[np.abs(axis).argmax()] > 0
    np.testing.assert_allclose(np.sum((axes @ kernel) ** 2, axis=1), values[::-1])
    np.testing.assert_allclose(axes @ axes.T, np.eye(4), atol=1e-12)


def test_of_a_layer_with_fewer_outputs_the_last_axes_change_nothing():
    kernel = RNG.normal(size=(3, 2))
    axes = factorized(kernel)
    assert axes.shape == (3, 3)
    np.testing.assert_allclose(axes[2] @ kernel, 0, atol=1e-12)


@pytest.mark.parametrize("broken", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_direction_has_length_one_or_is_refused(broken):
    np.testing.assert_allclose(unit(np.array([3.0, 4.0]), "x"), [0.6, 0.8])
    with pytest.raises(UsageError, match=r"^--toward x: its numbers must be finite and not all 0"):
        unit(np.array(broken), "x")
