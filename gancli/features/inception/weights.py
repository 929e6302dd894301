"""The published weights of FID's Inception-v3: where they lie, and how they come there."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

from gancli.compute.cache import find_kept
from gancli.errors import GancliError
from gancli.files import appearing, writing
from gancli.reporting import Watch

FILE = "pt_inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
TIMEOUT = 30  # seconds without an answer
CHUNK = 1 << 20


def find(watch: Watch | None = None) -> Path:
    """Return the published file in the user's cache, downloading it the first time.

    Raises:
        GancliError: it cannot be had, or what came is not what was published; nothing is kept then.
    """
    path = find_kept(FILE)
    if not path.exists():
        download(path, URL, SHA256, watch)
    return path


def download(path: Path, url: str, sha256: str, watch: Watch | None = None) -> None:
    """Fetch a file; it appears under its name only when it is whole and has the expected SHA-256.

    Raises:
        GancliError: as in :func:`find`.
    """
    cure = f"Fetch {url} by other means and give it with --inception-weights FILE."
    with appearing(path) as part:
        with part.open("wb") as file:
            digest = _receive(url, file, path, watch, cure)
        if digest != sha256:
            raise GancliError(f"what came for {FILE} is not the published file (its SHA-256 is another). {cure}")


def _receive(url: str, file: BinaryIO, path: Path, watch: Watch | None, cure: str) -> str:
    """Copy what a server sends into a file and return its SHA-256."""
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(CHUNK):
                with writing(path):
                    file.write(chunk)
                digest.update(chunk)
                if watch and total:
                    watch(file.tell(), total)
    except urllib.error.HTTPError as error:
        error.close()
        raise GancliError(f"cannot download {FILE}: the server says {error.code} {error.reason}. {cure}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:  # the latter two of what is no server or address
        reason = str(getattr(error, "reason", error)).strip() or type(error).__name__
        raise GancliError(f"cannot download {FILE}: {reason}. {cure}") from None
    return digest.hexdigest()
