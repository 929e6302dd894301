"""What is asked of a whole data set, of one that is mapped from a file and larger than what may be in memory."""

import tracemalloc

import numpy as np
import pytest

from gancli.data.load import Dataset
from gancli.imaging.contrast import Contrast

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """256 MiB of images; their file has no blocks on disk but for the last image."""
    path = tmp_path_factory.mktemp("mapped") / "images.npy"
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (4096, 256, 256, 1))
    images[-1] = 255
    images.flush()
    return Dataset("mapped", "train", np.load(path, mmap_mode="r"), np.zeros(len(images), np.int32), ("all",))


@pytest.mark.parametrize(
    "look",
    [Dataset.mean, lambda dataset: dataset.fingerprint, lambda dataset: Contrast.fit(55.0, dataset.examples)],
    ids=["mean", "fingerprint", "contrast"],
)
def test_no_look_at_all_of_the_data_takes_it_into_memory(mapped, look):
    tracemalloc.start()
    try:
        look(mapped)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEBIBYTE


def test_the_fingerprint_is_that_of_the_whole_content_in_any_layout(mapped):
    import hashlib

    part = mapped.examples[-1001:]
    expected = hashlib.sha256(b"(1001, 256, 256, 1) uint8" + part.tobytes()).hexdigest()
    assert Dataset("part", "train", part, mapped.labels, ("all",)).fingerprint == expected
    other = np.asfortranarray(part)
    assert Dataset("part", "train", other, mapped.labels, ("all",)).fingerprint == expected
