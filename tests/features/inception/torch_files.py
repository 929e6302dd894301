"""Files as ``torch.save`` writes them, written without PyTorch, and random weights for Inception-v3."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from unittest import mock

import numpy as np

from gancli.features.inception import network as inception


def _stand_in(module: str, name: str) -> type:
    return type(name, (), {"__module__": module, "__qualname__": name})


STORAGES = {dtype: _stand_in("torch", name) for name, dtype in (("FloatStorage", "<f4"), ("LongStorage", "<i8"))}


def _rebuild_tensor_v2():
    """Stand in for PyTorch's function of this name: only the name is written."""


_rebuild_tensor_v2.__module__ = "torch._utils"
MODULES = {
    "torch": types.SimpleNamespace(**{kind.__name__: kind for kind in STORAGES.values()}),
    "torch._utils": types.SimpleNamespace(_rebuild_tensor_v2=_rebuild_tensor_v2),
}


class _Storage:
    def __init__(self, key: str, data: np.ndarray):
        self.key, self.data = key, data


class _Tensor:
    def __init__(self, storage: _Storage):
        self.storage = storage

    def __reduce__(self):
        data = self.storage.data
        strides = tuple(step // data.itemsize for step in data.strides)
        return _rebuild_tensor_v2, (self.storage, 0, data.shape, strides, False, OrderedDict())


class _Pickler(pickle.Pickler):
    legacy = False

    def persistent_id(self, obj):
        if not isinstance(obj, _Storage):
            return None
        kind = STORAGES[obj.data.dtype.str]
        return ("storage", kind, obj.key, "cpu", obj.data.size, *([None] if self.legacy else []))


def _pickled(value: object, *, legacy: bool) -> bytes:
    buffer = io.BytesIO()
    with mock.patch.dict(sys.modules, MODULES):
        pickler = _Pickler(buffer, protocol=2)
        pickler.legacy = legacy
        pickler.dump(value)
    return buffer.getvalue()


def write_torch_file(path: Path, tensors: dict[str, np.ndarray], *, legacy: bool = False) -> None:
    """Write tensors as ``torch.save`` does: as a zip archive, or as PyTorch before 1.6 did."""
    storages = [_Storage(str(index), np.array(data, order="C")) for index, data in enumerate(tensors.values())]
    index = OrderedDict((name, _Tensor(storage)) for name, storage in zip(tensors, storages, strict=True))
    content = _pickled(index, legacy=legacy)
    if not legacy:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
            archive.writestr("archive/byteorder", "little")
            for storage in storages:
                archive.writestr(f"archive/data/{storage.key}", storage.data.tobytes())
            archive.writestr("archive/version", "3\n")
        return
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = [pickle.dumps(part, protocol=2) for part in (0x1950A86A20F9469CFC6C, 1001, system)]
    keys = pickle.dumps([storage.key for storage in storages], protocol=2)
    numbers = [storage.data.size.to_bytes(8, "little") + storage.data.tobytes() for storage in storages]
    path.write_bytes(b"".join([*head, content, keys, *numbers]))


def random_inception_tensors(seed: int = 0) -> dict[str, np.ndarray]:
    """Return seeded random weights by the names, and of the shapes, of the published file."""
    rng = np.random.default_rng(seed)
    tensors = {}

    def visit(tree: dict, prefix: str) -> None:
        if "conv" in tree:
            height, width, inputs, outputs = tree["conv"]["kernel"].shape
            scale = np.float32((2 / (height * width * inputs)) ** 0.5)
            tensors[f"{prefix}.conv.weight"] = scale * rng.standard_normal((outputs, inputs, height, width), np.float32)
            tensors[f"{prefix}.bn.weight"] = rng.uniform(0.8, 1.2, outputs).astype(np.float32)
            tensors[f"{prefix}.bn.bias"] = rng.uniform(-0.2, 0.2, outputs).astype(np.float32)
            tensors[f"{prefix}.bn.running_mean"] = rng.uniform(-0.2, 0.2, outputs).astype(np.float32)
            tensors[f"{prefix}.bn.running_var"] = rng.uniform(0.5, 1.5, outputs).astype(np.float32)
            tensors[f"{prefix}.bn.num_batches_tracked"] = np.array(1)
            return
        for name, branch in tree.items():
            name = name if prefix else name[0].upper() + name[1:]
            visit(branch, f"{prefix}.{name}" if prefix else name)

    _, shapes = inception.layout()
    visit({name: branch for name, branch in shapes.items() if name != "fc"}, "")
    tensors["fc.weight"] = rng.standard_normal((1008, 2048), np.float32) * np.float32(0.03)
    tensors["fc.bias"] = rng.standard_normal(1008, np.float32)
    return tensors


def images_for_inception() -> dict[str, np.ndarray]:
    """Return seeded uint8 images of several sizes, one gray: enlarged, kept and made smaller."""
    rng = np.random.default_rng(1)
    shapes = {"cifar": (2, 32, 32, 3), "mnist": (1, 28, 28, 1), "same": (1, 299, 299, 3), "wide": (1, 200, 400, 3)}
    images = {}
    for name, (count, height, width, channels) in shapes.items():
        coarse = rng.integers(0, 256, (count, -(-height // 4), -(-width // 4), channels), dtype=np.uint8)
        images[name] = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]
    return images
