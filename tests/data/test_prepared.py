"""Where prepared data sets are looked for."""

import pytest

from gancli.data.prepared import find_prepared, is_prepared, or_prepared


@pytest.fixture
def data_dir(tmp_path):
    """Two prepared versions of a set, and a later folder in which nothing was prepared."""
    for version in ("2.1.1", "9.0.0", "10.0.0"):
        folder = tmp_path / "flowers" / version
        folder.mkdir(parents=True)
        if version != "10.0.0":
            for name in ("dataset_info.json", "features.json"):
                (folder / name).write_text("{}")
    return tmp_path


def test_the_newest_prepared_version_is_found(data_dir):
    newest = data_dir / "flowers" / "9.0.0"
    assert find_prepared("flowers", data_dir) == newest
    assert find_prepared("anything", newest) == newest
    assert find_prepared("roses", data_dir) is None
    assert is_prepared(newest)
    assert not is_prepared(data_dir)
    (newest / "features.json").unlink()  # as others than TensorFlow Datasets leave a folder
    assert not is_prepared(newest)


def test_a_name_that_gancli_does_not_know_is_looked_for(data_dir, monkeypatch):
    newest = str(data_dir / "flowers" / "9.0.0")
    assert or_prepared("flowers", data_dir) == newest
    assert or_prepared("mnist", data_dir) == "mnist"
    assert or_prepared("roses", data_dir) == "roses"
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    assert or_prepared("flowers", None) == newest
