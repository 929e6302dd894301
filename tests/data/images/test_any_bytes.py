"""Whatever the bytes of a file are, it is read or refused with one line: no other exception gets out."""

import gzip
import io
import json
import pickle
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from gancli.data.archives import parse_cifar, parse_idx
from gancli.data.cifar_batches import parse_batch
from gancli.data.images.arrays import read_images
from gancli.data.images.classes import find_labels
from gancli.data.images.decode import CHANNEL_MODES, check_pixels, decode, num_frames, open_image, upright_size
from gancli.data.images.find import find_images
from gancli.errors import GancliError
from gancli.features.cache import _read
from gancli.files import read_arrays
from tests.data.archives import cifar_records, idx
from tests.storm.damage import damaged, leaves, times

FORMS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "TGA", "QOI", "MPO")
PLACE = Path("somewhere")
bounded = times(120)


@cache
def whole_images():
    """Return small images as each format has them: in color, gray, of several frames, with notes of a camera."""
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    color, gray = Image.fromarray(noise), Image.fromarray(noise[..., 0])
    exif = Image.Exif()
    exif[0x0112], exif[282], exif[271] = 6, 72.0, "a camera"
    found = []
    for form in FORMS:
        for image, options in (
            (color, {"exif": exif}),
            (gray, {}),
            (color, {"save_all": True, "append_images": [color]}),
            *(((gray.convert("I;16"), {}), (gray.convert("I"), {})) if form in ("PNG", "TIFF") else ()),
            *(((color.convert("LAB"), {}), (gray, {"compression": "tiff_lzw"})) if form == "TIFF" else ()),
        ):
            buffer = io.BytesIO()
            try:
                image.save(buffer, form, **options)
            except (OSError, TypeError, ValueError, KeyError):  # a mode that the format has not, or several frames
                continue
            found.append(buffer.getvalue())
    return found


def try_image(content, extension):
    try:
        image = open_image(content, extension)
        check_pixels(image, 10**6)
        width, height = upright_size(image)
        assert num_frames(image) >= 1
        for channels, mode in CHANNEL_MODES.items():
            decoded = decode(open_image(content, extension), channels)
            assert decoded.mode == mode
            assert np.asarray(decoded).dtype == np.uint8
            assert decoded.size == (width, height)
    except GancliError as error:
        assert str(error)  # noqa: PT017 (an error is as right as an image)


@times(600)
@given(damaged(whole_images), st.sampled_from([".png", ".tga"]))
def test_images(content, extension):
    try_image(content, extension)


@bounded
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"II*\0", b"GIF89a", b"\xff\xd8\xff", b"P6 "])
)
def test_images_of_any_bytes(content, mark):
    try_image(mark + content, ".tga")


@bounded
@given(st.dictionaries(st.integers(0, 65535), st.integers() | st.text() | st.binary() | st.floats(), max_size=4))
@example({274: 6, 282: "72", 296: 70000})
def test_notes_of_a_camera(tags):
    exif = Image.Exif()
    exif.update(tags)
    exif.setdefault(274, 6)
    try:
        notes = exif.tobytes()
    except Exception:  # of which no file can be made
        return
    for form in ("JPEG", "PNG", "WEBP"):
        buffer = io.BytesIO()
        Image.new("RGB", (8, 6)).save(buffer, form, exif=notes)
        try_image(buffer.getvalue(), ".png")


@cache
def whole_archives():
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for place, name in enumerate(("pets/cats/1.png", "pets/dogs/2.png", "pets/dogs/./3.png")):
                archive.writestr(name, whole_images()[place])
            archive.writestr("pets/labels.csv", "cats/1.png,a\ndogs/2.png,b\ndogs/3.png,b\n")
            archive.writestr("pets/dataset.json", "{}")
            archive.writestr("config.json", "{}")
        found.append(buffer.getvalue())
    return found


@bounded
@given(damaged(whole_archives))
def test_archives(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(content)
        try:
            files = find_images(path).files
        except GancliError:
            return
        for file in files:
            try:
                try_image(file.read(), ".png")
            except GancliError as error:
                assert str(error)  # noqa: PT017 (an error is as right as an image)


@cache
def whole_arrays():
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8)
    found = []
    kinds: list[tuple[Any, dict[str, np.ndarray]]] = [
        (np.save, {"arr": images}),
        (np.save, {"arr": images / 255}),
        (np.save, {"arr": np.array({"mu": 1}, object)}),
        (np.savez, {"images": images, "labels": np.array(["a", "b", "a"])}),
        (np.savez_compressed, {"images": images, "labels": np.array([0, 1, 0]), "class_names": np.array(["a", "b"])}),
    ]
    for save, arrays in kinds:
        buffer = io.BytesIO()
        save(buffer, **arrays)
        found.append(buffer.getvalue())
    return found


@bounded
@given(damaged(whole_arrays), st.sampled_from(["x.npz", "x.npy", "x"]))
def test_files_of_arrays(content, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        for read in (read_images, find_images, lambda path: read_arrays(path, lambda names: names)):
            try:
                read(path)
            except GancliError as error:
                assert str(error)  # noqa: PT017 (an error is as right as an image)
        _read(path, (3, 4), lambda _: None)


NAMES = ["a/1.png", "a/2.png", "b/é.png"]
tables = st.text(st.sampled_from('ab/12.pngé,;\t"\n\r\0=\\ \ufeff'), max_size=60)


@bounded
@given(st.binary(max_size=60) | tables.map(str.encode) | tables.map(lambda text: text.encode("utf-16")))
def test_tables(content):
    readers = {name: lambda: b"" for name in NAMES}
    for table in ("labels.csv", "dataset.json"):
        try:
            found = find_labels(PLACE, readers | {table: lambda: content}, NAMES)
            assert list(found.by_name) == NAMES
        except GancliError as error:
            assert str(error)  # noqa: PT017 (an error is as right as an image)


labels = st.recursive(
    leaves | st.sampled_from(NAMES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@bounded
@given(labels | labels.map(lambda labels: {"labels": labels}) | st.just({"labels": [[name, 1] for name in NAMES]}))
def test_lists_of_labels(content):
    test_tables.hypothesis.inner_test(json.dumps(content).encode())  # type: ignore[attr-defined]


@cache
def whole_originals():
    records, images, labels = cifar_records(2, 0)
    rows = images.transpose(0, 3, 1, 2).reshape(2, -1)
    batch = pickle.dumps({b"data": rows, b"labels": labels.tolist()}, protocol=2)
    return [idx(np.zeros((2, 28, 28), np.uint8)), records, batch, gzip.compress(records)]


@bounded
@given(damaged(whole_originals) | st.binary(max_size=40))
def test_original_files(content):
    for parse in (parse_idx, parse_cifar, parse_batch):
        try:
            parse(content, PLACE)
        except GancliError as error:
            assert str(error)  # noqa: PT017 (an error is as right as an image)
