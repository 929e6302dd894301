import numpy as np
import pytest

from gancli.data.catalog import DATASETS, Mixture
from gancli.data.synthetic import mixture
from gancli.errors import UsageError

SYNTHETIC = [name for name in DATASETS if isinstance(DATASETS[name], Mixture)]


@pytest.mark.parametrize("name", SYNTHETIC)
def test_density_integrates_to_one(name):
    density = mixture(name)
    reach = 8 * density.standard_deviation
    total = 0.0
    for center in density.centers:  # a fine grid around every mode; modes do not overlap, or there is one
        axes = [np.linspace(c - reach, c + reach, 201) for c in center]
        points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(center))
        cell = np.prod([axis[1] - axis[0] for axis in axes])
        total += np.exp(density.log_density(points)).sum() * cell
    assert total == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_samples_follow_the_density(name):
    density = mixture(name)
    points, modes = density.sample(20_000, seed=3)
    assert points.dtype == np.float32
    shares = np.bincount(modes, minlength=len(density.centers)) / len(modes)
    np.testing.assert_allclose(shares, 1 / len(density.centers), atol=0.01)
    residual = (points - density.centers[modes]) / density.standard_deviation
    np.testing.assert_allclose(residual.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(residual.std(0), 1, atol=0.03)
    # Minus the mean log-density estimates the entropy: log K + D/2 log(2πeσ²) for modes that do not overlap.
    dimensions = points.shape[1]
    entropy = np.log(len(density.centers)) + dimensions / 2 * np.log(2 * np.pi * np.e * density.standard_deviation**2)
    assert -density.log_density(points).mean() == pytest.approx(entropy, abs=0.03)


def test_modes_are_where_the_papers_put_them():
    ring, grid = mixture("ring").centers, mixture("grid").centers
    assert len(ring) == 8
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 1.0)
    assert len(np.unique(grid, axis=0)) == 25
    assert set(np.unique(grid)) == {-4, -2, 0, 2, 4}


def test_a_set_of_unknown_density_is_a_usage_error():
    with pytest.raises(UsageError) as caught:
        mixture("mnist")
    assert str(caught.value) == ("the density of data set 'mnist' is not known. Known densities: gaussian, ring, grid.")
