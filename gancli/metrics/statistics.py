"""Statistics files: a Gaussian as pytorch-fid, TTUR and clean-fid exchange it, with what is needed to trust it."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.errors import GancliError
from gancli.files import write_atomically
from gancli.metrics.moments import Gaussian, Moments


@dataclass(frozen=True)
class Statistics:
    """Mean and covariance of a set's features. Files of other programs lack the last four: None."""

    gaussian: Gaussian
    count: int | None = None  # images behind it
    features: str | None = None  # identity of the extractor
    resize: str | None = None
    sha256: str | None = None  # of the features

    @classmethod
    def of(cls, features: np.ndarray, identity: str, resize: str) -> "Statistics":
        """Return the statistics of features ``[n, d]``, n at least 2."""
        digest = hashlib.sha256(np.ascontiguousarray(features).data).hexdigest()
        return cls(Moments.of(features).compute(), len(features), identity, resize, digest)

    def save(self, path: Path) -> None:
        """Write an ``.npz`` with ``mu`` and ``sigma`` (float64), ``n``, ``features``, ``resize`` and ``sha256``.

        Raises:
            GancliError: it cannot be written.
        """
        about = {"n": self.count, "features": self.features, "resize": self.resize, "sha256": self.sha256}
        arrays = {name: np.array(value) for name, value in about.items() if value is not None}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, mu=self.gaussian.mean, sigma=self.gaussian.covariance, **arrays)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Statistics":
        """Read such a file, gancli's or another program's.

        Raises:
            GancliError: it is damaged, or ``mu`` and ``sigma`` are missing or do not fit each other.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            raise GancliError(f"'{path}' is not an .npz file, or damaged.") from None
        if missing := [name for name in ("mu", "sigma") if name not in found]:
            raise GancliError(f"'{path}' holds no statistics: it lacks {' and '.join(map(repr, missing))}.")
        mean, covariance = (found[name].astype(np.float64) for name in ("mu", "sigma"))
        if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
            raise GancliError(
                f"'{path}' holds no statistics: mu is {list(mean.shape)}, sigma {list(covariance.shape)}, "
                f"expected [d] and [d, d]."
            )
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise GancliError(f"the statistics in '{path}' are not all finite.")
        text = {name: str(found[name]) if name in found else None for name in ("features", "resize", "sha256")}
        return cls(Gaussian(mean, covariance), int(found["n"]) if "n" in found else None, **text)


def holds_statistics(path: Path) -> bool:
    """Return whether a file is an ``.npz`` with ``mu`` and ``sigma``, without reading them."""
    if path.suffix != ".npz" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return {"mu.npy", "sigma.npy"} <= set(archive.namelist())
