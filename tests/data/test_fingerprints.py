"""What resumed runs compare: the same data must have the same SHA-256 in every version of gancli."""

import numpy as np
import pytest
from PIL import Image

from gancli.data.images.decode import Framing
from gancli.data.load import load

OF_SETS = {
    ("digits", "train"): "c7202e401954423fe0b63d3dd06c8b514c3154945465716e1aa0033e7eb7b129",
    ("digits", "validation"): "a641526a786173751f47fcea9d3f0ba9c2f876f187dd89afddc017e111088006",
    ("digits", "test"): "ac1feeb944ad85188cdb65f5d656ee9db30e2bd48ccd19c1b449c0b2f16a8da3",
    ("gaussian", "train"): "f4e17d64cb26d88f95adc530dfcb564f6e9d9fa578561eb497b885f589ee97a9",
    ("gaussian", "validation"): "22642fa4ced833949b806f21530c1d97c639556ddd401f4e3160ed1664fbde1d",
    ("gaussian", "test"): "197bb0ff965925d92f7f8a08ebe8edc0641da68149340fb8bd1f576bc0fcdebd",
    ("ring", "train"): "0cb58e0933db123d5b05e83ce18bf4626f5253b69104830b9fc878680e1bbbc0",
    ("ring", "validation"): "51751d1c200a23b210b589727221fdfb1f2468e0165121d29b187c16974019f4",
    ("ring", "test"): "01b42ad4f90240a896ef1b62b618d8937032e37033370ed38fbaadcf169df32f",
    ("grid", "train"): "6407138e4a58d5efd1d2f2d02707a87e5f5ba4f9539d8ec543a14d36b368e2e5",
    ("grid", "validation"): "6b1b5e662a8c0202d46c4de7db184efacbea8b6b302a4628c8291dc451850928",
    ("grid", "test"): "afde18a8982e8988243c4e9012265e6fbc0aa90412297988b94b1c369021999b",
}
OF_IMAGES = {
    (Framing(), "train"): "c178177f1ed8855fec6a7897d4bb4755d9866704c46c94aadd963eac9a0d2fd2",
    (Framing(), "test"): "7a27255ce0085797463507146a7ebce65f6e47944c64a36373f0a5d6eb0e790b",
    (Framing(10, "random"), "train"): "a11ebce70b43690081d59ee96ca8a23e31802a3c8665cf4836eaa1c57cf19d69",
    (Framing(10, "random"), "test"): "4031f269573c340614473d966b09bb3f50fdfdc62e9b13b0b8b463a560dfa861",
    (Framing(8, "none", "1"), "train"): "b895cf2af45d269ed04a59f994bf7d3c7aa8e6dd7b8f1bd38b130155398ed06e",
    (Framing(8, "none", "1"), "test"): "c0a60785aad91989b8e39691a277ab0c4d21d0b69175dd4858cb81bb3a285fdb",
    (Framing(12, "center", "4"), "train"): "70261979ec48f17c2a13911f5d85c7d85a86e22d799fbf7abb49861e4837fc17",
    (Framing(12, "center", "4"), "test"): "31fdc98896037d9bdeb8e587b88eb0d4625793b16f84bfadc30b0254bd31951a",
}
OF_CLASSES = {  # of the images, and of their labels
    "train": (
        "6224578a05d476583407de1470a847d8ba42db8b6a73d7b72eb758ec51fbc1f9",
        "2771f802db2410e88e5a653144d53ee7b792aa450efff0de264b7cd76f501290",
    ),
    "validation": (
        "e037b8de59db721fd27c0bc3b011e3e2d0f991384bb5d8435bf5cefa08910158",
        "a2f5eb3a78b218766ef50cfa1a32984659da4b1306f69e487ad6421419262d21",
    ),
    "test": (
        "517c4b0fa6865990567c7f937e1d5cb3622e6b20d60afb2c6d24f233d8a3d368",
        "1e21bd01290e11e407fc3f0d7db07626dc8e7c0b8e332bc0de413e6b0deae958",
    ),
}


def bitmaps(root, place):
    """Write 50 images, whose bytes depend on no version of a library, each into a folder."""
    for index in range(50):
        path = root / place(index) / f"{index:03d}.bmp"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.random.default_rng(index).integers(0, 256, (12, 10, 3), np.uint8)).save(path)
    return str(root)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images without classes."""
    return bitmaps(tmp_path_factory.mktemp("images"), lambda index: ".")


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Images of two classes."""
    return bitmaps(tmp_path_factory.mktemp("classes"), lambda index: "cats" if index % 3 else "dogs")


@pytest.mark.parametrize(("name", "split"), OF_SETS)
def test_data_sets_of_the_catalog(name, split):
    assert load(name, split).fingerprint == OF_SETS[name, split]


@pytest.mark.parametrize(("framing", "split"), OF_IMAGES)
def test_a_folder_of_images(folder, framing, split):
    assert load(folder, split, framing=framing).fingerprint == OF_IMAGES[framing, split]


@pytest.mark.parametrize("split", OF_CLASSES)
def test_a_folder_with_classes(classes, split):
    found = load(classes, split)
    assert (found.fingerprint, found.labels_fingerprint) == OF_CLASSES[split]
