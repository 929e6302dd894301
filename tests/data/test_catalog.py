import dataclasses
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gancli.data.catalog import CLASSIFIED, DATASETS, Mixture
from gancli.data.class_names import as_labels, find
from gancli.data.kinds import About, Embedded
from gancli.data.load import load, load_folds
from gancli.data.synthetic import mixture
from gancli.errors import UsageError
from gancli.features.catalog import CLASSIFIERS
from gancli.recipes.resolve import resolve

SYNTHETIC = [name for name in DATASETS if isinstance(DATASETS[name], Mixture)]
FLAT = [name for name in SYNTHETIC if DATASETS[name].shape[0] <= 2]


@pytest.mark.parametrize("name", FLAT)
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
    residual = density.whitened(points - density.centers[modes]) / density.standard_deviation
    np.testing.assert_allclose(residual.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(residual.std(0), 1, atol=0.03)
    # Minus the mean log-density estimates the entropy: log K + ½ log det(2πe Σ) for modes that do not overlap.
    entropy = np.log(len(density.centers)) + np.linalg.slogdet(2 * np.pi * np.e * density.covariance)[1] / 2
    assert -density.log_density(points).mean() == pytest.approx(entropy, abs=0.03)


def test_the_correlated_gaussian_is_that_of_scipy():
    density = mixture("gaussian_5d")
    points, _ = density.sample(50_000, seed=1)
    known: Any = multivariate_normal(np.zeros(5), density.covariance)  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(density.log_density(points[:100]), known.logpdf(points[:100]), rtol=1e-10)
    np.testing.assert_allclose(np.cov(points.T), density.covariance, atol=5 * (2 / len(points)) ** 0.5)


def test_a_conditional_is_the_joint_density_over_that_of_what_is_observed():
    density = mixture("gaussian_5d")
    precision = np.linalg.inv(density.covariance)
    point = density.sample(1, seed=2)[0][0]
    for seen in ([], [0], [3, 1], [0, 2, 4], [0, 1, 2, 3]):
        observed = np.isin(np.arange(5), seen)
        weights, (mean,), covariance = density.conditional(point, observed)
        inside, across = precision[~observed][:, ~observed], precision[~observed][:, observed]
        np.testing.assert_allclose(covariance, np.linalg.inv(inside), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(mean, -np.linalg.solve(inside, across @ point[observed]), rtol=1e-10, atol=1e-12)
        assert weights == [1.0]


def test_above_each_place_of_the_ring_lie_the_modes_that_it_has_there():
    ring, observed = mixture("ring"), np.array([True, False])
    for x, values in ((1.0, [0.0]), (0.5**0.5, [-(0.5**0.5), 0.5**0.5]), (0.0, [-1.0, 1.0])):
        weights, means, covariance = ring.conditional(np.array([x, 9.0]), observed)
        likely = weights > 1e-6
        np.testing.assert_allclose(sorted(means[likely, 0]), values, atol=1e-12)
        np.testing.assert_allclose(weights[likely], 1 / len(values), rtol=1e-9)
        np.testing.assert_allclose(covariance, [[1e-4]])


def test_modes_are_where_the_papers_put_them():
    ring, grid = mixture("ring").centers, mixture("grid").centers
    assert len(ring) == 8
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 1.0)
    assert len(np.unique(grid, axis=0)) == 25
    assert set(np.unique(grid)) == {-4, -2, 0, 2, 4}


@pytest.mark.parametrize("name", DATASETS)
def test_labels_are_the_numbers_that_the_set_is_known_by(name):
    classes = DATASETS[name].classes
    numbers, listed = as_labels(classes)
    assert numbers.tolist() == list(range(len(classes)))
    assert tuple(listed) == classes
    for label in (0, len(classes) // 3, len(classes) - 1):
        assert find(classes, classes[label]) == find(classes, str(label)) == label


def test_a_set_of_unknown_density_is_a_usage_error():
    with pytest.raises(UsageError) as caught:
        mixture("mnist")
    assert str(caught.value) == (
        "the density of data set 'mnist' is not known. Known densities: gaussian, gaussian_5d, ring, grid."
    )


@dataclass(frozen=True, kw_only=True)
class Stripes(About):
    """A kind of images, in one class."""

    shape: tuple[int, int, int]
    classes: tuple[str, ...] = ("dark", "light")

    def facts(self):
        return f"{self.shape[0]} stripes"

    def open(self, name, data_dir):
        def read(split, fold=0):
            labels = np.arange(20, dtype=np.int32) % 2
            images = np.broadcast_to(labels[:, None, None, None] * 200, (20, *self.shape))
            return images.astype(np.uint8), labels

        return read


@pytest.fixture
def toys(monkeypatch):
    """A data set of a known kind, and one of a new kind: an entry each."""
    digits = DATASETS["digits"]
    assert isinstance(digits, Embedded)
    again = dataclasses.replace(digits, summary="Digits again", num_train=100, num_validation=20)
    stripes = Stripes(summary="Stripes", shape=(4, 4, 1), defaults={"num_steps": 7}, cite=("nobody2026stripes",))
    for name, entry in {"again": again, "stripes": stripes}.items():
        monkeypatch.setitem(DATASETS._entries, name, entry)


def test_a_data_set_is_added_by_one_entry(gancli, toys):
    again, digits = load("again"), load("digits")
    np.testing.assert_array_equal(again.examples, digits.examples[:100])
    assert (again.classes, len(again.other("validation"))) == (digits.classes, 20)
    assert load("stripes", "test").class_counts() == {"dark": 10, "light": 10}
    ((validation, test),) = load_folds("stripes")
    assert (len(validation), len(test)) == (20, 20)
    listed = json.loads(gancli("list", "datasets", "--json")[1])
    assert listed["again"]["summary"] == "Digits again: images 8x8x1, 10 classes, 100 for training; no download"
    assert listed["stripes"]["summary"] == "Stripes: 4 stripes"
    assert resolve("stripes", None, {}).num_steps == 7
    assert resolve("again", None, {}).num_steps == resolve("digits", None, {}).num_steps


def test_the_catalog_waits_for_no_library():
    probe = "import sys, gancli.data.catalog; print(sorted({'numpy', 'jax', 'PIL', 'scipy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_every_built_in_classifier_is_for_such_images():
    for name, (classifier, channels) in CLASSIFIED.items():
        entry, (height, width, _) = DATASETS[name], CLASSIFIERS[classifier].shape
        assert entry.shape == (height, width, channels) or entry.shape == CLASSIFIERS[classifier].shape
        assert len(entry.classes) == CLASSIFIERS[classifier].num_classes ** (channels if name == "stacked_mnist" else 1)
