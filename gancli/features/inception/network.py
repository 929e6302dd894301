"""Inception-v3 as the FID literature uses it: the TensorFlow network of 2015-12-05.

Szegedy et al. 2016 ("Rethinking the Inception Architecture"), with the three places in which TensorFlow's graph differs
from later ones: average pooling leaves the padding out of its mean, the last block pools by maximum, and there are 1008
outputs. Images come in as uint8 and are enlarged to 299 x 299 the way TensorFlow 1 did it.

Attributes bear the names of the published file in lower case, so that weights find their place by name.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.errors import GancliError
from gancli.features.inception import weights as inception_weights
from gancli.features.outputs import Outputs

SIZE = 299
NUM_FEATURES = 2048
NUM_CLASSES = 1008
VARIANCE_EPSILON = 1e-3  # of the batch normalizations


def resize_matrix(size: int) -> np.ndarray:
    """Return the matrix ``[299, size]`` of TensorFlow 1's bilinear resize along one axis.

    Output pixel i looks at ``i * size / 299`` (the corner of its square, not the middle), between the pixels before and
    after; there is no smoothing when an image is made smaller. Weights are computed in float32, as TensorFlow did.
    """
    places = np.arange(SIZE, dtype=np.float32) * np.float32(size / SIZE)
    before = np.floor(places).astype(np.int64)
    after = np.minimum(before + 1, size - 1)
    share = places - before.astype(np.float32)
    matrix = np.zeros((SIZE, size), np.float32)
    np.add.at(matrix, (np.arange(SIZE), before), 1 - share)
    np.add.at(matrix, (np.arange(SIZE), after), share)
    return matrix


def prepare(images: jax.Array) -> jax.Array:
    """Map images uint8 ``[B, H, W, C]`` to the network's input ``[B, 299, 299, 3]`` in [-1, 1); gray becomes RGB."""
    _, height, width, channels = images.shape
    rows, columns = resize_matrix(height), resize_matrix(width)
    pixels = images.astype(jnp.float32)
    pixels = jnp.einsum("yh,bhwc->bywc", rows, pixels, precision="highest")
    pixels = jnp.einsum("xw,bywc->byxc", columns, pixels, precision="highest")
    return jnp.broadcast_to((pixels - 128) / 128, (*pixels.shape[:3], 3)) if channels == 1 else (pixels - 128) / 128


class Conv(nnx.Module):
    """``[B, H, W, in_channels]`` to ``[B, H', W', out_channels]``: convolution, bias, ReLU.

    The published batch normalization is a scale and a shift by constants; it is folded into kernel and bias.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: tuple[int, int] = (1, 1),
        *,
        stride: int = 1,
        padding: str = "SAME",
        rngs: nnx.Rngs,
    ):
        # On a CPU, XLA needs three times as long for a convolution without padding as for one with it.
        self.cropped = padding == "VALID" and stride == 1
        padding = "SAME" if self.cropped else padding
        self.conv = nnx.Conv(in_channels, out_channels, kernel, stride, padding=padding, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.conv(x)
        return nnx.relu(x[:, 1:-1, 1:-1] if self.cropped else x)


def _average(x: jax.Array) -> jax.Array:
    return nnx.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=False)


def _largest(x: jax.Array) -> jax.Array:
    """Return the maxima of 3 x 3 pixels, every second one; by rows, then columns: nine times as fast on a CPU."""
    height, width = (size - 2 for size in x.shape[1:3])  # places of the window
    x = functools.reduce(jnp.maximum, [x[:, row : row + height : 2] for row in range(3)])
    return functools.reduce(jnp.maximum, [x[:, :, column : column + width : 2] for column in range(3)])


def _join(*branches: jax.Array) -> jax.Array:
    return jnp.concatenate(branches, axis=-1)


class BlockA(nnx.Module):
    """Branches of 1x1, 5x5, two 3x3 and a pool at 35 x 35."""

    def __init__(self, size: int, pooled: int, *, rngs: nnx.Rngs):
        self.branch1x1 = Conv(size, 64, rngs=rngs)
        self.branch5x5_1 = Conv(size, 48, rngs=rngs)
        self.branch5x5_2 = Conv(48, 64, (5, 5), rngs=rngs)
        self.branch3x3dbl_1 = Conv(size, 64, rngs=rngs)
        self.branch3x3dbl_2 = Conv(64, 96, (3, 3), rngs=rngs)
        self.branch3x3dbl_3 = Conv(96, 96, (3, 3), rngs=rngs)
        self.branch_pool = Conv(size, pooled, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return _join(self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), double, self.branch_pool(_average(x)))


class BlockB(nnx.Module):
    """From 35 x 35 to 17 x 17."""

    def __init__(self, size: int, *, rngs: nnx.Rngs):
        self.branch3x3 = Conv(size, 384, (3, 3), stride=2, padding="VALID", rngs=rngs)
        self.branch3x3dbl_1 = Conv(size, 64, rngs=rngs)
        self.branch3x3dbl_2 = Conv(64, 96, (3, 3), rngs=rngs)
        self.branch3x3dbl_3 = Conv(96, 96, (3, 3), stride=2, padding="VALID", rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return _join(self.branch3x3(x), self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))), _largest(x))


class BlockC(nnx.Module):
    """Branches of 7x7 taken apart into rows and columns, at 17 x 17."""

    def __init__(self, size: int, inner: int, *, rngs: nnx.Rngs):
        row, column = (1, 7), (7, 1)
        self.branch1x1 = Conv(size, 192, rngs=rngs)
        self.branch7x7_1 = Conv(size, inner, rngs=rngs)
        self.branch7x7_2 = Conv(inner, inner, row, rngs=rngs)
        self.branch7x7_3 = Conv(inner, 192, column, rngs=rngs)
        self.branch7x7dbl_1 = Conv(size, inner, rngs=rngs)
        self.branch7x7dbl_2 = Conv(inner, inner, column, rngs=rngs)
        self.branch7x7dbl_3 = Conv(inner, inner, row, rngs=rngs)
        self.branch7x7dbl_4 = Conv(inner, inner, column, rngs=rngs)
        self.branch7x7dbl_5 = Conv(inner, 192, row, rngs=rngs)
        self.branch_pool = Conv(size, 192, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return _join(self.branch1x1(x), once, twice, self.branch_pool(_average(x)))


class BlockD(nnx.Module):
    """From 17 x 17 to 8 x 8."""

    def __init__(self, size: int, *, rngs: nnx.Rngs):
        self.branch3x3_1 = Conv(size, 192, rngs=rngs)
        self.branch3x3_2 = Conv(192, 320, (3, 3), stride=2, padding="VALID", rngs=rngs)
        self.branch7x7x3_1 = Conv(size, 192, rngs=rngs)
        self.branch7x7x3_2 = Conv(192, 192, (1, 7), rngs=rngs)
        self.branch7x7x3_3 = Conv(192, 192, (7, 1), rngs=rngs)
        self.branch7x7x3_4 = Conv(192, 192, (3, 3), stride=2, padding="VALID", rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return _join(self.branch3x3_2(self.branch3x3_1(x)), self.branch7x7x3_4(seven), _largest(x))


class BlockE(nnx.Module):
    """Branches that end in a row beside a column, at 8 x 8; the last of the two pools by maximum."""

    def __init__(self, size: int, *, largest: bool, rngs: nnx.Rngs):
        row, column = (1, 3), (3, 1)
        self.branch1x1 = Conv(size, 320, rngs=rngs)
        self.branch3x3_1 = Conv(size, 384, rngs=rngs)
        self.branch3x3_2a = Conv(384, 384, row, rngs=rngs)
        self.branch3x3_2b = Conv(384, 384, column, rngs=rngs)
        self.branch3x3dbl_1 = Conv(size, 448, rngs=rngs)
        self.branch3x3dbl_2 = Conv(448, 384, (3, 3), rngs=rngs)
        self.branch3x3dbl_3a = Conv(384, 384, row, rngs=rngs)
        self.branch3x3dbl_3b = Conv(384, 384, column, rngs=rngs)
        self.branch_pool = Conv(size, 192, rngs=rngs)
        self.largest = largest

    def __call__(self, x: jax.Array) -> jax.Array:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = nnx.max_pool(x, (3, 3), (1, 1), "SAME") if self.largest else _average(x)
        return _join(
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(pooled),
        )


class InceptionV3(nnx.Module):
    """Prepared images ``[B, 299, 299, 3]`` to 2048 pooled features and 1008 logits.

    The logits leave the last layer's bias out, as the first Inception scores did (Salimans et al. 2016, their code).
    """

    def __init__(self, *, rngs: nnx.Rngs):
        self.conv2d_1a_3x3 = Conv(3, 32, (3, 3), stride=2, padding="VALID", rngs=rngs)
        self.conv2d_2a_3x3 = Conv(32, 32, (3, 3), padding="VALID", rngs=rngs)
        self.conv2d_2b_3x3 = Conv(32, 64, (3, 3), rngs=rngs)
        self.conv2d_3b_1x1 = Conv(64, 80, rngs=rngs)
        self.conv2d_4a_3x3 = Conv(80, 192, (3, 3), padding="VALID", rngs=rngs)
        self.mixed_5b = BlockA(192, 32, rngs=rngs)
        self.mixed_5c = BlockA(256, 64, rngs=rngs)
        self.mixed_5d = BlockA(288, 64, rngs=rngs)
        self.mixed_6a = BlockB(288, rngs=rngs)
        self.mixed_6b = BlockC(768, 128, rngs=rngs)
        self.mixed_6c = BlockC(768, 160, rngs=rngs)
        self.mixed_6d = BlockC(768, 160, rngs=rngs)
        self.mixed_6e = BlockC(768, 192, rngs=rngs)
        self.mixed_7a = BlockD(768, rngs=rngs)
        self.mixed_7b = BlockE(1280, largest=False, rngs=rngs)
        self.mixed_7c = BlockE(NUM_FEATURES, largest=True, rngs=rngs)
        self.fc = nnx.Linear(NUM_FEATURES, NUM_CLASSES, use_bias=False, rngs=rngs)

    def __call__(self, x: jax.Array) -> Outputs:
        x = self.conv2d_2b_3x3(self.conv2d_2a_3x3(self.conv2d_1a_3x3(x)))
        x = self.conv2d_4a_3x3(self.conv2d_3b_1x1(_largest(x)))
        x = self.mixed_5d(self.mixed_5c(self.mixed_5b(_largest(x))))
        x = self.mixed_6c(self.mixed_6b(self.mixed_6a(x)))
        x = self.mixed_6e(self.mixed_6d(x))
        x = self.mixed_7c(self.mixed_7b(self.mixed_7a(x)))
        features = x.mean(axis=(1, 2))
        return Outputs(features, self.fc(features))


def identity(weights: Path) -> str:
    """Return what to call the features of these weights: ``inception-v3`` for the published file.

    Any other file is told apart by its content: its numbers are comparable with nobody else's.
    """
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "inception-v3" if digest == inception_weights.SHA256 else f"inception-v3 with weights {digest[:12]}"


@functools.cache
def layout() -> tuple[nnx.GraphDef, Any]:
    """Return the network's graph and its parameters' shapes, a nested dictionary; found once, in a second or two."""
    graph, params = nnx.split(nnx.eval_shape(lambda: InceptionV3(rngs=nnx.Rngs(0))))
    return graph, nnx.to_pure_dict(params)


def parameters(tensors: Mapping[str, np.ndarray]) -> Any:
    """Arrange the tensors of the published file as the network's parameters, batch normalizations folded in.

    Args:
        tensors: by the names of the file: ``Mixed_5b.branch1x1.conv.weight`` ``[out, in, height, width]`` and so on.

    Raises:
        GancliError: one is missing or has another shape; the message names it.
    """

    def find(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name not in by_name:
            raise GancliError(f"these are not the weights of Inception-v3: '{name}' is missing.")
        if by_name[name].shape != shape:
            found, wanted = (list(sizes) for sizes in (by_name[name].shape, shape))
            raise GancliError(f"these are not FID's weights of Inception-v3: '{name}' is {found}, expected {wanted}.")
        return by_name[name].astype(np.float64)

    def fold(prefix: str, height: int, width: int, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        kernel = find(f"{prefix}.conv.weight", (outputs, inputs, height, width))
        gain, shift, mean, variance = (
            find(f"{prefix}.bn.{part}", (outputs,)) for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + VARIANCE_EPSILON)
        kernel = (kernel * scale[:, None, None, None]).transpose(2, 3, 1, 0)
        return {"kernel": kernel.astype(np.float32), "bias": (shift - mean * scale).astype(np.float32)}

    def fill(tree: Any, prefix: str) -> Any:
        if "conv" in tree:
            return {"conv": fold(prefix, *tree["conv"]["kernel"].shape)}
        return {name: fill(branch, f"{prefix}.{name}") for name, branch in tree.items()}

    by_name = {name.lower(): value for name, value in tensors.items()}
    _, shapes = layout()
    folded = {name: fill(branch, name) for name, branch in shapes.items() if name != "fc"}
    kernel = find("fc.weight", (NUM_CLASSES, NUM_FEATURES)).T.astype(np.float32)
    return folded | {"fc": {"kernel": kernel}}
