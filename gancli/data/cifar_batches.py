"""CIFAR-10 as Python's users have it: batches pickled by Python 2, read without running anything that they name."""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from gancli.data.files import Arrays, not_published, read_file
from gancli.errors import GancliError

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
MD5 = {  # as torchvision publishes them
    "train": {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    },
    "test": {"test_batch": "40351d587109b95175f43aff81a1287e"},
}
BYTES = 32 * 32 * 3  # of an image


class _Kept:
    """Stands in for everything that a pickle names: an array's state is kept, and nothing is called."""

    state: Any = None

    def __init__(self, *_: Any):
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        return _Kept


def read_batches(folder: Path, part: str) -> Arrays:
    """Read one part of CIFAR-10 from a ``cifar-10-batches-py`` folder; it needs only that part's files.

    Raises:
        GancliError: a file is missing, damaged, or not the published one.
    """
    missing = [name for name in MD5[part] if not (folder / name).is_file()]
    if missing:
        raise GancliError(f"{folder} lacks {', '.join(missing)}, which the '{part}' part of cifar10 is made of.")
    images, labels = zip(*(_read(folder / name, md5) for name, md5 in MD5[part].items()), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _read(path: Path, md5: str) -> Arrays:
    content = read_file(path)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if digest != md5:
        raise not_published(path, f"MD5 {digest[:12]}..., expected {md5[:12]}...", URL)
    return parse_batch(content, path)


def parse_batch(content: bytes, path: Path) -> Arrays:
    """Parse one pickled batch: rows of red, green and blue planes under ``data``, and their ``labels``.

    Raises:
        GancliError: it holds something else.
    """
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        pixels = batch[b"data"].state[-1]  # version, shape, type, order and bytes
        labels = np.array(batch[b"labels"], np.int32)
        rows = np.frombuffer(pixels, np.uint8).reshape(len(labels), BYTES)
    except Exception:  # a damaged pickle raises whatever it leads to
        raise GancliError(f"{path} is no batch of CIFAR-10's images and labels.") from None
    return rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels
