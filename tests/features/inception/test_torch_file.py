"""Interpretation PyTorch's files: what PyTorch wrote, what it might have written, and what nobody should run."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gancli.errors import GancliError
from gancli.features.inception.torch_file import read_tensors
from tests.features.inception.torch_files import write_torch_file

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("name", ["torch_zip.pth", "torch_legacy.pth"])
def test_what_pytorch_wrote_is_read(name):
    tensors = read_tensors(FIXTURES / name)
    assert list(tensors) == ["transposed", "scalar", "half"]
    np.testing.assert_array_equal(tensors["transposed"], np.arange(6, dtype=np.float32).reshape(2, 3).T)
    assert tensors["scalar"] == 7
    assert tensors["scalar"].dtype == np.int64
    np.testing.assert_array_equal(tensors["half"], np.array([0.5, -2.0], np.float16))


@pytest.mark.parametrize("legacy", [False, True])
def test_what_the_tests_write_is_read(tmp_path, legacy):
    written = {"a": np.arange(12, dtype=np.float32).reshape(3, 4), "b": np.array(5)}
    write_torch_file(tmp_path / "x.pth", written, legacy=legacy)
    read = read_tensors(tmp_path / "x.pth")
    assert list(read) == ["a", "b"]
    for name, value in written.items():
        np.testing.assert_array_equal(read[name], value)


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("owned",)


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_no_code_of_a_file_runs(tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.pth"
    evil = pickle.dumps({"weight": Malicious()}, protocol=2)
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", evil)
    else:
        path.write_bytes(evil)
    with pytest.raises(GancliError) as caught:
        read_tensors(path)
    assert str(caught.value) == (
        f"'{path}' is not a file of PyTorch weights, or damaged: "
        f"it names 'posix.mkdir', which no file of weights needs."
    )
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_cut_short_is_refused(tmp_path, keep, legacy):
    path = tmp_path / "x.pth"
    write_torch_file(path, {"a": np.arange(1000, dtype=np.float32)}, legacy=legacy)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(GancliError, match=r"is not a file of PyTorch weights, or damaged: .+"):
        read_tensors(path)


def test_tensors_that_reach_beyond_their_storage_are_refused(tmp_path):
    path = tmp_path / "x.pth"
    write_torch_file(path, {"a": np.arange(8, dtype=np.float32)})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content[:-4] if name.endswith("data/0") else content)
    with pytest.raises(GancliError, match="a tensor reaches beyond its storage"):
        read_tensors(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("weights")
    with pytest.raises(GancliError, match="is not a file of PyTorch weights"):
        read_tensors(tmp_path / "text")
    with pytest.raises(GancliError, match=r"cannot read .*nowhere: No such file or directory\."):
        read_tensors(tmp_path / "nowhere")
