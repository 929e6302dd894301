"""Tiny archives in the original formats, for tests."""

import dataclasses
import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path

import numpy as np

from gancli.data.catalog import DATASETS
from gancli.data.kinds import Archive, ImageArchives

IDX_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx_set(folder: Path, train: int = 60, test: int = 10) -> dict[str, np.ndarray]:
    """Write four archives in MNIST's format and return their arrays by file name."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for name, count in zip(IDX_FILES, (train, train, test, test), strict=True):
        shape = (count, 28, 28) if "images" in name else (count,)
        arrays[name] = rng.integers(0, 256 if "images" in name else 10, shape, np.uint8)
        (folder / name).write_bytes(gzip.compress(idx(arrays[name])))
    return arrays


def cifar_records(count: int, seed: int) -> tuple[bytes, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, count, np.uint8)
    rows = np.concatenate([labels[:, None], images.transpose(0, 3, 1, 2).reshape(count, -1)], axis=1)
    return rows.tobytes(), images, labels


def write_cifar_archive(path: Path, count: int = 4) -> np.ndarray:
    """Write a ``cifar-10-binary.tar.gz`` with ``count`` images a file; return the training images in order."""
    parts = []
    with tarfile.open(path, "w:gz") as tar:
        for seed, name in enumerate([*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]):
            content, images, _ = cifar_records(count, seed)
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
            parts.append(images)
    return np.concatenate(parts[:5])


def trust(monkeypatch, name: str, folder: Path, num_train: int) -> None:
    """Make the catalog expect the archives in ``folder`` instead of the published ones."""
    entry = DATASETS[name]
    assert isinstance(entry, ImageArchives)
    archives = tuple(
        Archive(a.filename, a.url, hashlib.sha256((folder / a.filename).read_bytes()).hexdigest())
        for a in entry.archives
    )
    monkeypatch.setitem(DATASETS._entries, name, dataclasses.replace(entry, num_train=num_train, archives=archives))
