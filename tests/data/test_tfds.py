"""Image sets that TensorFlow Datasets prepared, by name and by folder, without TensorFlow."""

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from gancli.data.images.decode import Framing
from gancli.data.load import load
from gancli.data.tfds import encoded_images
from gancli.errors import GancliError
from tests.conftest import tiny


def picture(index):
    return np.random.default_rng(index).integers(0, 256, (8, 8, 3), np.uint8)


class Flowers(tfds.core.GeneratorBasedBuilder):
    """Forty small pictures of two classes in two splits."""

    VERSION = tfds.core.Version("2.1.1")

    def _info(self):
        label = tfds.features.ClassLabel(names=["rose", "tulip"])
        features = {"image": tfds.features.Image(shape=(None, None, 3)), "label": label, "id": tfds.features.Text()}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 30), "test": self._generate_examples(30, 40)}

    def _generate_examples(self, first, last):
        for index in range(first, last):
            yield index, {"image": Image.fromarray(picture(index)), "label": index % 2, "id": str(index)}


class Poses(tfds.core.GeneratorBasedBuilder):
    """Two class labels a record, none of which is called label."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {name: tfds.features.ClassLabel(names=["a", "b"]) for name in ("pose", "person")}
        features |= {"image": tfds.features.Image(shape=(8, 8, 3))}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        yield 0, {"image": Image.fromarray(picture(0)), "pose": 0, "person": 1}


class Pairs(tfds.core.GeneratorBasedBuilder):
    """Two pictures a record."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {"left": tfds.features.Image(shape=(8, 8, 3)), "right": tfds.features.Image(shape=(8, 8, 3))}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        yield 0, {"left": Image.fromarray(picture(0)), "right": Image.fromarray(picture(1))}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    for builder in (Flowers, Poses, Pairs):
        builder(data_dir=folder, file_format="array_record").download_and_prepare()
    return folder


def test_every_image_of_every_split_has_its_bytes_and_its_class(data_dir):
    found, notes = encoded_images(data_dir / "flowers" / "2.1.1")
    assert len({name for name, _, _ in found}) == 40
    assert sum(name.startswith("test/") for name, _, _ in found) == 10
    assert [label for _, label, _ in found].count("rose") == 20
    assert all(read().startswith(b"\x89PNG") for _, _, read in found)
    assert notes == ()


def test_a_prepared_folder_is_your_images(data_dir):
    parts = [load(str(data_dir / "flowers" / "2.1.1"), split, None, Framing(8)) for split in ("train", "validation")]
    assert [len(part) for part in parts] == [36, 2]
    assert parts[0].classes == ("rose", "tulip")
    known = {picture(index).tobytes(): index % 2 for index in range(40)}
    for part in parts:
        assert [known[image.tobytes()] for image in part.examples] == part.labels.tolist()


def test_it_is_trained_on_by_its_name(gancli, tmp_path, data_dir):
    command = ("train", "flowers", "--data-dir", data_dir, "--outdir", tmp_path / "run", "--conditional")
    code, _, err = gancli(
        *command, *tiny(model="mlp", steps=10, sample_every=10, evaluate_every=0, batch_size=8, augment="cutout")
    )
    assert (code, err) == (0, "")
    code, out, _ = gancli("data", "check", data_dir / "flowers" / "2.1.1")
    assert code == 0
    assert "40" in out
    code, _, err = gancli("train", "roses", "--data-dir", data_dir)
    assert (code, err.split(".")[0]) == (2, "error: unknown data set 'roses'")


def test_class_labels_that_are_not_used_are_said(data_dir):
    folder = data_dir / "poses" / "1.0.0"
    found, notes = encoded_images(folder)
    assert [label for _, label, _ in found] == [""]
    assert notes == (f"class labels in '{folder}' that are not used: person, pose",)


def test_records_of_several_images_are_refused(data_dir):
    with pytest.raises(GancliError, match="must have one image, and it has 2"):
        encoded_images(data_dir / "pairs" / "1.0.0")


def test_a_format_that_needs_tensorflow_is_said(data_dir, tmp_path):
    folder = tmp_path / "flowers"
    folder.mkdir()
    for file in (data_dir / "flowers" / "2.1.1").iterdir():
        (folder / file.name).write_bytes(file.read_bytes().replace(b"array_record", b"tfrecord"))
    with pytest.raises(GancliError, match=r"only TensorFlow reads\. Prepare it with file_format='array_record', or"):
        encoded_images(folder)


def test_a_prepared_folder_of_another_set_is_refused(data_dir):
    other = data_dir / "flowers" / "2.1.1"
    with pytest.raises(GancliError) as error:
        load("cifar10", "train", other)
    assert str(error.value) == (
        f"{other} does not hold cifar10: its images are 8x8x3 with labels from 0 to 1, expected 32x32x3 of 10 classes. "
        "Give another --data-dir."
    )
    with pytest.raises(GancliError, match=r"cannot read the prepared data set .*poses.*: KeyError: 'label'\.$"):
        load("cifar10", "train", data_dir / "poses" / "1.0.0")
