"""TensorFlow Datasets without TensorFlow: prepared folders, and its checksummed downloads.

TFDS's own builders of these sets need TensorFlow to unpack and encode; reading what they prepared (as array_record)
does not, and neither does the download manager. So gancli reads prepared folders through TFDS, and otherwise lets TFDS
fetch the original archives, which gancli reads itself in their original order.
"""

import contextlib
import importlib
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from gancli.data.kinds import ImageArchives
from gancli.errors import GancliError, first_line

READ_AT_ONCE = 1000  # records, of which only the labels are kept
DOWNLOAD_RETRIES = 1  # TFDS's own 10, with growing pauses, take minutes to say that there is no network


def _tfds() -> ModuleType:
    for chatty in ("absl", "urllib3"):  # notices about OpenCV and about retries; failures arrive as exceptions
        logging.getLogger(chatty).setLevel(logging.ERROR)
    return importlib.import_module("tensorflow_datasets")


def read_prepared(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Read images uint8 ``[N, H, W, C]`` and labels int32 ``[N]`` of a prepared folder, in the order of its records.

    Raises:
        GancliError: the folder's file format needs TensorFlow, or it cannot be read.
    """
    with _reading(folder, "point --data-dir at the original archives"):
        source = _tfds().builder_from_directory(str(folder)).as_data_source(part)
        records = source.__getitems__(range(len(source)))
        images = np.stack([record["image"] for record in records])
        return images, np.array([record["label"] for record in records], np.int32)


Encoded = tuple[str, str, Callable[[], bytes]]  # a name, a class (empty: none), and what reads the image's file


def encoded_images(folder: Path) -> tuple[list[Encoded], tuple[str, ...]]:
    """Return every image of a prepared folder, of all its splits, and notes on what is not used.

    Its class is the record's ``label``, or the only class label of another name.

    Raises:
        GancliError: its records have no image or several, its format needs TensorFlow, or it cannot be read.
    """
    with _reading(folder, "give its images as a folder"):
        tfds = _tfds()
        builder = tfds.builder_from_directory(str(folder))
        features = dict(builder.info.features)
    images = [name for name, feature in features.items() if isinstance(feature, tfds.features.Image)]
    labels = [name for name, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    if len(images) != 1:
        raise GancliError(f"each record of '{folder}' must have one image, and it has {len(images)}.")
    (image,), label = images, "label" if "label" in labels else labels[0] if len(labels) == 1 else None
    found: list[Encoded] = []
    for split in sorted(builder.info.splits):
        with _reading(folder, "give its images as a folder"):
            source = builder.as_data_source(split, decoders={image: tfds.decode.SkipDecoding()})
            for start in range(0, len(source), READ_AT_ONCE):
                rows = range(start, min(start + READ_AT_ONCE, len(source)))
                for row, record in zip(rows, source.__getitems__(rows), strict=True):
                    name = features[label].int2str(int(record[label])) if label and record[label] >= 0 else ""
                    found.append((f"{split}/{row:08d}", name, partial(_encoded, source, row, image)))
    unused = sorted(name for name in labels if name != label)
    return found, (f"class labels in '{folder}' that are not used: {', '.join(unused)}",) if unused else ()


def _encoded(source: Sequence[Mapping[str, Any]], row: int, image: str) -> bytes:
    try:
        return source[row][image]
    except Exception as error:
        raise GancliError(f"the record cannot be read ({first_line(error)})") from None


@contextlib.contextmanager
def _reading(folder: Path, cure: str) -> Iterator[None]:
    try:
        yield
    except (NotImplementedError, ModuleNotFoundError):
        raise GancliError(
            f"{folder} is prepared in a file format that only TensorFlow reads. "
            f"Prepare it with file_format='array_record', or {cure}."
        ) from None
    except Exception as error:
        raise GancliError(f"cannot read the prepared data set {folder}: {first_line(error)}.") from None


def download(entry: ImageArchives, name: str, data_dir: Path) -> dict[str, Path]:
    """Fetch the original archives into ``data_dir/downloads`` (once) and return them by file name.

    Raises:
        GancliError: they cannot be had; the message names what to do instead.
    """
    files = ", ".join(archive.filename for archive in entry.archives)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            tfds = _tfds()
            downloader: Any = importlib.import_module("tensorflow_datasets.core.download.downloader")
            downloader.MAX_RETRIES = DOWNLOAD_RETRIES
            tfds.disable_progress_bar()
            manager = tfds.download.DownloadManager(download_dir=data_dir / "downloads", dataset_name=name)
            return {archive.filename: Path(manager.download(archive.url)) for archive in entry.archives}
    except Exception as error:
        raise GancliError(
            f"data set '{name}' is not in {data_dir} and cannot be downloaded ({first_line(error)}). "
            f"Either put {files} into {data_dir / name} (from {entry.archives[0].url.rpartition('/')[0]}/), "
            f"or give --data-dir a folder where TensorFlow Datasets prepared it, "
            f"or use 'digits', which needs no download."
        ) from None
