import gzip
import hashlib
import time

import numpy as np
import pytest
import tensorflow_datasets as tfds

from gancli.data import archives
from gancli.data.catalog import SPLITS
from gancli.data.load import load
from gancli.errors import GancliError, UsageError
from tests.data.archives import cifar_records, idx, trust, write_cifar_archive, write_idx_set


def test_digits_are_embedded_and_split_in_order():
    from sklearn.datasets import load_digits

    parts = [load("digits", split) for split in SPLITS]
    assert [len(part) for part in parts] == [1297, 250, 250]
    pixels = np.concatenate([part.examples for part in parts])[..., 0]
    expected, classes = load_digits(return_X_y=True)
    np.testing.assert_array_equal(np.rint(pixels / 255 * 16).reshape(-1, 64), expected)
    np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), classes)


def test_mnist_keeps_the_original_order(mnist_dir):
    train, validation, test = (load("mnist", split, mnist_dir) for split in SPLITS)
    assert [len(part) for part in (train, validation, test)] == [50_000, 10_000, 10_000]
    assert train.shape == (28, 28, 1)
    pixels = np.concatenate([train.examples, validation.examples])
    content = idx(pixels[..., 0])
    assert hashlib.md5(content).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"
    np.testing.assert_array_equal(train.labels[:5], [5, 0, 4, 1, 9])
    np.testing.assert_array_equal(test.labels[:5], [7, 2, 1, 0, 4])


def test_mean_and_flat_are_in_the_models_range():
    digits = load("digits")
    np.testing.assert_allclose(digits.mean(), digits.examples.mean(axis=0) / 255, rtol=1e-6)
    flat = digits.flat(5, 8)
    assert flat.dtype == np.float32
    np.testing.assert_allclose(flat, digits.examples[5:8].reshape(3, 64) / 255, rtol=1e-6)


@pytest.mark.parametrize("place", [".", "kmnist"])
def test_archives_are_read_from_the_folder_or_its_namesake(tmp_path, monkeypatch, place):
    arrays = write_idx_set(tmp_path / place)
    trust(monkeypatch, "kmnist", tmp_path / place, num_train=50)
    train, validation, test = (load("kmnist", split, tmp_path) for split in SPLITS)
    pixels = arrays["train-images-idx3-ubyte.gz"][..., None]
    np.testing.assert_array_equal(train.examples, pixels[:50])
    np.testing.assert_array_equal(validation.examples, pixels[50:])
    np.testing.assert_array_equal(test.labels, arrays["t10k-labels-idx1-ubyte.gz"])


def test_files_are_read_once_for_all_splits(tmp_path, monkeypatch):
    write_idx_set(tmp_path)
    trust(monkeypatch, "kmnist", tmp_path, num_train=50)
    opened = []
    read = archives.read_file
    monkeypatch.setattr(archives, "read_file", lambda path: opened.append(path.name) or read(path))
    train = load("kmnist", "train", tmp_path)
    assert opened == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]  # not those of the test split
    validation = train.other("validation")
    assert (len(train), len(validation)) == (50, 10)
    assert len(opened) == 2
    assert validation.other("test").other("train").fingerprint == train.fingerprint
    assert len(opened) == 4


def test_the_data_dir_defaults_to_tfds(tmp_path, monkeypatch):
    write_idx_set(tmp_path)
    trust(monkeypatch, "fashion_mnist", tmp_path, num_train=50)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert len(load("fashion_mnist")) == 50


def test_mnist_compressed_again_is_still_mnist(tmp_path, mnist_dir):
    for path in (mnist_dir / "mnist").iterdir():
        (tmp_path / path.name).write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1))
    assert load("mnist", "test", tmp_path).fingerprint == load("mnist", "test", mnist_dir).fingerprint


def test_other_bytes_than_the_published_are_refused(tmp_path):
    write_idx_set(tmp_path)
    with pytest.raises(GancliError) as caught:
        load("mnist", "train", tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    assert str(caught.value) == (
        f"{path} is not the published file: SHA-256 {digest}..., expected 440fcabf73cc.... Delete it and fetch "
        "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz again."
    )


def test_a_truncated_archive_is_one_line(tmp_path):
    write_idx_set(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(GancliError) as caught:
        load("mnist", "train", tmp_path)
    assert str(caught.value) == (
        f"{path} is damaged (not a whole gzip file). Delete it and fetch "
        "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz again."
    )


def test_cifar_archive_and_folder_hold_the_same(tmp_path, monkeypatch):
    images = write_cifar_archive(tmp_path / "cifar-10-binary.tar.gz")
    trust(monkeypatch, "cifar10", tmp_path, num_train=16)
    train = load("cifar10", "train", tmp_path)
    np.testing.assert_array_equal(train.examples, images[:16])

    folder = tmp_path / "other" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for seed in range(5):
        (folder / f"data_batch_{seed + 1}.bin").write_bytes(cifar_records(4, seed)[0])
    for data_dir in (folder, folder.parent):
        assert load("cifar10", "train", data_dir).fingerprint == train.fingerprint
    with pytest.raises(GancliError) as caught:
        load("cifar10", "test", folder)
    assert str(caught.value) == f"{folder} lacks test_batch.bin, which the 'test' part of cifar10 is made of."
    (folder / "test_batch.bin").write_bytes(b"x" * 100)
    with pytest.raises(GancliError) as caught:
        load("cifar10", "test", folder)
    assert str(caught.value) == (
        f"{folder / 'test_batch.bin'} is cut short: 100 bytes are no whole number of 3073-byte records."
    )


class Kmnist(tfds.core.GeneratorBasedBuilder):
    """A tiny stand-in, prepared the way TensorFlow Datasets prepares the real one."""

    VERSION = tfds.core.Version("3.0.1")
    name = "kmnist"

    def _info(self):
        features = {"image": tfds.features.Tensor(shape=(28, 28, 1), dtype=np.uint8), "label": np.int64}
        return tfds.core.DatasetInfo(
            builder=self, disable_shuffling=True, features=tfds.features.FeaturesDict(features)
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(55), "test": self._generate_examples(5)}

    def _generate_examples(self, count):
        for index in range(count):
            yield index, {"image": np.full((28, 28, 1), index, np.uint8), "label": index % 10}


def test_a_folder_prepared_by_tfds_is_read_without_tensorflow(tmp_path, monkeypatch):
    import sys

    Kmnist(data_dir=tmp_path, file_format="array_record").download_and_prepare()
    write_idx_set(tmp_path / "aside")
    trust(monkeypatch, "kmnist", tmp_path / "aside", num_train=50)  # only for a small num_train
    train, validation = load("kmnist", "train", tmp_path), load("kmnist", "validation", tmp_path)
    np.testing.assert_array_equal(train.examples[:, 0, 0, 0], np.arange(50))
    np.testing.assert_array_equal(validation.labels, [0, 1, 2, 3, 4])
    assert load("kmnist", "test", tmp_path / "kmnist" / "3.0.1").shape == (28, 28, 1)
    assert "tensorflow" not in sys.modules

    folder = tmp_path / "kmnist" / "3.0.1"
    info = folder / "dataset_info.json"
    info.write_text(info.read_text().replace("array_record", "tfrecord"))
    with pytest.raises(GancliError) as caught:
        load("kmnist", "train", tmp_path)
    assert str(caught.value) == (
        f"{folder} is prepared in a file format that only TensorFlow reads. "
        "Prepare it with file_format='array_record', or point --data-dir at the original archives."
    )


def test_without_network_and_data_the_error_comes_soon_and_names_the_ways_out(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # where nothing listens
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(GancliError) as caught:
        load("mnist", "train", tmp_path)
    assert time.monotonic() - began < 10
    message = str(caught.value)
    assert message.startswith(f"data set 'mnist' is not in {tmp_path} and cannot be downloaded (")
    assert message.endswith(
        "). Either put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, "
        f"t10k-labels-idx1-ubyte.gz into {tmp_path / 'mnist'} (from "
        "https://storage.googleapis.com/cvdf-datasets/mnist/), or give --data-dir a folder where TensorFlow Datasets "
        "prepared it, or use 'digits', which needs no download."
    )


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        (
            "mnits",
            "train",
            "unknown data set 'mnits'. Did you mean 'mnist'? "
            "Known: mnist, stacked_mnist, mnist_m, fashion_mnist, kmnist, cifar10, tfd, digits, gaussian, gaussian_5d, "
            "ring, grid.",
        ),
        ("digits", "tests", "unknown split 'tests'. Known: train, validation, test."),
    ],
)
def test_unknown_names(name, split, message):
    with pytest.raises(UsageError) as caught:
        load(name, split)
    assert str(caught.value) == message


def test_downloaded_archives_are_verified_and_kept(tmp_path, monkeypatch):
    """TFDS's download manager against a server on this machine."""
    import dataclasses
    import http.server
    import threading
    from functools import partial

    from gancli.data.catalog import DATASETS
    from gancli.data.kinds import ImageArchives

    served = tmp_path / "served"
    arrays = write_idx_set(served)
    trust(monkeypatch, "kmnist", served, num_train=50)
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=served))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    entry = DATASETS["kmnist"]
    assert isinstance(entry, ImageArchives)
    here = f"http://127.0.0.1:{server.server_port}/"
    archives = tuple(dataclasses.replace(a, url=here + a.filename) for a in entry.archives)
    monkeypatch.setitem(DATASETS._entries, "kmnist", dataclasses.replace(entry, archives=archives))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    try:
        first = load("kmnist", "train", tmp_path / "data")
        np.testing.assert_array_equal(first.examples, arrays["train-images-idx3-ubyte.gz"][:50, ..., None])
    finally:
        server.shutdown()
        server.server_close()
    assert load("kmnist", "train", tmp_path / "data").fingerprint == first.fingerprint  # without the server


def test_files_without_an_image_are_refused(tmp_path):
    folder = tmp_path / "kmnist"
    folder.mkdir()
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(np.zeros((0, 28, 28), np.uint8)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.zeros(0, np.uint8)))
    with pytest.raises(GancliError, match=r"do not hold images of 28x28x1 with one of 10 classes each\.$"):
        load("kmnist", "train", tmp_path)
