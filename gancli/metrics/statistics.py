"""Statistics files: a Gaussian as pytorch-fid, TTUR and clean-fid exchange it, with what is needed to trust it."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.errors import GancliError
from gancli.files import read_arrays, write_atomically
from gancli.metrics.moments import Gaussian, Moments

KNOWN = ("mu", "sigma", "n", "features", "resize", "sha256")  # arrays of a statistics file
# Relative to the largest entry of a covariance: what rounding to float32 may do to it, and float64.
TOLERANCE, ROUNDING = 1e-3, 1e-10


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
            GancliError: it is damaged, or ``mu`` and ``sigma`` are missing or no mean and covariance.
        """
        found = read_arrays(path, lambda names: [name for name in names if name in KNOWN])
        if missing := [name for name in ("mu", "sigma") if name not in found]:
            raise GancliError(f"'{path}' holds no statistics: it lacks {' and '.join(map(repr, missing))}.")
        mean, covariance = found["mu"], found["sigma"]
        if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)) or not len(mean):
            raise GancliError(
                f"'{path}' holds no statistics: mu is {list(mean.shape)}, sigma {list(covariance.shape)}, "
                f"expected [d] and [d, d]."
            )
        if mean.dtype.kind not in "iuf" or covariance.dtype.kind not in "iuf":
            raise GancliError(
                f"'{path}' holds no statistics: mu is {mean.dtype}, sigma {covariance.dtype}, expected real numbers."
            )
        mean, covariance = mean.astype(np.float64), covariance.astype(np.float64)
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise GancliError(f"the statistics in '{path}' are not all finite.")
        covariance = _as_covariance(covariance, path)
        if "n" in found and (found["n"].shape != () or found["n"].dtype.kind not in "iu" or found["n"] < 1):
            given = str(found["n"].tolist())
            raise GancliError(f"'{path}' holds no statistics: n must be a whole number above 0, got {given:.40}.")
        text = {name: str(found[name]) if name in found else None for name in ("features", "resize", "sha256")}
        count = int(found["n"]) if "n" in found else None
        return cls(Gaussian(mean, covariance), count, **text)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of mean and covariance."""
        digest = hashlib.sha256(np.ascontiguousarray(self.gaussian.mean).data)
        digest.update(np.ascontiguousarray(self.gaussian.covariance).data)
        return digest.hexdigest()


def _as_covariance(sigma: np.ndarray, path: Path) -> np.ndarray:
    """Return a matrix with what rounding to float32 did to it undone: symmetric, and no eigenvalue below 0.

    Raises:
        GancliError: it is further from a covariance than that.
    """
    largest = np.abs(sigma).max()
    cure = "Compute sigma anew, as numpy.cov(features, rowvar=False)."
    if (apart := np.abs(sigma - sigma.T).max()) > TOLERANCE * largest:
        raise GancliError(
            f"sigma in '{path}' is no covariance: it is not symmetric, entries differ by up to {apart:.3g}. {cure}"
        )
    sigma = (sigma + sigma.T) / 2
    least = np.linalg.eigvalsh(sigma)[0]
    if least < -TOLERANCE * largest:
        raise GancliError(f"sigma in '{path}' is no covariance: it has the eigenvalue {least:.3g}, below 0. {cure}")
    if least < -ROUNDING * largest:
        values, vectors = np.linalg.eigh(sigma)
        sigma = (vectors * np.maximum(values, 0)) @ vectors.T
    return sigma


def holds_statistics(path: Path) -> bool:
    """Return whether a file is an ``.npz`` with ``mu`` and ``sigma``, without reading them."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return {"mu.npy", "sigma.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError):  # the last of a zip of a newer version
        return False
