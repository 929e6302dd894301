"""What the readers of original files share."""

from pathlib import Path

import numpy as np

from gancli.errors import GancliError

Arrays = tuple[np.ndarray, np.ndarray]  # images uint8 [N, H, W, C], labels int32 [N]


def read_file(path: Path) -> bytes:
    """Read a file whole.

    Raises:
        GancliError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise GancliError(f"cannot read {path}: {error.strerror}.") from None


def not_published(path: Path, sums: str, url: str) -> GancliError:
    """Return what is said of a file that has other bytes than the published one."""
    return GancliError(f"{path} is not the published file: {sums}. Delete it and fetch {url} again.")
