"""CIFAR-10 as Python's users have it, and IDX files that somebody has unpacked."""

import gzip
import hashlib
import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gancli.data import cifar_batches
from gancli.data.load import load
from gancli.errors import GancliError
from tests.data.archives import IDX_FILES, cifar_records, trust, write_cifar_archive, write_idx_set


def pickled(batch):
    """Pickle as Python 2 did, which had one type for text and bytes."""

    def save_string(pickler, text):
        content = text.encode() if isinstance(text, str) else text
        pickler.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)

    buffer = io.BytesIO()
    pickler: Any = pickle._Pickler(buffer, protocol=2)  # type: ignore[attr-defined]
    pickler.dispatch = pickler.dispatch | {str: save_string, bytes: save_string}
    pickler.dump(batch)
    return buffer.getvalue().replace(b"numpy._core", b"numpy.core")  # as NumPy was called then


def write_batches(folder, monkeypatch, count=4):
    """Write tiny batches as Python 2 pickled them, and expect them instead of the published ones."""
    folder.mkdir(parents=True)
    sums = {}
    for seed, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        _, images, labels = cifar_records(count, seed)
        rows = images.transpose(0, 3, 1, 2).reshape(count, -1)
        content = pickled({b"data": rows, b"labels": labels.tolist()})
        (folder / name).write_bytes(content)
        sums[name] = hashlib.md5(content).hexdigest()
    test = {"test_batch": sums.pop("test_batch")}
    monkeypatch.setattr(cifar_batches, "MD5", {"train": sums, "test": test})


def test_batches_hold_the_same_as_the_archive(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    write_cifar_archive(tmp_path / "a" / "cifar-10-binary.tar.gz")
    trust(monkeypatch, "cifar10", tmp_path / "a", num_train=16)
    expected = load("cifar10", "train", tmp_path / "a")
    folder = tmp_path / "b" / "cifar-10-batches-py"
    write_batches(folder, monkeypatch)
    for data_dir in (folder, folder.parent):
        found = load("cifar10", "train", data_dir)
        assert found.fingerprint == expected.fingerprint
        np.testing.assert_array_equal(found.labels, expected.labels)
    (folder / "test_batch").write_bytes(b"other")
    with pytest.raises(GancliError, match=r"test_batch is not the published file: MD5 .*, expected .*"):
        load("cifar10", "test", folder)


def test_a_pickle_runs_nothing(tmp_path):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    with pytest.raises(GancliError, match=r"is no batch of CIFAR-10's images and labels\.$"):
        cifar_batches.parse_batch(pickle.dumps({b"data": Harmful(), b"labels": [1]}), Path("x"))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("place", [".", "MNIST/raw", "raw"])
def test_mnist_without_gz_is_mnist(tmp_path, mnist_dir, place):
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    for name in IDX_FILES:
        content = gzip.decompress((mnist_dir / "mnist" / name).read_bytes())
        (tmp_path / place / name.removesuffix(".gz")).write_bytes(content)
    assert load("mnist", "test", tmp_path).fingerprint == load("mnist", "test", mnist_dir).fingerprint
    path = tmp_path / place / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(GancliError, match=r"t10k-images-idx3-ubyte is not the published file: SHA-256"):
        load("mnist", "test", tmp_path)


def test_unpacked_files_without_a_checksum_need_a_folder_of_the_sets_name(tmp_path, monkeypatch):
    write_idx_set(tmp_path / "packed")
    trust(monkeypatch, "kmnist", tmp_path / "packed", num_train=50)
    folder = tmp_path / "KMNIST" / "raw"
    folder.mkdir(parents=True)
    for name in IDX_FILES:
        content = gzip.decompress((tmp_path / "packed" / name).read_bytes())
        (folder / name.removesuffix(".gz")).write_bytes(content)
    assert load("kmnist", "train", tmp_path).fingerprint == load("kmnist", "train", tmp_path / "packed").fingerprint
    other = tmp_path / "anything"
    folder.rename(other)
    from gancli.data.archives import find_archives
    from gancli.data.catalog import DATASETS

    assert find_archives(DATASETS["kmnist"], "kmnist", other) is None  # type: ignore[arg-type]
