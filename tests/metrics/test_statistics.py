import numpy as np
import pytest

from gancli.errors import GancliError
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
        ({"mu": np.array([np.nan]), "sigma": np.eye(1)}, "are not all finite."),
    ],
)
def test_other_files_are_refused(tmp_path, arrays, message):
    path = tmp_path / "other.npz"
    np.savez(path, **arrays)
    with pytest.raises(GancliError) as caught:
        Statistics.load(path)
    assert str(caught.value).endswith(message)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "text.npz"
    path.write_text("no archive")
    assert not holds_statistics(path)
    with pytest.raises(GancliError, match="file, or damaged"):
        Statistics.load(path)
