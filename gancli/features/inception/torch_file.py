"""Tensors out of PyTorch's files, without PyTorch and without trusting the pickle inside them.

A ``.pth`` file is a pickle that describes tensors, beside the raw numbers: since PyTorch 1.6 in one zip archive, before
that one after the other. A pickle may name any function of any module to be called. Here the names are looked up in a
table of four, each of them ours; whatever else a file names is refused, so that reading one runs no code of its author.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gancli.errors import GancliError

LEGACY_MAGIC, LEGACY_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
}


@dataclass
class Storage:
    """A one-dimensional array that tensors are views of; in a legacy file its numbers come after the pickle."""

    dtype: np.dtype
    size: int
    data: np.ndarray | None = None


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies in its storage; offset and strides in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def to_numpy(self) -> np.ndarray:
        """Return a copy of the numbers."""
        data = self.storage.data
        reach = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        negative = min((self.offset, *self.shape, *self.strides)) < 0
        if data is None or negative or (0 not in self.shape and reach >= len(data)):
            raise ValueError("a tensor reaches beyond its storage")
        strides = tuple(stride * data.itemsize for stride in self.strides)
        return np.lib.stride_tricks.as_strided(data[self.offset :], self.shape, strides).copy()


def _rebuild_tensor(storage: Storage, offset: int, shape: tuple, strides: tuple, *_: object) -> Tensor:
    return Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


class _Unpickler(pickle.Unpickler):
    """Reads a pickle in which only tensors in dictionaries can occur."""

    def __init__(self, file: BinaryIO, load_storage: Callable[[tuple], Storage] | None = None):
        super().__init__(file, encoding="utf-8")
        self._load_storage = load_storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in DTYPES:
            return np.dtype(DTYPES[name])
        raise ValueError(f"it names '{module}.{name}', which no file of weights needs")

    def persistent_load(self, pid: Any) -> Storage:
        if self._load_storage is None or not isinstance(pid, tuple) or pid[0] != "storage":
            raise ValueError("it refers to something that is not a storage")
        return self._load_storage(pid)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Read a file that holds a dictionary of tensors, such as ``torch.save(model.state_dict(), path)`` writes.

    Raises:
        GancliError: it cannot be read, is not such a file, or names anything but tensors.
    """
    try:
        content = path.read_bytes()
        tensors = _read_zip(content) if zipfile.is_zipfile(io.BytesIO(content)) else _read_legacy(content)
        if not isinstance(tensors, dict):
            raise ValueError("it holds no dictionary")
        return {str(name): value.to_numpy() for name, value in tensors.items() if isinstance(value, Tensor)}
    except OSError as error:
        raise GancliError(f"cannot read {path}: {error.strerror}.") from None
    except Exception as error:  # a damaged pickle raises nearly everything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise GancliError(f"'{path}' is not a file of PyTorch weights, or damaged: {reason}.") from None


def _read_zip(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (index,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = index.removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("its numbers are big-endian")

        def load(pid: tuple) -> Storage:
            _, dtype, key, _, size = pid
            data = np.frombuffer(archive.read(f"{folder}data/{key}"), dtype)
            return Storage(dtype, size, data)

        return _Unpickler(io.BytesIO(archive.read(index)), load).load()


def _read_legacy(content: bytes) -> Any:
    file = io.BytesIO(content)
    storages: dict[str, Storage] = {}

    def load(pid: tuple) -> Storage:
        _, dtype, key, _, size, *view = pid
        if any(view):
            raise ValueError("it shares storages in a way that PyTorch gave up in 2017")
        return storages.setdefault(key, Storage(dtype, size))

    if _Unpickler(file).load() != LEGACY_MAGIC or _Unpickler(file).load() != LEGACY_PROTOCOL:
        raise ValueError("it does not begin as PyTorch's files do")
    if not _Unpickler(file).load().get("little_endian"):
        raise ValueError("its numbers are big-endian")
    tensors = _Unpickler(file, load).load()
    for key in _Unpickler(file).load():
        storage = storages[key]
        size = int.from_bytes(file.read(8), "little")
        raw = file.read(size * storage.dtype.itemsize)
        if size != storage.size or len(raw) != size * storage.dtype.itemsize:
            raise ValueError("it is cut short")
        storage.data = np.frombuffer(raw, storage.dtype)
    return tensors
