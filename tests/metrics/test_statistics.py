import numpy as np
import pytest

from gancli.errors import GancliError
from gancli.metrics.frechet import check, frechet_distance
from gancli.metrics.moments import Moments
from gancli.metrics.statistics import Statistics, holds_statistics


def test_what_is_saved_is_read_and_has_the_names_others_use(tmp_path):
    features = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    path = tmp_path / "stats.npz"
    Statistics.of(features, "some-network-1", "none").save(path)
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["mu"].dtype == arrays["sigma"].dtype == np.float64
        np.testing.assert_allclose(arrays["sigma"], np.cov(features.astype(np.float64), rowvar=False), rtol=1e-12)
    read = Statistics.load(path)
    assert (read.count, read.features, read.resize) == (30, "some-network-1", "none")
    assert read.sha256 == Statistics.of(features, "", "").sha256
    assert holds_statistics(path)


def test_files_of_other_programs_are_read(tmp_path):
    path = tmp_path / "theirs.npz"
    np.savez(path, mu=np.zeros(3, np.float32), sigma=np.eye(3, dtype=np.float32))
    read = Statistics.load(path)
    assert (read.count, read.features, read.sha256) == (None, None, None)
    assert read.gaussian.covariance.dtype == np.float64


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"mu": np.zeros(3)}, "holds no statistics: it lacks 'sigma'."),
        ({"x": np.zeros(3)}, "holds no statistics: it lacks 'mu' and 'sigma'."),
        ({"mu": np.zeros(3), "sigma": np.eye(2)}, "mu is [3], sigma [2, 2], expected [d] and [d, d]."),
        ({"mu": np.zeros((1, 3)), "sigma": np.eye(3)}, "mu is [1, 3], sigma [3, 3], expected [d] and [d, d]."),
        ({"mu": np.zeros(0), "sigma": np.zeros((0, 0))}, "mu is [0], sigma [0, 0], expected [d] and [d, d]."),
        ({"mu": np.array([np.nan]), "sigma": np.eye(1)}, "are not all finite."),
        ({"mu": np.zeros(2), "sigma": np.diag([1, np.inf])}, "are not all finite."),
        ({"mu": np.zeros(2), "sigma": np.eye(2) * 1j}, "mu is float64, sigma complex128, expected real numbers."),
        ({"mu": np.array(["a", "b"]), "sigma": np.eye(2)}, "mu is <U1, sigma float64, expected real numbers."),
        ({"mu": np.zeros(2), "sigma": np.eye(2), "n": np.ones(2)}, "n must be a whole number above 0, got [1.0, 1.0]."),
        ({"mu": np.zeros(2), "sigma": np.array([[1, 0.2], [0.1, 1]])}, "is no covariance: it is not symmetric, entries "
         "differ by up to 0.1. Compute sigma anew, as numpy.cov(features, rowvar=False)."),
        ({"mu": np.zeros(2), "sigma": -np.eye(2)}, "is no covariance: it has the eigenvalue -1, below 0. "
         "Compute sigma anew, as numpy.cov(features, rowvar=False)."),
        ({"mu": np.zeros(2), "sigma": np.array([[1, 3], [3, 1]])}, "it has the eigenvalue -2, below 0. "
         "Compute sigma anew, as numpy.cov(features, rowvar=False)."),
        ({"mu": np.array([None, 1]), "sigma": np.eye(2)}, "holds Python objects instead of an array of numbers."),
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, arrays, message):
    path = tmp_path / "other.npz"
    np.savez(path, **arrays)
    with pytest.raises(GancliError) as caught:
        Statistics.load(path)
    assert str(caught.value).endswith(message)


def test_rounding_to_float32_leaves_a_covariance(tmp_path):
    features = np.random.default_rng(0).standard_normal((40, 120)).astype(np.float32) * 100
    sigma = np.cov(features.astype(np.float64), rowvar=False)
    np.savez(tmp_path / "x.npz", mu=features.mean(axis=0), sigma=sigma.astype(np.float32) + np.float32(1e-5) * sigma)
    read = Statistics.load(tmp_path / "x.npz").gaussian
    assert np.linalg.eigvalsh(sigma.astype(np.float32).astype(np.float64))[0] < -1e-9 * sigma.max()
    check(read)
    assert frechet_distance(Moments.of(features).compute(), read) < 1e-2 * np.trace(sigma)


def test_an_eigenvalue_a_little_below_zero_is_rounding(tmp_path):
    sigma = np.diag([1.0, 2, -5e-4])
    np.savez(tmp_path / "x.npz", mu=np.zeros(3), sigma=sigma)
    read = Statistics.load(tmp_path / "x.npz").gaussian
    check(read)
    np.testing.assert_allclose(read.covariance, np.diag([1.0, 2, 0]), atol=1e-12)


def test_statistics_go_by_their_content(tmp_path):
    for name, mean in (("a", 0), ("b", 0), ("c", 1)):
        np.savez(tmp_path / f"{name}.npz", mu=np.full(3, mean), sigma=np.eye(3))
    one, same, other = (Statistics.load(tmp_path / f"{name}.npz").fingerprint for name in "abc")
    assert one == same != other


def test_a_zip_of_a_newer_version_holds_none(tmp_path):
    path = tmp_path / "new.npz"
    np.savez(path, mu=np.zeros(2), sigma=np.eye(2))
    assert holds_statistics(path)
    raw = path.read_bytes()
    directory = raw.index(b"PK\x01\x02")
    path.write_bytes(raw[: directory + 6] + b"\xff" + raw[directory + 7 :])  # "version needed to extract"
    assert not holds_statistics(path)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "text.npz"
    path.write_text("no archive")
    assert not holds_statistics(path)
    with pytest.raises(GancliError, match="file, or damaged"):
        Statistics.load(path)
