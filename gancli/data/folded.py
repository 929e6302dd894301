"""The Toronto Face Database: one MATLAB file, labeled in part and cut into folds."""

import zlib
from functools import cache
from pathlib import Path

import numpy as np

from gancli.data.kinds import FoldedFile, Read
from gancli.data.prepared import default_data_dir
from gancli.errors import GancliError

FOLD_CODES = {"train": 0, "labeled": 1, "validation": 2, "test": 3}  # what the file's folds say of an image


def open_folded(entry: FoldedFile, name: str, data_dir: Path | None) -> Read:
    """Return what reads the splits: unlabeled images to train on, a fold's to validate and test."""

    @cache
    def everything() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return read_folded(find_folded(entry, name, data_dir or default_data_dir()), entry)

    def read(split: str, fold: int = 0) -> tuple[np.ndarray, np.ndarray]:
        images, labels, folds = everything()
        rows = folds[:, fold] == FOLD_CODES[split]
        return images[rows], labels[rows]

    return read


def find_folded(entry: FoldedFile, name: str, data_dir: Path) -> Path:
    """Return the file of a folded set in ``data_dir`` or ``data_dir/name``.

    Raises:
        GancliError: it is in neither; the message says who has it.
    """
    candidates = (data_dir / entry.filename, data_dir / name / entry.filename)
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise GancliError(
            f"data set '{name}' is not in {data_dir} and cannot be downloaded: only {entry.owners} hands it out. "
            f"Put {entry.filename} into {data_dir / name}, or give --data-dir its folder."
        )
    return found


def read_folded(path: Path, entry: FoldedFile) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read images uint8 ``[N, H, W, 1]``, labels int32 ``[N]`` (-1: none) and folds ``[N, F]`` of a MATLAB file.

    The file's arrays are ``images`` [N, H, W] uint8, ``labs_ex`` [N] (the expression, from 1) and ``folds`` [N, F],
    which says of every fold what an image is: 0 unlabeled, 1 for training, 2 for validation, 3 for testing.

    Raises:
        GancliError: it is no such file.
    """
    from scipy.io.matlab import MatReadError, loadmat  # a third of a second to import, and only this set needs it

    try:
        content = loadmat(path)
        images, labels, folds = (np.asarray(content[name]) for name in ("images", "labs_ex", "folds"))
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError, MatReadError, zlib.error) as error:
        raise GancliError(f"cannot read {path}: no MATLAB file with images, labs_ex and folds ({error}).") from None
    labels = labels.ravel()
    if images.dtype != np.uint8 or images.shape != (len(labels), *entry.shape[:2]):
        wanted = "x".join(map(str, ("N", *entry.shape[:2])))
        found = "x".join(map(str, images.shape))
        raise GancliError(f"{path}: 'images' must be {wanted} bytes, one a label, got {found} of {images.dtype}.")
    if folds.shape != (len(labels), entry.folds) or not np.isin(folds, list(FOLD_CODES.values())).all():
        raise GancliError(f"{path}: 'folds' must be N x {entry.folds} of 0, 1, 2 and 3.")
    classes = np.where(labels > 0, labels.astype(np.int32) - 1, -1).astype(np.int32)
    return images[..., None], classes, folds
