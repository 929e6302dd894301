"""Paths between two draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.latents.catalog import PATHS, PRIORS
from gancli.latents.paths import lerp, slerp

KEY = jax.random.key(0)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_paths_begin_and_end_where_they_should(path):
    start, end = PRIORS["gaussian"](KEY, (2, 5))
    np.testing.assert_allclose(path(start, end, 0.0), start, atol=1e-6)
    np.testing.assert_allclose(path(start, end, 1.0), end, atol=1e-6)


def test_slerp_of_unit_vectors_turns_at_constant_speed_on_the_unit_sphere():
    start, end = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
    angles = jnp.array([0.0, 0.25, 0.5, 1.0])[:, None]
    arc = slerp(start[None], end[None], angles)
    quarter = np.pi / 2 * np.asarray(angles)[:, 0]
    np.testing.assert_allclose(arc, np.stack([np.cos(quarter), np.sin(quarter)], axis=1), atol=1e-6)


@pytest.mark.parametrize("end", [[2.0, 0.0], [-1.0, 0.0], [1.0, 1e-6]])
def test_slerp_falls_back_to_the_line_where_no_arc_is_defined(end):
    start, end = jnp.array([1.0, 0.0]), jnp.array(end)
    np.testing.assert_allclose(slerp(start, end, 0.3), lerp(start, end, 0.3), atol=1e-6)
