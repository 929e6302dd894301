"""The reader of TFD's file, on a small one of its schema."""

import numpy as np
import pytest
from scipy.io import savemat

from gancli.data.load import load, load_folds
from gancli.errors import GancliError


def write_tfd(folder, count=60, **changes):
    """Write a file of TFD's schema, 20 of its images unlabeled, and return its arrays."""
    rng = np.random.default_rng(0)
    folds = rng.integers(1, 4, (count, 5)).astype(np.uint8)
    folds[:20] = 0
    labels = rng.integers(1, 8, (count, 1)).astype(np.int16)
    labels[:20] = -1
    arrays = {"images": rng.integers(0, 256, (count, 48, 48), np.uint8), "labs_ex": labels, "folds": folds}
    arrays |= {"labs_id": labels} | changes
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / "TFD_48x48.mat", {name: value for name, value in arrays.items() if value is not None})
    return arrays


def test_the_unlabeled_images_are_for_training(tmp_path):
    arrays = write_tfd(tmp_path / "tfd")
    train = load("tfd", "train", tmp_path)
    np.testing.assert_array_equal(train.examples[..., 0], arrays["images"][:20])
    assert (train.labels == -1).all()


def test_every_fold_has_its_validation_and_test_images(tmp_path):
    arrays = write_tfd(tmp_path)
    folds = load_folds("tfd", tmp_path)
    assert len(folds) == 5
    for number, (validation, test) in enumerate(folds):
        for dataset, code in ((validation, 2), (test, 3)):
            chosen = arrays["folds"][:, number] == code
            np.testing.assert_array_equal(dataset.examples[..., 0], arrays["images"][chosen])
            np.testing.assert_array_equal(dataset.labels, arrays["labs_ex"][chosen, 0] - 1)
    np.testing.assert_array_equal(load("tfd", "test", tmp_path).examples, folds[0][1].examples)


def test_other_sets_have_one_fold():
    ((validation, test),) = load_folds("digits")
    assert (len(validation), len(test)) == (250, 250)


def test_who_has_no_file_is_told_who_does(tmp_path):
    with pytest.raises(GancliError) as error:
        load("tfd", "train", tmp_path)
    assert str(error.value) == (
        f"data set 'tfd' is not in {tmp_path} and cannot be downloaded: only the University of Toronto's machine "
        f"learning group hands it out. Put TFD_48x48.mat into {tmp_path / 'tfd'}, or give --data-dir its folder."
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((60, 24, 24), np.uint8)}, "'images' must be Nx48x48 bytes, one a label, got 60x24x24"),
        ({"images": np.zeros((60, 48, 48))}, "'images' must be Nx48x48 bytes, one a label, got 60x48x48 of float64."),
        ({"folds": np.zeros((60, 3))}, "'folds' must be N x 5 of 0, 1, 2 and 3."),
        ({"folds": np.full((60, 5), 4)}, "'folds' must be N x 5 of 0, 1, 2 and 3."),
        ({"folds": None}, "no MATLAB file with images, labs_ex and folds"),
    ],
)
def test_another_files_arrays_are_refused(tmp_path, changes, message):
    write_tfd(tmp_path, **changes)
    with pytest.raises(GancliError) as error:
        load("tfd", "train", tmp_path)
    assert message in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no MATLAB file", None])
def test_a_damaged_file_is_one_line(tmp_path, content):
    write_tfd(tmp_path)
    path = tmp_path / "TFD_48x48.mat"
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    with pytest.raises(GancliError, match=r"^cannot read .*TFD_48x48\.mat: no MATLAB file with"):
        load("tfd", "train", tmp_path)
